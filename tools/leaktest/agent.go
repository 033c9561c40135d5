package leaktest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools"
)

// step is all that left a world at one time: results, errors, logs, journal.
type step struct {
	at   time.Time
	text string
}

// agent drives one world with a script that depends on the seed, the step and
// the names of the base data only, so that it asks every world the same.
type agent struct {
	world           *pitwall.World
	set             *tools.Set
	log             *bytes.Buffer
	seed            uint64
	symbols         []string
	macros          []string
	queries         int
	journal         int64 // entries already written down
	calls           int
	answered, fills int      // queries that gave rows, fills seen
	found           []string // what is wrong at first sight
	b               strings.Builder
}

// newTools makes the tools that all worlds of a trial share, and the log that the
// tools write.
func newTools() (*tools.Set, *bytes.Buffer) {
	log := &bytes.Buffer{}
	h := slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	set := tools.New(slog.New(h), nil)
	set.AddMemory()
	return set, log
}

// trade makes the calls of at most n steps, or of those up to a time.
func (a *agent) trade(ctx context.Context, n int, until time.Time) ([]step, error) {
	ctx = pitwall.WithCaller(ctx, pitwall.Caller{Principal: pitwall.Local, Agent: "leaktest"})
	var list []step
	for i := range n {
		if !until.IsZero() && !a.world.Clock.Now().Before(until) {
			break
		}
		if err := ctx.Err(); err != nil {
			return list, err
		}
		before := a.world.Clock.Now()
		a.b.Reset()
		a.call(ctx, "clock_next_bar", nil)
		if !a.world.Clock.Now().After(before) {
			break // the data end
		}
		a.step(ctx, i)
		list = append(list, step{a.world.Clock.Now(), a.b.String()})
	}
	return list, nil
}

// call makes one call and writes down all of its answer.
func (a *agent) call(ctx context.Context, tool string, args map[string]any) tools.Answer {
	raw, err := json.Marshal(args)
	if err != nil {
		raw = []byte("{}")
	}
	if args == nil {
		raw = nil
	}
	r := a.set.Call(ctx, a.world, tool, raw)
	a.calls++
	fmt.Fprintf(&a.b, "> %s %s\n%s\n%s\n%s\n", tool, raw, r.Text, r.JSON, r.Digest)
	for _, i := range r.Images {
		fmt.Fprintf(&a.b, "image %s %x\n", i.MIME, sha256.Sum256(i.Data))
	}
	return r
}

// step is everything that a model can do at one time.
func (a *agent) step(ctx context.Context, i int) {
	r := rand.New(rand.NewPCG(a.seed, uint64(i)))
	some := func(list []string) string { return list[r.IntN(len(list))] }
	for _, tool := range []string{"clock_now", "account_positions", "account_portfolio", "account_history", "orders_open_orders", "market_last_price", "sim_status", "macro_series", "market_events", "sim_start"} {
		a.call(ctx, tool, nil)
	}
	a.call(ctx, "account_portfolio", map[string]any{"risk": true})
	if i%4 == 0 { // its figures about luck are the dearest of all answers
		a.call(ctx, "report_tearsheet", map[string]any{"benchmark": a.symbols[i%len(a.symbols)], "picture": i%16 == 0})
		a.call(ctx, "report_tearsheet", map[string]any{"picture": false})
	}
	a.call(ctx, "docs_search", map[string]any{"query": "why was my order rejected"})
	tables := []string{"every", "adjusted", "weeks", "nosuch", "pitwall_bars"}
	visible, tradable := []string{}, []string{}
	for _, x := range a.world.Instruments.Instruments() {
		visible = append(visible, x.Symbol)
		if x.Tradable {
			tradable = append(tradable, x.Symbol)
		}
	}
	fmt.Fprintln(&a.b, "visible", visible)
	// What prompts and sizing are made of.
	fmt.Fprintln(&a.b, a.world.Policy, a.world.Conditions, a.world.Costs, a.world.Attempt)
	for _, x := range a.world.Instruments.Instruments() {
		fmt.Fprintf(&a.b, "instrument %+v\n", x)
	}
	if len(visible) > 0 {
		few := visible[:min(len(visible), 12)]
		a.call(ctx, "market_load_history_table", map[string]any{"symbols": few, "table": "every"})
		a.call(ctx, "market_load_history_table", map[string]any{"symbols": few[:1], "table": "adjusted", "adjusted": "split"})
		a.call(ctx, "market_load_history_table", map[string]any{"symbols": few[:1], "table": "weeks", "bar_size": "1w"})
	}
	for range 3 {
		s := some(a.symbols)
		a.call(ctx, "market_last_price", map[string]any{"symbols": s})
		a.call(ctx, "market_load_history_table", map[string]any{"symbols": s, "adjusted": some([]string{"", "split", "total"}), "bar_size": some([]string{"", "1d", "1w"}), "table": "t" + fmt.Sprint(r.IntN(3))})
		a.call(ctx, "market_indicators", map[string]any{"symbols": s, "names": []string{"sma:3", "ema:3", "rsi:2", "macd:2:4:2", "bollinger:3:2", "atr:2", "adx:2", "stochastic:3:2:2", "obv", "vwap:3", "high:3", "low:3", "return:2", "volume_ratio:2", "volume_profile:3"}, "last": 3})
		a.call(ctx, "news_search", map[string]any{"symbols": s, "limit": 5})
		a.call(ctx, "filings_search", map[string]any{"symbols": s, "limit": 5})
		a.call(ctx, "fundamentals", map[string]any{"symbol": s, "periods": 2})
		a.call(ctx, "fundamentals", map[string]any{"symbol": s, "ratios": true})
		a.call(ctx, "market_events", map[string]any{"symbols": s})
		a.call(ctx, "market_regime", map[string]any{"symbol": s, "states": 2, "last": 3})
		a.call(ctx, "portfolio_optimize", map[string]any{"method": "min_variance", "bars": 20})
		a.call(ctx, "macro_series", map[string]any{"series": some(a.macros), "limit": 5})
		a.probe(ctx, s)
	}
	tables = append(tables, "t0", "t1", "t2")
	a.call(ctx, "market_indicators", map[string]any{"names": []string{"breadth:3", "breadth:advance_decline", "breadth:highs:3", "breadth:up_volume"}})
	for _, s := range visible[:min(len(visible), 2)] {
		a.call(ctx, "market_indicators", map[string]any{"symbols": s, "names": []string{"sma:2", "obv"}, "bar_size": "1w", "last": 3})
	}
	a.call(ctx, "news_search", map[string]any{"symbols": some(a.symbols), "query": some([]string{"the", "text", "e"}), "limit": 5})
	a.call(ctx, "news_search", map[string]any{"query": some([]string{"the", "a", "canary", "earnings", "trump"}), "limit": 5})
	a.call(ctx, "news_search", map[string]any{"since": a.world.Clock.Now().AddDate(0, 0, -r.IntN(3)).Format(time.RFC3339), "limit": 20})
	a.call(ctx, "filings_search", map[string]any{"query": some([]string{"sale", "purchase", "canary"}), "limit": 5})
	for range a.queries {
		if r := a.call(ctx, "duckdb_query", map[string]any{"sql": sqlQuery(r, tables), "limit": 1 + r.IntN(20)}); !r.IsError {
			a.answered++
		}
	}
	if a.queries > 0 {
		a.call(ctx, "duckdb_query", map[string]any{"sql": "SELECT * FROM ratios ORDER BY symbol, ratio"})
	}
	for k := range 4 {
		a.orders(ctx, r, 4*i+k, tradable)
	}
	if a.world.Memory != nil {
		a.remember(ctx, rand.New(rand.NewPCG(a.seed, uint64(i)+1<<32)))
	}
	a.evidence(ctx)
}

// remember writes into the memory, and looks at all of it.
func (a *agent) remember(ctx context.Context, r *rand.Rand) {
	symbol := a.symbols[r.IntN(len(a.symbols))]
	a.call(ctx, "memory_note", map[string]any{"kind": "plan", "symbol": symbol, "strategy": "random", "regime": []string{"calm", "wild"}[r.IntN(2)], "text": "orders at random", "expected": "nothing"})
	a.call(ctx, "memory_note", map[string]any{"kind": "regime", "symbol": symbol, "regime": []string{"calm", "wild"}[r.IntN(2)], "text": "seen at random"})
	a.call(ctx, "memory_note", map[string]any{"kind": "belief", "symbol": symbol, "direction": []string{"up", "down"}[r.IntN(2)], "horizon": 1 + r.IntN(3), "confidence": float64(r.IntN(11)) / 10, "text": "a coin says so"})
	a.call(ctx, "memory_note", map[string]any{"kind": "belief", "of": fmt.Sprintf("m%d", 1+r.IntN(8)), "direction": "up", "horizon": 2, "confidence": 0.5, "text": "refined"})
	a.call(ctx, "memory_note", map[string]any{"kind": "retire", "of": fmt.Sprintf("m%d", 1+r.IntN(8)), "text": "no more"})
	now := a.world.Clock.Now()
	m, err := a.world.Memory.Recall(ctx)
	if err != nil {
		fmt.Fprintln(&a.b, "recall", err)
	}
	for _, t := range m.Trades {
		if t.Lesson == "" {
			a.call(ctx, "memory_note", map[string]any{"kind": "lesson", "trade": t.ID, "text": "it closed", "expected": "a gain", "why": "chance"})
		}
		a.late(now, "the trade "+t.ID, t.Known)
	}
	for _, x := range m.Items {
		a.late(now, "the "+string(x.Kind)+" "+x.ID, x.Known)
	}
	for _, b := range m.Beliefs {
		if a.late(now, "the belief "+b.ID, b.Known); b.Matured != nil {
			a.late(now, "the outcome of belief "+b.ID, *b.Matured)
		}
	}
	fmt.Fprintln(&a.b, "recall", m.Ended, m.Alert)
	a.call(ctx, "memory_search", map[string]any{"kinds": []string{"trade", "lesson", "note", "plan", "belief", "episode"}, "limit": 50})
	a.call(ctx, "memory_search", map[string]any{"kinds": []string{"trade", "lesson", "belief", "regime"}, "limit": 50}) // as a desk does
	a.call(ctx, "memory_search", map[string]any{"query": "coin gain random", "symbols": symbol})
	if a.queries > 0 {
		a.call(ctx, "duckdb_query", map[string]any{"sql": "SELECT * FROM memory_trades ORDER BY known, id"})
		a.call(ctx, "duckdb_query", map[string]any{"sql": "SELECT kind, count(*), max(known) FROM memory_lessons GROUP BY kind ORDER BY kind"})
		a.call(ctx, "duckdb_query", map[string]any{"sql": "SELECT b.*, t.profit FROM beliefs b LEFT JOIN memory_trades t ON t.symbol = b.symbol AND t.known >= b.known ORDER BY b.id, t.id"})
	}
}

// late notes what is visible before its time.
func (a *agent) late(now time.Time, what string, known time.Time) {
	if known.After(now) {
		a.found = append(a.found, fmt.Sprintf("at %s %s of %s is visible", now.Format(time.RFC3339), what, known.Format(time.RFC3339)))
	}
}

// orders trades at random; later steps show what filled.
func (a *agent) orders(ctx context.Context, r *rand.Rand, i int, tradable []string) {
	symbol := a.symbols[r.IntN(len(a.symbols))]
	if len(tradable) > 0 && r.IntN(4) > 0 {
		symbol = tradable[r.IntN(len(tradable))]
	}
	id := func(n int) string { return fmt.Sprintf("leak-%d", max(0, n)) }
	args := map[string]any{"symbol": symbol, "side": "buy", "client_order_id": id(i)}
	switch r.IntN(4) {
	case 0:
		args["notional"] = 100 + r.IntN(5000)
	case 1:
		args["target_percent"] = r.IntN(40)
		delete(args, "side")
	default:
		args["qty"] = 1 + r.IntN(40)
	}
	if r.IntN(2) == 0 {
		args["tif"] = []string{"day", "gtc", "ioc", "fok", "opg", "cls"}[r.IntN(6)]
	}
	if b, err := a.world.Market.Last(ctx, symbol); err == nil {
		near := func(permille int64) json.Number {
			p, err := b.Close.MulDiv(pitwall.Int(permille), pitwall.Int(1000))
			if err != nil {
				p = b.Close
			}
			return json.Number(p.Round(2).String())
		}
		switch r.IntN(6) {
		case 0:
			args["type"], args["limit"] = "limit", near(995)
		case 1:
			args["type"], args["stop"] = "stop", near(1005)
		case 2:
			args["take_profit"], args["stop_loss"] = near(1020), near(980)
		case 3:
			if args["target_percent"] == nil {
				args["side"] = "sell"
			}
		}
	}
	a.call(ctx, "orders_submit", args)
	a.call(ctx, "orders_status", map[string]any{"id": id(i)})
	a.call(ctx, "orders_status", map[string]any{"id": id(i - 1)})
	switch r.IntN(5) {
	case 0:
		a.call(ctx, "orders_cancel", map[string]any{"id": id(i - 1)})
	case 1:
		a.call(ctx, "orders_modify", map[string]any{"id": id(i), "qty": 2})
	}
	a.call(ctx, "account_portfolio", nil)
}

// probe looks at what the tools stand on, behind the length of what it is given.
func (a *agent) probe(ctx context.Context, symbol string) {
	now := a.world.Clock.Now()
	for _, q := range []pitwall.BarQuery{{Symbol: symbol, Limit: 3}, {Symbol: symbol, Limit: 2, Adjusted: pitwall.SplitAdjusted}} {
		bars, err := a.world.Market.Bars(ctx, q)
		if err != nil {
			fmt.Fprintln(&a.b, "probe", err)
			continue
		}
		for _, b := range bars[:cap(bars)] {
			a.late(now, "a bar of "+symbol, b.Known)
			fmt.Fprintln(&a.b, "probe", b)
		}
	}
	if a.world.Records == nil {
		return
	}
	for _, k := range recordKinds {
		list, err := a.world.Records.Find(ctx, pitwall.RecordQuery{Kind: k, Limit: 2})
		fmt.Fprintln(&a.b, "probe", len(list), err)
		for _, x := range list[:cap(list)] {
			a.late(now, "a record of "+string(x.Kind), x.Known)
			fmt.Fprintln(&a.b, "probe", x)
		}
	}
}

// evidence writes down what else left the world: journal lines and the log; and
// looks at the fills.
func (a *agent) evidence(ctx context.Context) {
	for last := a.world.Journal.Last(); a.journal < last; {
		for e, err := range a.world.Journal.Follow(ctx, a.journal+1) {
			if err != nil {
				break
			}
			line, err := json.Marshal(e)
			fmt.Fprintln(&a.b, string(line), err)
			a.journal = e.Seq
			if e.Seq == last {
				break
			}
		}
	}
	if _, err := io.Copy(&a.b, a.log); err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(&a.b, err)
	}
	orders, err := a.world.Broker.Orders(ctx, pitwall.OrderQuery{})
	if err != nil {
		return
	}
	accepted := map[string]time.Time{}
	for _, o := range orders {
		accepted[o.ID] = o.Accepted
	}
	fills, _, err := a.world.Broker.Fills(ctx, pitwall.Cursor{})
	if err != nil {
		return
	}
	a.fills = len(fills)
	for _, f := range fills {
		if at, ok := accepted[f.OrderID]; ok && f.Time.Before(at) || f.Time.After(a.world.Clock.Now()) {
			a.found = append(a.found, fmt.Sprintf("order %s of %s filled at %s", f.OrderID, at.Format(time.RFC3339), f.Time.Format(time.RFC3339)))
		}
	}
}
