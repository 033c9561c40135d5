package alpacafake

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

// execution is a fill as Alpaca lists it.
type execution struct {
	id, activity string
	order        *order
	fill         pitwall.Fill
	cum, leaves  pitwall.Dec
	whole        bool // nothing is left of the order
}

func (s *Server) getAccount(w http.ResponseWriter, _ *http.Request) {
	a, err := s.venue.Account(context.Background(), "")
	if err != nil {
		fail(w, http.StatusInternalServerError, 50010000, err.Error())
		return
	}
	a = s.less(a)
	var long, short pitwall.Dec
	for _, p := range a.Positions {
		long, short = long+max(p.Value, 0), short+min(p.Value, 0)
	}
	multiplier, margin := "1", a.Type == pitwall.MarginAccount
	if margin {
		multiplier = "2"
	}
	free := (a.Cash - a.Reserved).String()
	reply(w, http.StatusOK, map[string]any{"id": s.account(), "account_number": "PA3FAKE00000", "status": "ACTIVE", "crypto_status": "ACTIVE", "currency": a.Currency, "cash": a.Cash.String(),
		"equity": a.Equity.String(), "portfolio_value": a.Equity.String(), "last_equity": a.DayEquity.String(), "buying_power": a.BuyingPower.String(), "regt_buying_power": a.BuyingPower.String(),
		"effective_buying_power": a.BuyingPower.String(), "daytrading_buying_power": "0", "non_marginable_buying_power": free, "options_buying_power": free, "initial_margin": a.Initial.String(),
		"maintenance_margin": a.Maintenance.String(), "last_maintenance_margin": a.Maintenance.String(), "long_market_value": long.String(), "short_market_value": short.String(),
		"position_market_value": (long + short).String(), "multiplier": multiplier, "shorting_enabled": margin, "accrued_fees": "0", "sma": "0", "daytrade_count": 0, "pattern_day_trader": false,
		"account_blocked": false, "trading_blocked": false, "transfers_blocked": false, "trade_suspended_by_user": false, "created_at": s.cfg.From.UTC(), "balance_asof": s.Now().Format(time.DateOnly)})
}

// account is the account's id.
func (s *Server) account() string { return assetID("account") }

func (s *Server) positions() []map[string]any {
	a, _ := s.venue.Account(context.Background(), "")
	a = s.less(a)
	open, _ := s.venue.Orders(context.Background(), pitwall.OrderQuery{Open: true})
	list := []map[string]any{}
	for _, p := range a.Positions {
		in := s.series[p.Symbol].Instrument
		side, closing, free := "long", pitwall.Sell, p.Qty
		if p.Qty < 0 {
			side, closing = "short", pitwall.Buy
		}
		for _, o := range open {
			if o.Symbol == p.Symbol && o.Side == closing && o.Status != pitwall.Held && side == "long" {
				free = max(0, free-o.Remaining())
			}
		}
		rate := "0"
		if p.Cost != 0 {
			rate = fmt.Sprintf("%.6f", p.Unrealized.Float()/p.Cost.Abs().Float())
		}
		list = append(list, map[string]any{"asset_id": assetID(p.Symbol), "symbol": unslashed(p.Symbol), "exchange": exchange(in), "asset_class": assetClass(in),
			"asset_marginable": in.Kind != pitwall.Crypto, "avg_entry_price": p.AvgPrice.String(), "qty": p.Qty.String(), "qty_available": free.String(), "side": side, "market_value": p.Value.String(),
			"cost_basis": p.Cost.String(), "unrealized_pl": p.Unrealized.String(), "unrealized_plpc": rate, "unrealized_intraday_pl": "0", "unrealized_intraday_plpc": "0", "current_price": p.Last.String(),
			"lastday_price": p.Last.String(), "change_today": "0"})
	}
	return list
}

// unslashed is a pair as positions and activities spell it.
func unslashed(symbol string) string { return strings.ReplaceAll(symbol, "/", "") }

func exchange(in pitwall.Instrument) string {
	if in.Kind == pitwall.Crypto {
		return "CRYPTO"
	}
	return "NASDAQ"
}

func (s *Server) getPositions(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, s.positions())
}

// position returns one position, or answers that there is none.
func (s *Server) position(w http.ResponseWriter, r *http.Request) map[string]any {
	symbol := r.PathValue("symbol")
	for _, p := range s.positions() {
		if p["symbol"] == unslashed(symbol) || p["asset_id"] == symbol {
			return p
		}
	}
	fail(w, http.StatusNotFound, 40410000, "position does not exist")
	return nil
}

func (s *Server) getPosition(w http.ResponseWriter, r *http.Request) {
	if p := s.position(w, r); p != nil {
		reply(w, http.StatusOK, p)
	}
}

// closePosition sells, or buys back, what is held at the market.
func (s *Server) closePosition(w http.ResponseWriter, r *http.Request) {
	p := s.position(w, r)
	if p == nil {
		return
	}
	q := request{Symbol: p["symbol"].(string), Side: "sell", Type: "market", TimeInForce: "day", PositionIntent: "sell_to_close"}
	held, _ := pitwall.ParseDec(p["qty"].(string))
	if held < 0 {
		q.Side, q.PositionIntent = "buy", "buy_to_close"
	}
	if p["asset_class"] == "crypto" {
		q.TimeInForce = "gtc"
	}
	q.Qty.Dec = held.Abs()
	if text := r.URL.Query().Get("qty"); text != "" {
		q.Qty.Dec, _ = pitwall.ParseDec(text)
	}
	o, no := s.place(q)
	if no != nil {
		fail(w, no.status, no.code, no.message, no.more...)
		return
	}
	reply(w, http.StatusOK, s.show(o, true))
}

// otherActivities lists the money that moved without an order: what became cash.
func (s *Server) otherActivities(w http.ResponseWriter, token string) {
	list := []map[string]any{}
	for i, f := range s.venue.Flows(time.Time{}) {
		if f.Amount == 0 || !f.Pay.IsZero() { // a dividend is cash when it is paid
			continue
		}
		kind := "FEE"
		switch {
		case f.Type == "interest" || f.Type == "borrow":
			kind = "INT"
		case f.Amount > 0:
			kind = "DIV"
		}
		list = append(list, map[string]any{"id": fmt.Sprintf("%s000000000::%06d", f.Time.Format("20060102"), i), "account_id": s.account(), "activity_type": kind, "date": f.Time.Format(time.DateOnly),
			"net_amount": f.Amount.String(), "symbol": f.Symbol, "qty": f.Qty.String(), "per_share_amount": f.Each.String(), "status": "executed", "description": f.Type})
	}
	list = append(list, s.feeActivities()...)
	if i := slices.IndexFunc(list, func(x map[string]any) bool { return x["id"] == token }); i >= 0 {
		list = list[i+1:]
	}
	reply(w, http.StatusOK, list[:min(len(list), 100)])
}

func (s *Server) getActivities(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("category") == "non_trade_activity" {
		s.otherActivities(w, q.Get("page_token"))
		return
	}
	kinds, size := q.Get("activity_types"), 100
	if n, err := strconv.Atoi(q.Get("page_size")); err == nil && n > 0 {
		size = min(n, 100)
	}
	after, _ := time.Parse(time.RFC3339, q.Get("after"))
	until, _ := time.Parse(time.RFC3339, q.Get("until"))
	from := slices.Clone(s.fills)
	if q.Get("direction") != "asc" {
		slices.Reverse(from)
	}
	if token := q.Get("page_token"); token != "" {
		from = from[slices.IndexFunc(from, func(e execution) bool { return e.activity == token })+1:]
	}
	list := []map[string]any{}
	for _, e := range from {
		at := e.fill.Known.UTC()
		if kinds != "" && !slices.Contains(strings.Split(kinds, ","), "FILL") || !after.IsZero() && !at.After(after) || !until.IsZero() && !at.Before(until) || len(list) == size {
			continue
		}
		kind, status := "partial_fill", "partially_filled"
		if e.whole {
			kind, status = "fill", "filled"
		}
		list = append(list, map[string]any{"id": e.activity, "account_id": s.account(), "activity_type": "FILL", "transaction_time": at, "type": kind, "price": e.fill.Price.String(), "qty": e.fill.Qty.String(),
			"side": string(e.fill.Side), "symbol": e.fill.Symbol, "leaves_qty": e.leaves.String(), "order_id": e.order.id, "cum_qty": e.cum.String(), "order_status": status})
	}
	if s.hiding && len(list) > 0 {
		list, s.hiding = list[1:], false
	}
	reply(w, http.StatusOK, list)
}

func (s *Server) asset(symbol string) map[string]any {
	in := s.series[symbol].Instrument
	crypto := in.Kind == pitwall.Crypto
	a := map[string]any{"id": assetID(symbol), "class": assetClass(in), "exchange": exchange(in), "symbol": symbol, "name": symbol, "status": "active", "tradable": true, "marginable": !crypto,
		"shortable": !crypto, "easy_to_borrow": !crypto, "fractionable": in.Lot < pitwall.One, "maintenance_margin_requirement": 30, "attributes": []string{}}
	if crypto {
		a["min_order_size"], a["min_trade_increment"], a["price_increment"] = in.Lot.String(), in.Lot.String(), max(in.Tick, 1).String()
	}
	return a
}

func (s *Server) getAsset(w http.ResponseWriter, r *http.Request) {
	if x := s.traded(r.PathValue("symbol")); x != nil {
		reply(w, http.StatusOK, s.asset(x.Instrument.Symbol))
		return
	}
	fail(w, http.StatusNotFound, 40410000, "asset not found for "+r.PathValue("symbol"))
}

func (s *Server) getAssets(w http.ResponseWriter, r *http.Request) {
	list, class := []map[string]any{}, r.URL.Query().Get("asset_class")
	for _, symbol := range s.cfg.Symbols {
		if a := s.asset(symbol); class == "" || class == a["class"] {
			list = append(list, a)
		}
	}
	reply(w, http.StatusOK, list)
}
