package tools

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// Views are what answers show of the vocabulary: short names, times as text in
// the world's zone, numbers exact.

type positionView struct {
	Symbol     string      `json:"symbol"`
	Qty        pitwall.Dec `json:"qty"`
	AvgPrice   pitwall.Dec `json:"avg_price"`
	Last       pitwall.Dec `json:"last"`
	Value      pitwall.Dec `json:"value"`
	Unrealized pitwall.Dec `json:"unrealized"`
	Percent    pitwall.Dec `json:"percent_of_equity"`
	LastTime   string      `json:"last_time"`
}

type orderView struct {
	ID       string            `json:"id"`
	Symbol   string            `json:"symbol"`
	Side     pitwall.Side      `json:"side"`
	Type     pitwall.OrderType `json:"type"`
	Qty      pitwall.Dec       `json:"qty"`
	Limit    pitwall.Dec       `json:"limit,omitempty"`
	Stop     pitwall.Dec       `json:"stop,omitempty"` // as it stands: a trailing stop's moves
	TIF      pitwall.TIF       `json:"tif"`
	Status   pitwall.Status    `json:"status"`
	Filled   pitwall.Dec       `json:"filled"`
	AvgPrice pitwall.Dec       `json:"avg_price,omitempty"`
	Fees     pitwall.Dec       `json:"fees,omitempty"`
	Accepted string            `json:"accepted"`
	Updated  string            `json:"updated"`
	Why      string            `json:"why,omitempty"` // of a rejection, or what the venue changed
	Parent   string            `json:"parent,omitempty"`
	Legs     []string          `json:"legs,omitempty"`
	Group    string            `json:"group,omitempty"`
	GoodTill string            `json:"good_till,omitempty"`
}

type flowView struct {
	Time   string      `json:"time"`
	Type   string      `json:"type"`
	Symbol string      `json:"symbol,omitempty"`
	Qty    pitwall.Dec `json:"qty,omitempty"`
	Each   pitwall.Dec `json:"each,omitempty"`
	Amount pitwall.Dec `json:"amount,omitempty"`
	Pay    string      `json:"pay,omitempty"`
}

type fillView struct {
	Order    string       `json:"order"`
	Symbol   string       `json:"symbol"`
	Side     pitwall.Side `json:"side"`
	Qty      pitwall.Dec  `json:"qty"`
	Price    pitwall.Dec  `json:"price"`
	Fee      pitwall.Dec  `json:"fee"`
	Time     string       `json:"time"`
	Rule     string       `json:"rule"`
	Realized pitwall.Dec  `json:"realized,omitempty"`
	Left     pitwall.Dec  `json:"left_by_volume_share,omitempty"`
}

type barView struct {
	Symbol string      `json:"symbol"`
	Start  string      `json:"start"`
	Open   pitwall.Dec `json:"open"`
	High   pitwall.Dec `json:"high"`
	Low    pitwall.Dec `json:"low"`
	Close  pitwall.Dec `json:"close"`
	Volume float64     `json:"volume"`
}

func viewPositions(w *pitwall.World, a pitwall.Account) []positionView {
	list := make([]positionView, 0, len(a.Positions))
	for _, p := range a.Positions {
		v := positionView{Symbol: p.Symbol, Qty: p.Qty, AvgPrice: meanPrice(p.AvgPrice), Last: p.Last, Value: p.Value, Unrealized: p.Unrealized, LastTime: w.Time(p.LastTime)}
		if a.Equity > 0 {
			if share, err := p.Notional.MulDiv(pitwall.Int(100), a.Equity); err == nil {
				v.Percent = share.Round(2)
			}
		}
		list = append(list, v)
	}
	return list
}

// meanPrice rounds a mean price to four decimals; one under 1 keeps all it has.
func meanPrice(d pitwall.Dec) pitwall.Dec {
	if d.Abs() < pitwall.One {
		return d
	}
	return d.Round(4)
}

func viewOrder(w *pitwall.World, o pitwall.OrderState) orderView {
	v := orderView{ID: o.ID, Symbol: o.Symbol, Side: o.Side, Type: o.Type, Qty: o.Qty, Limit: o.Limit, Stop: o.Trigger, TIF: o.TIF, Status: o.Status, Filled: o.Filled,
		AvgPrice: o.AvgPrice, Fees: o.Fees, Accepted: w.Time(o.Accepted), Updated: w.Time(o.Updated), Parent: o.Parent, Group: o.Group}
	if o.Class == pitwall.OCO {
		v.Type = "oco" // it trades nothing itself: its exits do
	}
	for _, l := range o.Legs {
		v.Legs = append(v.Legs, l.ID)
	}
	if !o.GoodTill.IsZero() {
		v.GoodTill = w.Time(o.GoodTill)
	}
	switch {
	case o.Error == nil && o.Note != "":
		v.Why = o.Note
	case o.Status == pitwall.Expired && o.TIF == pitwall.GTD:
		v.Why = "its good_till passed before it could fill"
	case o.Error != nil:
		v.Why = o.Error.Error()
	case o.Status == pitwall.Expired:
		v.Why = "its session ended before it could fill"
	}
	return v
}

func viewOrders(w *pitwall.World, list []pitwall.OrderState) []orderView {
	views := make([]orderView, 0, len(list))
	for _, o := range list {
		views = append(views, viewOrder(w, o))
	}
	return views
}

func viewFills(w *pitwall.World, list []pitwall.Fill) []fillView {
	views := make([]fillView, 0, len(list))
	for _, f := range list {
		views = append(views, fillView{Order: f.OrderID, Symbol: f.Symbol, Side: f.Side, Qty: f.Qty, Price: f.Price, Fee: f.Fee, Time: w.Time(f.Time), Rule: f.Rule,
			Realized: f.Realized, Left: f.Capped})
	}
	return views
}

// viewFlows are the cash flows since a time, of worlds that can say.
func viewFlows(w *pitwall.World, since time.Time) []flowView {
	views := []flowView{}
	p, ok := w.Clock.(pitwall.SimClock)
	if !ok {
		return views
	}
	for _, f := range p.Flows(since) {
		v := flowView{Time: w.Time(f.Time), Type: f.Type, Symbol: f.Symbol, Qty: f.Qty, Each: f.Each, Amount: f.Amount}
		if !f.Pay.IsZero() {
			v.Pay = w.Time(f.Pay)
		}
		views = append(views, v)
	}
	return views
}

func viewBar(w *pitwall.World, b pitwall.Bar) barView {
	return barView{Symbol: b.Symbol, Start: w.Time(b.Start), Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume}
}

// text builds an answer's text part: key=value pairs on lines and small CSV
// blocks, the cheapest form that models read well.
type text struct{ strings.Builder }

// pairs writes one line of key=value.
func (t *text) pairs(kv ...any) {
	for i := 0; i+1 < len(kv); i += 2 {
		if i > 0 {
			t.WriteByte(' ')
		}
		t.WriteString(kv[i].(string))
		t.WriteByte('=')
		t.value(kv[i+1])
	}
	t.WriteByte('\n')
}

// orBlank returns a price, or an empty text for 0.
func orBlank(d pitwall.Dec) any {
	if d == 0 {
		return ""
	}
	return d
}

// cell writes a CSV field.
func (t *text) cell(v any) {
	if s, ok := v.(string); ok {
		v = Cell(s)
	}
	t.value(v)
}

// Cell returns text as a CSV field: quoted when it holds a comma, a quote or a new
// line.
func Cell(s string) string {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `"`, `""`), "\n", " ") + `"`
}

// block writes a title, a header and rows; "none" when there are no rows.
func (t *text) block(title, header string, rows int, row func(i int) []any) {
	t.WriteString(title)
	if rows == 0 {
		t.WriteString(": none\n")
		return
	}
	t.WriteString(": ")
	t.WriteString(header)
	t.WriteByte('\n')
	for i := range rows {
		for k, c := range row(i) {
			if k > 0 {
				t.WriteByte(',')
			}
			t.cell(c)
		}
		t.WriteByte('\n')
	}
}

func (t *text) value(v any) {
	var buf [32]byte
	switch v := v.(type) {
	case string:
		t.WriteString(v)
	case pitwall.Dec:
		t.Write(v.Append(buf[:0]))
	case int:
		t.Write(strconv.AppendInt(buf[:0], int64(v), 10))
	case bool:
		t.Write(strconv.AppendBool(buf[:0], v))
	case float64:
		t.Write(strconv.AppendFloat(buf[:0], v, 'f', -1, 64))
	default: // a word of the vocabulary: a side, a status, ...
		t.WriteString(reflect.ValueOf(v).String())
	}
}

func (t *text) positions(list []positionView) {
	t.block("positions", "symbol,qty,avg_price,last,value,unrealized,percent_of_equity,last_time", len(list), func(i int) []any {
		p := list[i]
		return []any{p.Symbol, p.Qty, p.AvgPrice, p.Last, p.Value, p.Unrealized, p.Percent, p.LastTime}
	})
}

func (t *text) orders(title string, list []orderView) {
	t.block(title, "id,symbol,side,type,qty,limit,stop,tif,status,filled,avg_price,fees,updated,why", len(list), func(i int) []any {
		o := list[i]
		return []any{o.ID, o.Symbol, o.Side, o.Type, o.Qty, orBlank(o.Limit), orBlank(o.Stop), o.TIF, o.Status, o.Filled, orBlank(o.AvgPrice), o.Fees, o.Updated, o.Why}
	})
}

func (t *text) fills(list []fillView) {
	t.block("fills", "order,symbol,side,qty,price,fee,time,rule,realized,left_by_volume_share", len(list), func(i int) []any {
		f := list[i]
		return []any{f.Order, f.Symbol, f.Side, f.Qty, f.Price, f.Fee, f.Time, f.Rule, f.Realized, f.Left}
	})
}

// flows are written only where there are some: most steps have none.
func (t *text) flows(list []flowView) {
	if len(list) == 0 {
		return
	}
	t.block("cash_flows", "time,type,symbol,qty,each,amount,pay", len(list), func(i int) []any {
		f := list[i]
		return []any{f.Time, f.Type, f.Symbol, f.Qty, f.Each, f.Amount, f.Pay}
	})
}

func (t *text) bars(list []barView) {
	t.block("last_bars", "symbol,start,open,high,low,close,volume", len(list), func(i int) []any {
		b := list[i]
		return []any{b.Symbol, b.Start, b.Open, b.High, b.Low, b.Close, b.Volume}
	})
}

// zoned returns the world's zone.
func zoned(w *pitwall.World) *time.Location {
	if w.Zone == nil {
		return time.UTC
	}
	return w.Zone
}

// parseTime reads a time that a caller gives: RFC 3339, or a date in the
// world's zone.
func parseTime(w *pitwall.World, name, s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, zoned(w)); err == nil {
		return t, nil
	}
	return time.Time{}, pitwall.Errorf(pitwall.InvalidInput, "%s is %q", name, s).Hintf("write 2020-01-31 or 2020-01-31T16:00:00-05:00")
}
