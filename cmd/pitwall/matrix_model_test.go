package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"pitwall/agentloop"
)

// matrixModel calls every tool. What it decides depends on every byte that it was
// shown, so that a difference anywhere is a difference in the orders that follow. It
// keeps nothing between two requests.
type matrixModel struct{}

// Reply implements agentloop.Model.
func (matrixModel) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	turn, step := 0, 0
	shown := sha256.New()
	for _, m := range r.Messages {
		if m.User != "" {
			if _, err := fmt.Sscanf(m.User, "Turn %d.", &turn); err != nil {
				return agentloop.Reply{}, fmt.Errorf("no turn in %.40q: %w", m.User, err)
			}
			fmt.Fprintln(shown, m.User)
		}
		if m.Reply != nil {
			step++
		}
		for _, x := range m.Results {
			fmt.Fprintln(shown, x.Name, x.IsError, x.Text)
		}
	}
	sum := shown.Sum(nil)
	seen := hex.EncodeToString(sum[:6])
	steps := [][]any{matrixLooks(turn), matrixQueries(), matrixRecords(turn), matrixOrders(turn, 1+int(sum[6])%7, seen), {"orders_open_orders", in{}, "orders_status", in{"id": fmt.Sprintf("t%d", turn-1)}}}
	out := agentloop.Reply{Text: fmt.Sprintf("RESULT: turn %d saw %s", turn, seen), Usage: agentloop.Usage{Input: 100 * (step + 1), Output: 10}}
	if step < len(steps) {
		out.Text = fmt.Sprintf("step %d of %s", step, seen)
		for i := 0; i < len(steps[step]); i += 2 {
			args, err := json.Marshal(steps[step][i+1])
			if err != nil {
				return agentloop.Reply{}, err
			}
			out.Calls = append(out.Calls, agentloop.Call{ID: fmt.Sprintf("c%d.%d.%d", turn, step, i/2), Name: steps[step][i].(string), Arguments: args})
		}
	}
	return out, nil
}

// in are the arguments of a call.
type in = map[string]any

func matrixLooks(turn int) []any {
	list := []any{"clock_now", in{}, "account_positions", in{}, "account_portfolio", in{}, "account.history", in{"limit": 5}, "market_last_price", in{},
		"market_indicators", in{"names": []string{"sma:3", "bollinger:4:2", "breadth:3"}, "symbols": []string{"A", "B", "C"}}, "market_regime", in{"symbol": "A"}, "portfolio_optimize", in{"method": []string{"min_variance", "max_sharpe", "risk_parity", "hierarchical_risk_parity"}[turn%4], "bars": 30}}
	if turn%6 == 1 { // these take the longest
		list = append(list, "report_tearsheet", in{"picture": turn%12 == 1, "benchmark": "A"}, "docs_search", in{"query": "why is my order not filled"})
	}
	return list
}

// matrixQueries ask over several symbols, with and without an order of rows, and for
// what is read in the order of rows: floating sums, first values, lists.
func matrixQueries() []any {
	list := []any{"market_load_history_table", in{"symbols": []string{"A", "B", "C"}, "table": "all_three"}, "market_load_history_table", in{"symbols": []string{"C", "A"}, "table": "two", "adjusted": "split"}}
	for _, text := range []string{
		"SELECT symbol, count(*), avg(close), stddev(close) FROM all_three GROUP BY symbol ORDER BY symbol",
		"SELECT avg(close), sum(close * volume), first(close), last(symbol), string_agg(symbol, '') FROM all_three",
		"SELECT * FROM all_three LIMIT 7",
		"SELECT symbol, close FROM two",
		"SELECT a.symbol, b.symbol, corr(a.close, b.close) FROM all_three a JOIN two b USING (ts) GROUP BY ALL",
		"SELECT now(), current_date, max(ts), date_trunc('week', max(ts)) FROM all_three",
		"SELECT symbol, row_number() OVER (), lag(close) OVER (PARTITION BY symbol ORDER BY ts) FROM all_three QUALIFY row_number() OVER (ORDER BY close) <= 5",
		"SELECT nothing FROM all_three",
	} {
		list = append(list, "duckdb_query", in{"sql": text, "limit": 20})
	}
	return list
}

func matrixRecords(turn int) []any {
	return []any{"news_search", in{"limit": 5}, "news_search", in{"query": "rises", "symbols": []string{"A"}}, "macro_series", in{}, "macro_series", in{"series": "CPIAUCSL"}, "macro_series", in{"series": "M2SL"},
		"macro_series", in{"series": "NONE"}, "fundamentals", in{"symbol": "A", "periods": 2}, "filings_search", in{"limit": 5}, "wire", in{"topic": "A", "end": time.Date(2030, 1, turn%28+1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}}
}

// matrixOrders are orders of every kind, one kind a turn, with a size that depends on
// what was seen; some are rejected, some denied.
func matrixOrders(turn, qty int, seen string) []any {
	id := fmt.Sprintf("t%d", turn)
	order := func(more in) []any {
		x := in{"symbol": "A", "side": "buy", "qty": qty, "client_order_id": id, "reason": "saw " + seen, "confidence": float64(qty) / 10}
		for k, v := range more {
			x[k] = v
			if v == nil {
				delete(x, k)
			}
		}
		return []any{"orders_submit", x}
	}
	kinds := [][]any{
		order(in{"qty": 40 + qty}),
		order(in{"symbol": "B", "type": "limit", "limit": 48, "tif": "gtc"}),
		order(in{"type": "stop", "stop": 101.5, "tif": "gtc"}),
		order(in{"symbol": "B", "type": "stop_limit", "stop": 51, "limit": 52, "tif": "gtd", "good_till": "2024-03-28"}),
		order(in{"side": "sell", "type": "trailing_stop", "trail_percent": 2, "tif": "gtc", "reduce_only": true}),
		order(in{"symbol": "C", "take_profit_percent": 3, "stop_loss_percent": 2}),
		order(in{"class": "oco", "qty": nil, "side": "sell", "take_profit": 110, "stop_loss": 80}),
		append(order(in{"type": "limit", "limit": 97, "group": id}), order(in{"client_order_id": id + "b", "symbol": "B", "type": "limit", "limit": 49, "group": id})...),
		order(in{"symbol": "B", "qty": nil, "side": nil, "target_percent": 5 + qty}),
		order(in{"symbol": "C", "qty": nil, "notional": 1000 * qty}),
		order(in{"symbol": "C", "side": "sell", "qty": 500}), // short, on margin
		{"orders_modify", in{"id": fmt.Sprintf("t%d", turn-10), "qty": qty + 3, "limit": 47.5}, "orders_cancel", in{"id": fmt.Sprintf("t%d", turn-9)}, "orders_cancel", in{"id": "nothing"}},
		order(in{"tif": "ioc"}),
		order(in{"symbol": "B", "tif": "opg"}),
		order(in{"tif": "cls"}),
		order(in{"qty": 1_000_000}), // denied
		order(in{"symbol": "NONE"}),
		order(in{"qty": nil, "side": nil, "target_percent": 0}),
		order(in{"symbol": "B", "stop_loss_trail_percent": 2, "tif": "gtc"}),
	}
	return kinds[(turn-1)%len(kinds)]
}

// matrixFiles are a strategy and data for it: three symbols with days of their own, a
// split and dividends, news, macro series with vintages and with revised values,
// statements, filings, and a tool from elsewhere.
func matrixFiles(model, base, wire string) []string {
	var bars, news, macro, revised strings.Builder
	bars.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	news.WriteString("published_at,id,symbols,headline,source,summary\n")
	macro.WriteString("series_id,date,value,first_seen\n")
	revised.WriteString("series_id,date,value,as_of\n")
	day := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	for i := 0; day.Before(time.Date(2024, 3, 16, 0, 0, 0, 0, time.UTC)); i, day = i+1, day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			continue
		}
		for k, symbol := range []string{"C", "A", "B"} {
			if (i+k)%17 == 3 { // a day without a bar
				continue
			}
			price := []float64{20, 100, 50}[k] * (1 + 0.04*float64((i*(k+3))%11-5)/5)
			if symbol == "A" && date >= "2024-02-15" {
				price /= 2
			}
			fmt.Fprintf(&bars, "%s,%s,%.2f,%.2f,%.2f,%.2f,%d\n", symbol, date, price, price*1.02, price*0.975, price*(1+0.01*float64(i%3-1)), 5000+137*i+k)
		}
		if i%3 == 0 {
			fmt.Fprintf(&news, "%sT15:30:00Z,n%d,A;B,\"A rises, day %d\",wire,\"text, with a comma\"\n", date, i, i)
		}
		if i%10 == 0 {
			fmt.Fprintf(&macro, "CPIAUCSL,2023-12-01,%d.5,%s\n", 300+i, date)
		}
	}
	for month := time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC); month.Year() == 2023; month = month.AddDate(0, 1, 0) {
		fmt.Fprintf(&revised, "M2SL,%s,%d,2026-07-29\n", month.Format(time.DateOnly), 20000+int(month.Month()))
	}
	return []string{"bars.csv", bars.String(), "news.csv", news.String(), "vintages.csv", macro.String(), "revised.csv", revised.String(),
		"actions.csv", "symbol,ex_date,type,value,pay_date\nA,2024-02-15,split,2,\nB,2024-01-19,dividend,0.4,2024-02-01\nC,2024-03-01,dividend,0.1,\n",
		"statements.csv", "symbol,fiscal_year,fiscal_period,end_date,filing_date,statement,item,value,unit\nA,2023,Q3,2023-09-30,2023-11-02,income,revenues,1000,USD\nA,2023,Q4,2023-12-31,2024-02-08,income,revenues,1100,USD\n",
		"filings.csv", "filed_date,transaction_date,ticker,type,senator,amount\n2024-01-12,2024-01-03,A,Purchase,Someone,1000\n2024-02-20,2024-02-01,B,Sale,Another,2000\n",
		"s.yaml", `name: matrix
symbols: [A, B, C]
benchmark: A
data: [bars.csv, actions.csv, news.csv, vintages.csv, revised.csv, statements.csv, filings.csv]
allow_revised: true
cash: 100000
account: {type: margin, borrow_rate: 0.1, margin_rate: 0.06}
costs: {commission_bps: 3, slippage_bps: 2, fixed: 0.5}
risk: {max_order_qty: 5000, max_symbol_percent: 80}
prices: {` + model + `: {in: 1, out: 10}}
agents:
  - name: all
    model: ` + model + `
    base_url: ` + base + `
    prompt: Call every tool.
    triggers: [fill]
    every: 2
tools:
  - name: wire
    description: What the wire says.
    rest: {url: ` + wire + `/wire, answer: json, rows: items, fields: [at, text]}
    parameters:
      topic: {type: string, required: true}
      end: {type: string}
    clamp: [{param: end, format: date}]
    known: at
`}
}
