package alpacafake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"pitwall"
)

// refusal is an error of Alpaca's.
type refusal struct {
	status, code int
	message      string
	more         []string
}

func invalid(format string, args ...any) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, code: 42210000, message: fmt.Sprintf(format, args...)}
}

func (s *Server) postOrder(w http.ResponseWriter, r *http.Request) {
	var q request
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		fail(w, http.StatusBadRequest, 40010000, "request body format is invalid")
		return
	}
	o, no := s.place(q)
	if no != nil {
		fail(w, no.status, no.code, no.message, no.more...)
		return
	}
	out := s.show(o, true)
	if out.Status == "new" {
		out.Status = "pending_new"
	}
	reply(w, http.StatusOK, out)
}

// place submits an order to the venue.
func (s *Server) place(q request) (*order, *refusal) {
	if q.ClientOrderID == "" {
		q.ClientOrderID = s.newID()
	}
	switch {
	case len(q.ClientOrderID) > 128:
		return nil, invalid("client_order_id must be no more than 128 characters")
	case s.byClient[q.ClientOrderID] != nil:
		return nil, &refusal{status: http.StatusUnprocessableEntity, code: 40010001, message: "client_order_id must be unique"}
	}
	series := s.traded(q.Symbol)
	if series == nil {
		return nil, invalid("asset %q not found", q.Symbol)
	}
	o := &order{id: s.newID(), client: q.ClientOrderID, in: series.Instrument, class: q.OrderClass, tif: q.TimeInForce, intent: q.PositionIntent}
	o.sim = o.id
	if no := checkRequest(q, o.in); no != nil {
		return nil, no
	}
	p := q.toOrder(o)
	if no := s.spent(p); no != nil {
		return nil, no
	}
	got, err := s.venue.Submit(context.Background(), p)
	switch {
	case err != nil:
		return nil, invalid("%v", err)
	case got.Error != nil:
		return nil, s.refused(got)
	}
	s.remember(o)
	s.addLegs(o, p)
	if s.rejecting {
		s.rejecting = false
		o.rejected = true
		_, _ = s.venue.Cancel(context.Background(), o.sim)
	}
	return o, nil
}

// spent refuses a sale of coins that fees took.
func (s *Server) spent(p pitwall.Order) *refusal {
	a, _ := s.venue.Account(context.Background(), "")
	held := s.less(a).Held(p.Symbol)
	if len(s.fees) == 0 || p.Side != pitwall.Sell || p.Qty <= held || a.Held(p.Symbol) < p.Qty {
		return nil
	}
	return &refusal{status: http.StatusForbidden, code: 40310000, message: fmt.Sprintf("insufficient balance for %s (requested: %v, available: %v)", unslashed(p.Symbol), p.Qty, held)}
}

// remember adds an order to those that can be asked for.
func (s *Server) remember(o *order) {
	s.orders = append(s.orders, o)
	s.byID[o.id], s.byClient[o.client], s.bySim[o.sim] = o, o, o
}

// addLegs adds the exits of an order: the venue's legs, of which an OCO's target is the
// order itself.
func (s *Server) addLegs(o *order, p pitwall.Order) {
	for _, l := range p.Legs {
		id := pitwall.LegID(p.ID, l.Role)
		if p.Class == pitwall.OCO && l.Role == pitwall.TakeProfit {
			delete(s.bySim, o.sim)
			o.sim, o.role = id, l.Role
			s.bySim[id] = o
			continue
		}
		leg := &order{id: s.newID(), client: s.newID(), sim: id, in: o.in, class: o.class, tif: o.tif, role: l.Role, parent: o}
		o.legs = append(o.legs, leg)
		s.remember(leg)
	}
}

// toOrder is the venue's order for a request.
func (q request) toOrder(o *order) pitwall.Order {
	p := pitwall.Order{ID: o.sim, Symbol: o.in.Symbol, Side: pitwall.Side(q.Side), Type: pitwall.OrderType(q.Type), TIF: pitwall.TIF(q.TimeInForce), Qty: q.Qty.Dec, Limit: q.LimitPrice.Dec, Stop: q.StopPrice.Dec,
		Trail: q.TrailPrice.Dec, TrailPercent: q.TrailPercent.Dec, Class: pitwall.Class(q.OrderClass), ReduceOnly: q.PositionIntent == "sell_to_close" || q.PositionIntent == "buy_to_close"}
	if q.TakeProfit != nil {
		p.Legs = append(p.Legs, pitwall.Leg{Role: pitwall.TakeProfit, Limit: q.TakeProfit.LimitPrice.Dec})
	}
	if q.StopLoss != nil {
		p.Legs = append(p.Legs, pitwall.Leg{Role: pitwall.StopLoss, Stop: q.StopLoss.StopPrice.Dec, Limit: q.StopLoss.LimitPrice.Dec})
	}
	if p.Class == pitwall.OCO { // a limit at Alpaca; its price is the target's
		p.Type, p.Limit, p.ReduceOnly = pitwall.MarketOrder, 0, false
	}
	return p
}

// checkRequest refuses what Alpaca does not take.
func checkRequest(q request, in pitwall.Instrument) *refusal {
	tifs, kinds := []string{"day", "gtc", "ioc", "fok", "opg", "cls"}, []string{"market", "limit", "stop", "stop_limit", "trailing_stop"}
	classes := []string{"", "simple", "bracket", "oco", "oto"}
	crypto := in.Kind == pitwall.Crypto
	if crypto {
		tifs, kinds, classes = []string{"gtc", "ioc"}, []string{"market", "limit", "stop_limit"}, classes[:2]
	}
	switch {
	case q.Notional.given || q.ExtendedHours || len(q.Legs) > 0 && string(q.Legs) != "null":
		return invalid("this fake takes no notional, no extended_hours and no legs of options")
	case !slices.Contains(kinds, q.Type) && crypto:
		return &refusal{status: http.StatusUnprocessableEntity, code: 40010001, message: "invalid order type for crypto order"}
	case !slices.Contains(kinds, q.Type):
		return &refusal{status: http.StatusUnprocessableEntity, code: 40010001, message: "invalid order type"}
	case !slices.Contains(tifs, q.TimeInForce) && crypto:
		return invalid("invalid crypto time_in_force")
	case !slices.Contains(tifs, q.TimeInForce):
		return &refusal{status: http.StatusUnprocessableEntity, code: 40010001, message: "invalid time_in_force"}
	case !slices.Contains(classes, q.OrderClass):
		return invalid("invalid order_class %q", q.OrderClass)
	}
	exits := q.OrderClass == "bracket" || q.OrderClass == "oco" || q.OrderClass == "oto"
	switch {
	case exits && q.TimeInForce != "day" && q.TimeInForce != "gtc":
		return invalid("%s orders must be day or gtc", q.OrderClass)
	case exits && q.Type != "market" && q.Type != "limit":
		return invalid("%s orders must be entered with a market or limit order", q.OrderClass)
	case q.OrderClass == "oco" && q.Type != "limit":
		return invalid("oco orders must be limit orders")
	case q.Type == "trailing_stop" && q.TimeInForce != "day" && q.TimeInForce != "gtc":
		return invalid("trailing_stop orders must be day or gtc")
	}
	prices := []pitwall.Dec{q.LimitPrice.Dec, q.StopPrice.Dec}
	if q.TakeProfit != nil {
		prices = append(prices, q.TakeProfit.LimitPrice.Dec)
	}
	if q.StopLoss != nil {
		prices = append(prices, q.StopLoss.StopPrice.Dec, q.StopLoss.LimitPrice.Dec)
	}
	return subPenny(prices, crypto)
}

// subPenny refuses share prices off the tick: a cent from 1 dollar up, 0.0001 below.
func subPenny(prices []pitwall.Dec, crypto bool) *refusal {
	for _, p := range prices {
		tick := pitwall.One / 100
		if p < pitwall.One {
			tick = pitwall.One / 10_000
		}
		if p%tick != 0 && !crypto {
			return invalid("invalid limit_price %v. sub-penny increment does not fulfill minimum pricing criteria", p)
		}
	}
	return nil
}

// refused is Alpaca's error for what the venue refused.
func (s *Server) refused(x pitwall.OrderState) *refusal {
	no := &refusal{status: http.StatusForbidden, code: 40310000}
	a, _ := s.venue.Account(context.Background(), "")
	switch x.Error.Code {
	case pitwall.BuyingPower:
		no.message, no.more = "insufficient buying power", []string{"buying_power", a.BuyingPower.String()}
	case pitwall.ShortNotAllowed, pitwall.NoBorrow:
		held := a.Held(x.Symbol)
		no.message = "account is not allowed to short"
		if held > 0 {
			no.message = fmt.Sprintf("insufficient qty available for order (requested: %v, available: %v)", x.Qty, held)
			no.more = []string{"available", held.String(), "existing_qty", held.String(), "held_for_orders", "0", "symbol", x.Symbol}
		}
	case pitwall.ReduceOnly:
		no.message, no.more = fmt.Sprintf("insufficient qty available for order (requested: %v, available: 0)", x.Qty), []string{"available", "0", "symbol", x.Symbol}
	default:
		no = invalid("%s", x.Error.Message)
	}
	return no
}
