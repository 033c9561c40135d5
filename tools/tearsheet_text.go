package tools

import (
	"math"
	"strconv"
	"strings"

	"pitwall"
	"pitwall/tools/report"
)

// What the text shows of each list; the structured answer holds more.
const (
	textSymbols = 12
	textMonths  = 12
	textTrades  = 5
)

// text is the sheet for a reader of about 25 lines. Returns are fractions; a dash
// is a figure that is not defined.
func (o *sheetOut) text(w *pitwall.World) string {
	var t text
	for _, x := range o.ReadWith {
		t.WriteString("read with: " + firstLine(x.Text) + "\n")
	}
	r := o.Run
	t.pairs("from", r.From, "to", r.To, "steps", o.Headline.Bars, "attempt", r.Attempt, "cash", r.Cash, "equity", o.Headline.FinalEquity, "symbols", strings.Join(first(r.Symbols, textSymbols), " "))
	o.figures(&t)
	if x := o.Relative; x != nil {
		t.pairs("against", x.Against, "excess_return", figure(x.Excess), "beta", figure(x.Beta), "alpha_arithmetic", figure(x.Alpha), "correlation", figure(x.Correlation),
			"information_ratio", figure(x.InformationRatio), "tracking_error", figure(x.TrackingError))
	}
	t.block("doing_nothing", "total_return,max_drawdown,rule", len(o.Passive), func(i int) []any {
		p := o.Passive[i]
		return []any{figure(&p.TotalReturn), figure(&p.MaxDrawdown), p.Rule}
	})
	a := o.Activity
	t.pairs("exposure", figure(a.Exposure), "net", figure(a.NetExposure), "time_held", figure(a.TimeHeld), "turnover_day", figure(a.Turnover), "traded", figure(&a.Traded), "holding_days_mean", figure(a.HoldingMean))
	x := o.Trading
	t.pairs("trades_closed", x.Closed, "open", x.Open, "won", x.Won, "lost", x.Lost, "win_rate", figure(x.WinRate), "profit_factor", figure(x.ProfitFactor), "expectancy", figure(x.Expectancy),
		"average_win", figure(x.AverageWin), "average_loss", figure(x.AverageLoss), "largest_win", figure(x.Largest), "largest_loss", figure(x.Smallest))
	c := o.Costs
	t.pairs("commission", c.Commission, "slippage", c.Slippage, "borrow", c.Borrow, "interest", c.Interest, "dividends", c.Dividends, "return_before_costs", figure(c.ReturnWithout), "cost_of_traded_bps", figure(c.CostOfTradedBps))
	o.luck(&t)
	t.block("by_symbol", "symbol,gain,share,fills,fees,qty", min(len(o.Symbols), textSymbols), func(i int) []any {
		s := o.Symbols[i]
		return []any{s.Symbol, s.Gain, figure(s.Share), s.Fills, s.Fees, s.Qty}
	})
	months := newest(o.Months, textMonths)
	t.block("months", "month,return,benchmark,buy_and_hold", len(months), func(i int) []any {
		m := months[i]
		return []any{m.Period, figure(&m.Return), figure(m.Benchmark), figure(m.Hold)}
	})
	trades := newest(o.Trades, textTrades)
	t.block("last_trades", "symbol,side,qty,entry,entry_price,exit,exit_price,profit,return,entry_reason", len(trades), func(i int) []any {
		d := trades[i]
		exit, price := "open", ""
		if d.ExitTime != nil {
			exit = w.Time(*d.ExitTime)
		}
		if d.ExitPrice != nil {
			price = d.ExitPrice.String()
		}
		return []any{d.Symbol, d.Side, d.Qty, w.Time(d.EntryTime), d.EntryPrice, exit, price, d.Profit, figure(d.Return), firstLine(d.EntryReason)}
	})
	t.positions(o.Positions)
	for _, line := range o.OtherWarnings() {
		t.WriteString("warning: " + firstLine(line) + "\n")
	}
	for _, line := range o.Notes {
		t.WriteString("note: " + firstLine(line) + "\n")
	}
	for _, line := range o.Omitted {
		t.WriteString("left out of the structured answer: " + line + "\n")
	}
	return t.String()
}

// figures is a table: a row for each, a column for each curve.
func (o *sheetOut) figures(t *text) {
	columns := []*report.Stats{&o.Strategy}
	header := "figure,strategy"
	if o.Benchmark != nil {
		columns, header = append(columns, o.Benchmark), header+","+o.Run.Benchmark
	}
	if o.BuyHold != nil {
		columns, header = append(columns, o.BuyHold), header+",buy_and_hold"
	}
	names := strings.Fields("total_return cagr volatility sharpe sortino max_drawdown calmar win_rate_days worst_day es95_historical")
	of := func(s *report.Stats) []*float64 {
		return []*float64{s.TotalReturn, s.CAGR, s.Volatility, s.Sharpe, s.Sortino, s.MaxDrawdown, s.Calmar, s.WinRate, s.Worst, s.ES95}
	}
	t.block("figures", header, len(names), func(i int) []any {
		row := []any{names[i]}
		for _, c := range columns {
			row = append(row, figure(of(c)[i]))
		}
		return row
	})
	t.pairs("days", o.Strategy.Days, "periods_per_year", o.Strategy.PeriodsAYear, "few_periods", o.Strategy.FewForYearly)
}

func (o *sheetOut) luck(t *text) {
	l := o.Luck
	kv := []any{}
	for _, x := range []struct {
		name string
		i    *report.Interval
	}{{"return_90%", l.Return}, {"sharpe_90%", l.Sharpe}, {"drawdown_90%", l.Drawdown}} {
		if x.i != nil {
			kv = append(kv, x.name, figure(&x.i.Low)+".."+figure(&x.i.High))
		}
	}
	kv = append(kv, "probabilistic_sharpe", figure(l.Probabilistic), "deflated_sharpe", figure(l.Deflated), "trials", l.Trials)
	if r := l.Random; r != nil {
		kv = append(kv, "random_traders_90%", figure(&r.Low)+".."+figure(&r.High), "beaten", figure(&r.Beaten))
	}
	t.pairs(kv...)
}

// figure shows a number with at most six decimals.
func figure(v *float64) string {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return "-"
	}
	x := rounded(*v)
	if x == 0 {
		x = 0 // never -0
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// firstLine keeps a text of others on one line.
func firstLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func first[T any](list []T, most int) []T { return list[:min(len(list), most)] }
