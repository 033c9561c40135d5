package tools

import "pitwall"

// exitView is an exit of an order that was just sent. A percentage becomes a price when
// the entry fills.
type exitView struct {
	ID      string            `json:"id"`
	Type    pitwall.OrderType `json:"type"`
	Limit   pitwall.Dec       `json:"limit,omitempty"`
	Stop    pitwall.Dec       `json:"stop,omitempty"`
	Percent pitwall.Dec       `json:"percent,omitempty"`
	About   pitwall.Dec       `json:"about,omitempty"` // the price if the entry fills at its limit, its stop or, at the market, the last price
}

// viewExits shows the exits of an order with their prices.
func viewExits(o pitwall.OrderState, last pitwall.Dec) (list []exitView) {
	entry := last
	switch o.Type {
	case pitwall.LimitOrder, pitwall.StopLimit:
		entry = o.Limit
	case pitwall.StopOrder:
		entry = o.Stop
	}
	for _, l := range o.Legs {
		v := exitView{ID: l.ID, Type: l.Type(), Limit: l.Limit, Stop: l.Stop, Percent: max(l.Percent, l.TrailPercent)}
		if v.Percent != 0 && entry != 0 {
			var a pitwall.Calc
			away := a.MulDiv(entry.Abs(), v.Percent, pitwall.Int(100))
			if o.GainsUp() == (l.Role == pitwall.StopLoss) {
				away = -away
			}
			v.About = a.Add(entry, away)
		}
		list = append(list, v)
	}
	return list
}

// exits are written only where there are some.
func (t *text) exits(list []exitView) {
	if len(list) == 0 {
		return
	}
	t.block("exits", "id,type,limit,stop,percent,about", len(list), func(i int) []any {
		x := list[i]
		return []any{x.ID, x.Type, orBlank(x.Limit), orBlank(x.Stop), orBlank(x.Percent), orBlank(x.About)}
	})
}
