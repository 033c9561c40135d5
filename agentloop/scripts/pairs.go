package scripts

import (
	"fmt"
	"math"

	"pitwall/agentloop"
)

// pairs trades two symbols against each other: the log of a is regressed on that of b over the
// newest lookback bars, and what is left over is the spread. The pair is traded while the
// spread returns to its mean by the test of Engle and Granger, "Co-integration and error
// correction", Econometrica 55 (1987): the t of its change on its level is below critical,
// -3.34 for 5 % of two series (MacKinnon 2010). It goes in at enter standard deviations of the
// spread (2, as in Gatev, Goetzmann and Rouwenhorst, "Pairs trading", Review of Financial
// Studies 19, 2006), short what is dear, and out at leave (0.5), beyond stop (4) or when the
// spread has changed sides. Both legs together are gross (1) of equity, in proportion to the
// slope. It needs an account that shorts.
type pairs struct {
	a, b                                string
	lookback                            int
	enter, leave, stop, gross, critical float64
}

func newPairs(given map[string]any) (agentloop.Model, error) {
	p := read(given, "a", "b", "lookback", "enter", "leave", "stop", "gross", "critical")
	x := pairs{a: p.text("a", ""), b: p.text("b", ""), lookback: p.whole("lookback", 252, 20, 1000, "bars"),
		enter: p.number("enter", 2), leave: p.number("leave", 0.5), stop: p.number("stop", 4), gross: p.number("gross", 1), critical: -p.number("critical", 3.34)}
	switch {
	case x.a == "" || x.b == "" || x.a == x.b:
		p.bad("a and b", x.a+" and "+x.b, "two symbols")
	case x.leave >= x.enter || x.enter >= x.stop:
		p.bad("leave, enter and stop", fmt.Sprint(x.leave, ", ", x.enter, ", ", x.stop), "numbers that rise")
	}
	return script(x.reply), p.err
}

func (x pairs) reply(t turn) agentloop.Reply {
	switch t.step() {
	case 0:
		return agentloop.Reply{Calls: []agentloop.Call{call("orders_open_orders", struct{}{}), call("market_load_history_table", map[string]any{"symbols": []string{x.a, x.b}, "table": HistoryTable}),
			call("duckdb_query", map[string]any{"limit": x.lookback, "sql": fmt.Sprintf("SELECT x.date, x.close AS a, y.close AS b FROM %[1]s x JOIN %[1]s y ON x.date = y.date WHERE x.symbol = %[2]s AND y.symbol = %[3]s ORDER BY x.date DESC LIMIT %[4]d",
				HistoryTable, quoted(x.a), quoted(x.b), x.lookback)})}}
	case 1:
		if end, bad := failed("could not decide", t.last()); bad {
			return end
		}
		if len(block(t.last()[0].Text, "open_orders")) > 0 {
			return done("waiting for open orders")
		}
		return x.decide(t, query(t.last()[2].Text))
	}
	if end, bad := failed("an order failed", t.last()); bad {
		return end
	}
	return done("orders sent: %d; %s", len(t.last()), reason(t.Messages[t.step()].Reply.Calls[0]))
}

// quoted is a text in SQL.
func quoted(s string) string {
	out := "'"
	for _, r := range s {
		if out += string(r); r == '\'' {
			out += "'"
		}
	}
	return out + "'"
}

// spread is the regression of one log price on another.
type spread struct {
	slope float64
	z     float64 // the newest spread in standard deviations
	t     float64 // of the spread's change on its level: the more below 0, the faster it returns
}

// spreadOf regresses a on b, oldest first.
func spreadOf(a, b []float64) spread {
	n := float64(len(a))
	ma, mb := 0.0, 0.0
	for i := range a {
		ma, mb = ma+a[i]/n, mb+b[i]/n
	}
	ab, bb := 0.0, 0.0
	for i := range a {
		ab, bb = ab+float64((a[i]-ma)*(b[i]-mb)), bb+float64((b[i]-mb)*(b[i]-mb))
	}
	s := spread{slope: ab / bb}
	left := make([]float64, len(a))
	squares := 0.0
	for i := range a {
		left[i] = a[i] - ma - float64(s.slope*(b[i]-mb))
		squares += float64(left[i] * left[i])
	}
	s.z = left[len(left)-1] / math.Sqrt(squares/(n-2))
	level, moves := 0.0, 0.0
	for i := 1; i < len(left); i++ {
		level, moves = level+float64(left[i-1]*left[i-1]), moves+float64(left[i-1]*(left[i]-left[i-1]))
	}
	rho, errs := moves/level, 0.0
	for i := 1; i < len(left); i++ {
		e := left[i] - left[i-1] - float64(rho*left[i-1])
		errs += float64(e * e)
	}
	s.t = rho / math.Sqrt(errs/(n-2)/level)
	return s
}

func (x pairs) decide(t turn, rows []map[string]string) agentloop.Reply {
	if len(rows) < x.lookback {
		return done("%d of %d days with both symbols", len(rows), x.lookback)
	}
	var a, b []float64
	for i := len(rows) - 1; i >= 0; i-- { // the newest is first
		a, b = append(a, math.Log(number(rows[i]["a"]))), append(b, math.Log(number(rows[i]["b"])))
	}
	s := spreadOf(a, b)
	held := t.shares()
	figures := fmt.Sprintf("spread %.2f deviations, slope %.3f, t %.2f", s.z, s.slope, s.t)
	side := held[x.a]
	switch {
	case side == 0 && held[x.b] == 0:
		if !(s.t < x.critical) || !(s.slope > 0) || !(math.Abs(s.z) >= x.enter) || math.Abs(s.z) >= x.stop {
			return done("no pair to trade: %s", figures)
		}
		one, other := x.gross/(1+s.slope), x.gross*s.slope/(1+s.slope)
		if s.z > 0 {
			one = -one
		} else {
			other = -other
		}
		orders := []agentloop.Call{target(x.a, math.Trunc(one*1e4)/100, figures), target(x.b, math.Trunc(other*1e4)/100, figures)}
		if one > 0 { // the short first: it pays
			orders[0], orders[1] = orders[1], orders[0]
		}
		return agentloop.Reply{Calls: orders}
	case side != 0 && held[x.b] != 0 && math.Abs(s.z) > x.leave && math.Abs(s.z) <= x.stop && (s.z > 0) == (side < 0):
		return done("the pair stays: %s", figures)
	}
	var orders []agentloop.Call
	for _, symbol := range []string{x.a, x.b} {
		if held[symbol] != 0 {
			orders = append(orders, target(symbol, 0, "out: "+figures))
		}
	}
	return agentloop.Reply{Calls: orders}
}
