package report

import "pitwall"

// Cut counts the orders that the volume cap left a tenth or more of unfilled.
type Cut struct {
	Orders        int
	Symbol        string // of the one with the smallest filled share
	Asked, Filled pitwall.Dec
}

// cutOf reads the events of a whole journal: what a later bar still filled is no cut.
func cutOf(events []pitwall.Entry) (c Cut) {
	type order struct {
		symbol      string
		qty, filled pitwall.Dec
		capped      bool
	}
	var ids []string
	orders := map[string]*order{}
	for _, e := range events {
		switch {
		case e.Kind == pitwall.EntryOrder && e.State != nil:
			o, ok := orders[e.State.ID]
			if !ok {
				o = &order{symbol: e.State.Symbol}
				orders[e.State.ID] = o
				ids = append(ids, e.State.ID)
			}
			o.qty = e.State.Qty
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			if o := orders[e.Fill.OrderID]; o != nil {
				o.filled += e.Fill.Qty
				o.capped = o.capped || e.Fill.Capped > 0
			}
		}
	}
	share := func(filled, asked pitwall.Dec) float64 { return filled.Float() / asked.Float() }
	for _, id := range ids {
		o := orders[id]
		if !o.capped || o.qty <= 0 || share(o.filled, o.qty) > 0.9 {
			continue
		}
		if c.Orders++; c.Orders == 1 || share(o.filled, o.qty) < share(c.Filled, c.Asked) {
			c.Symbol, c.Asked, c.Filled = o.symbol, o.qty, o.filled
		}
	}
	return c
}
