package alpacafake

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"pitwall"
)

// order is an order as Alpaca shows it. A replaced one stays, frozen; the venue's order
// then belongs to the one that took its place.
type order struct {
	id, client string
	sim        string // the venue's id; of a leg its parent's with the role
	in         pitwall.Instrument
	class      string
	tif        string
	role       pitwall.Role // of a leg
	parent     *order
	legs       []*order
	intent     string
	replaces   string
	replacedBy string
	replacedAt time.Time
	frozen     *pitwall.OrderState // what it was when it was replaced
	rejected   bool                // by a fault
	told       string              // the status that was published last
}

// shape is an order's JSON, the fields of the recorded payloads.
type shape struct {
	ID             string       `json:"id"`
	ClientOrderID  string       `json:"client_order_id"`
	CreatedAt      time.Time    `json:"created_at"`
	UpdatedAt      time.Time    `json:"updated_at"`
	SubmittedAt    time.Time    `json:"submitted_at"`
	FilledAt       *time.Time   `json:"filled_at"`
	ExpiredAt      *time.Time   `json:"expired_at"`
	CanceledAt     *time.Time   `json:"canceled_at"`
	FailedAt       *time.Time   `json:"failed_at"`
	ReplacedAt     *time.Time   `json:"replaced_at"`
	ReplacedBy     *string      `json:"replaced_by"`
	Replaces       *string      `json:"replaces"`
	AssetID        string       `json:"asset_id"`
	Symbol         string       `json:"symbol"`
	AssetClass     string       `json:"asset_class"`
	Notional       *pitwall.Dec `json:"notional"`
	Qty            *string      `json:"qty"`
	FilledQty      string       `json:"filled_qty"`
	FilledAvgPrice *string      `json:"filled_avg_price"`
	OrderClass     string       `json:"order_class"`
	OrderType      string       `json:"order_type"`
	Type           string       `json:"type"`
	Side           string       `json:"side"`
	PositionIntent string       `json:"position_intent,omitempty"`
	TimeInForce    string       `json:"time_in_force"`
	LimitPrice     *string      `json:"limit_price"`
	StopPrice      *string      `json:"stop_price"`
	Status         string       `json:"status"`
	ExtendedHours  bool         `json:"extended_hours"`
	Legs           []shape      `json:"legs"`
	TrailPercent   *string      `json:"trail_percent"`
	TrailPrice     *string      `json:"trail_price"`
	HWM            *string      `json:"hwm"`
	Subtag         *string      `json:"subtag"`
	Source         *string      `json:"source"`
}

// price is a number as text, null when it is 0.
func price(d pitwall.Dec) *string {
	if d == 0 {
		return nil
	}
	text := d.String()
	return &text
}

// statuses are Alpaca's words for the venue's.
var statuses = map[pitwall.Status]string{pitwall.Held: "held", pitwall.Working: "new", pitwall.PartiallyFilled: "partially_filled", pitwall.Filled: "filled",
	pitwall.Canceled: "canceled", pitwall.Expired: "expired", pitwall.Rejected: "rejected"}

// state is the venue's word on an order. An OCO order is its target at Alpaca, a pair
// without fills of its own at the venue.
func (s *Server) state(o *order) pitwall.OrderState {
	if o.frozen != nil {
		return *o.frozen
	}
	list, err := s.venue.Orders(context.Background(), pitwall.OrderQuery{ID: o.sim})
	if err != nil {
		return pitwall.OrderState{Status: pitwall.Unknown}
	}
	return list[0]
}

func (s *Server) status(o *order) string {
	switch {
	case o.rejected:
		return "rejected"
	case o.frozen != nil:
		return "replaced"
	}
	return statuses[s.state(o).Status]
}

// show writes an order; its legs with nested, as Alpaca does.
func (s *Server) show(o *order, nested bool) shape {
	x := s.state(o)
	qty := x.Qty.String()
	out := shape{ID: o.id, ClientOrderID: o.client, CreatedAt: x.Accepted.UTC(), UpdatedAt: x.Updated.UTC(), SubmittedAt: x.Accepted.UTC(), AssetID: assetID(o.in.Symbol), Symbol: o.in.Symbol,
		AssetClass: assetClass(o.in), Qty: &qty, FilledQty: x.Filled.String(), FilledAvgPrice: price(x.AvgPrice), OrderClass: o.class, OrderType: string(x.Type), Type: string(x.Type),
		Side: string(x.Side), PositionIntent: o.intent, TimeInForce: o.tif, LimitPrice: price(x.Limit), StopPrice: price(x.Stop), Status: s.status(o),
		TrailPercent: price(x.TrailPercent), TrailPrice: price(x.Trail)}
	if x.Type == pitwall.TrailingStop {
		out.StopPrice = price(x.Trigger)
	}
	if o.replaces != "" {
		out.Replaces = &o.replaces
	}
	at := x.Updated.UTC()
	switch out.Status {
	case "filled":
		out.FilledAt = &at
	case "canceled":
		out.CanceledAt = &at
	case "expired":
		out.ExpiredAt = &at
	case "rejected":
		out.FailedAt = &at
	case "replaced":
		when := o.replacedAt.UTC()
		out.ReplacedAt, out.ReplacedBy, out.UpdatedAt = &when, &o.replacedBy, when
	}
	if nested {
		for _, l := range o.legs {
			out.Legs = append(out.Legs, s.show(l, false))
		}
	}
	return out
}

func assetClass(i pitwall.Instrument) string {
	if i.Kind == pitwall.Crypto {
		return "crypto"
	}
	return "us_equity"
}

// number reads a JSON number or a number as text.
type number struct {
	pitwall.Dec
	given bool
}

func (n *number) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" || text == "" {
		return nil
	}
	d, err := pitwall.ParseDec(text)
	n.Dec, n.given = d, err == nil
	return err
}

// request is the body of a new order.
type request struct {
	Symbol         string          `json:"symbol"`
	Qty            number          `json:"qty"`
	Notional       number          `json:"notional"`
	Side           string          `json:"side"`
	Type           string          `json:"type"`
	TimeInForce    string          `json:"time_in_force"`
	LimitPrice     number          `json:"limit_price"`
	StopPrice      number          `json:"stop_price"`
	TrailPrice     number          `json:"trail_price"`
	TrailPercent   number          `json:"trail_percent"`
	ExtendedHours  bool            `json:"extended_hours"`
	ClientOrderID  string          `json:"client_order_id"`
	OrderClass     string          `json:"order_class"`
	PositionIntent string          `json:"position_intent"`
	Legs           json.RawMessage `json:"legs"`
	TakeProfit     *struct {
		LimitPrice number `json:"limit_price"`
	} `json:"take_profit"`
	StopLoss *struct {
		StopPrice  number `json:"stop_price"`
		LimitPrice number `json:"limit_price"`
	} `json:"stop_loss"`
}

// change is the body of a replacement.
type change struct {
	Qty           number `json:"qty"`
	LimitPrice    number `json:"limit_price"`
	StopPrice     number `json:"stop_price"`
	Trail         number `json:"trail"`
	TimeInForce   string `json:"time_in_force"`
	ClientOrderID string `json:"client_order_id"`
}
