package risk

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"pitwall"
)

// Risk implements pitwall.Risk: the figures that limits are compared with, by the same
// code, for what is held now and with open orders.
func (g *Guard) Risk(ctx context.Context, book string) ([]pitwall.RiskFigure, error) {
	a, err := g.broker.Account(ctx, cmp.Or(book, pitwall.MainBook))
	if err != nil {
		return nil, err
	}
	_, back, _ := g.limits.lookBack()
	s := Snapshot{Now: g.clock.Now()}
	g.look(ctx, &s, pitwall.Order{Book: a.Book}, max(back, Measured{Days: defaultTail}.span()))
	return g.limits.Measure(s), nil
}

// gauge is a figure being measured.
type gauge struct {
	name, key string
	looks     Measured // of statistics: the limit, or the usual days
	of        func(t *trial, orders []pitwall.OrderState) (pitwall.Dec, bool)
}

// Measure returns what a portfolio risks beside the limits. It is pure: it reads nothing
// but s.
func (l Limits) Measure(s Snapshot) []pitwall.RiskFigure {
	usual := func(limit Limit[Measured], days int) Measured {
		m, _ := limit.Get()
		m.Days = cmp.Or(m.Days, days)
		return m
	}
	volatility, pairs := usual(l.MaxVolatility, defaultDays), usual(l.MaxMeanCorrelation, defaultDays)
	worst, mean := usual(l.MaxVaR, defaultTail), usual(l.MaxShortfall, defaultTail)
	gauges := []gauge{
		{name: "gross_percent", key: "max_gross_percent", of: func(t *trial, o []pitwall.OrderState) (pitwall.Dec, bool) { return t.part(o, grossOf, hundred) }},
		{name: "net_percent", key: "max_net_percent", of: (*trial).netPart},
		{name: "leverage", key: "max_leverage", of: func(t *trial, o []pitwall.OrderState) (pitwall.Dec, bool) { return t.part(o, grossOf, pitwall.One) }},
		{name: "mean_correlation", key: "max_mean_correlation", looks: pairs, of: func(t *trial, o []pitwall.OrderState) (pitwall.Dec, bool) {
			v, _, _, ok := t.pairs(o, pairs.Days)
			return v, ok
		}},
		{name: "volatility_percent", key: "max_volatility_percent", looks: volatility, of: func(t *trial, o []pitwall.OrderState) (pitwall.Dec, bool) {
			v, _, ok := t.yearly(o, volatility.Days)
			return v, ok
		}},
		{name: "var95_percent", key: "max_var_percent", looks: worst, of: func(t *trial, o []pitwall.OrderState) (pitwall.Dec, bool) {
			v, _, ok := t.badDay(o, worst.Days, valueAtRisk)
			return v, ok
		}},
		{name: "shortfall95_percent", key: "max_shortfall_percent", looks: mean, of: func(t *trial, o []pitwall.OrderState) (pitwall.Dec, bool) {
			v, _, ok := t.badDay(o, mean.Days, shortfall)
			return v, ok
		}},
	}
	values := l.Values()
	var list []pitwall.RiskFigure
	for i, x := range gauges {
		if list = append(list, l.gauge(s, x, values)); i == 2 {
			list = append(list, l.shares(s, values)...)
		}
	}
	return append(list, l.fallen(s, values))
}

// gauge measures one figure, as held and with open orders.
func (l Limits) gauge(s Snapshot, x gauge, values map[string]string) pitwall.RiskFigure {
	f := pitwall.RiskFigure{Name: x.name, Key: x.key, Limit: values[x.key]}
	t := &trial{limits: l, s: s, row: row{key: x.name, bars: x.looks.span()}}
	measured := func(orders []pitwall.OrderState) *pitwall.Dec {
		v, ok := x.of(t, orders)
		switch {
		case t.calc.Err != nil:
			f.Reason = fmt.Sprintf("%s: %v", x.name, t.calc.Err)
		case len(t.failures) > 0:
			f.Reason = t.failures[0].Text
		case !ok:
			f.Reason = x.name + " needs two symbols"
		default:
			return &v
		}
		return nil
	}
	f.Value = measured([]pitwall.OrderState{})
	if len(s.Open) > 0 && f.Value != nil {
		f.Worst = measured(s.Open)
	}
	return f
}

// part is a figure over all spans as a part of equity.
func (t *trial) part(orders []pitwall.OrderState, f figure, whole pitwall.Dec) (pitwall.Dec, bool) {
	list, ok := t.spans(orders)
	if !ok {
		return 0, false
	}
	equity, ok := t.equity()
	return t.calc.MulDiv(f(&t.calc, list), whole, max(equity, 1)), ok
}

// netPart is the net exposure, below 0 when more is short than long. With orders it is
// the end farther from 0, without a sign, as the limit counts it.
func (t *trial) netPart(orders []pitwall.OrderState) (pitwall.Dec, bool) {
	if len(orders) > 0 {
		return t.part(orders, netOf, hundred)
	}
	return t.part(orders, func(c *pitwall.Calc, list []span) (total pitwall.Dec) {
		for _, s := range list {
			total = c.Add(total, s.nowM)
		}
		return total
	}, hundred)
}

// shares are the largest position, that of open orders too where it is another symbol's,
// and each sector.
func (l Limits) shares(s Snapshot, values map[string]string) (list []pitwall.RiskFigure) {
	t := &trial{limits: l, s: s, row: row{key: "positions"}}
	all, ok := t.spans(s.Open)
	if !ok {
		return []pitwall.RiskFigure{{Name: "largest_position_percent", Key: "max_symbol_percent", Limit: values["max_symbol_percent"], Reason: t.failures[0].Text}}
	}
	var largest, sectors []string
	for _, of := range []func(span) pitwall.Dec{func(s span) pitwall.Dec { return s.nowM.Abs() }, span.worst} {
		if len(all) > 0 {
			if x := slices.MaxFunc(all, func(a, b span) int { return cmp.Compare(of(a), of(b)) }); of(x) != 0 {
				largest = append(largest, x.symbol)
			}
		}
	}
	if len(largest) == 0 {
		largest = []string{""}
	}
	for _, x := range all {
		sectors = append(sectors, t.sector(x.symbol))
	}
	slices.Sort(sectors)
	add := func(name, key, of string, in func(symbol string) bool) {
		f := l.gauge(s, gauge{name: name, key: key, of: func(t *trial, orders []pitwall.OrderState) (pitwall.Dec, bool) {
			return t.part(orders, func(c *pitwall.Calc, list []span) pitwall.Dec {
				return grossOf(c, slices.DeleteFunc(slices.Clone(list), func(x span) bool { return !in(x.symbol) }))
			}, hundred)
		}}, values)
		f.Of = of
		list = append(list, f)
	}
	for _, symbol := range slices.Compact(largest) {
		add("largest_position_percent", "max_symbol_percent", symbol, func(s string) bool { return s == symbol })
	}
	for _, sector := range slices.Compact(sectors) {
		add("sector_percent", "max_sector_percent", sector, func(s string) bool { return t.sector(s) == sector })
	}
	return list
}

// fallen is the fall of equity from its highest.
func (l Limits) fallen(s Snapshot, values map[string]string) pitwall.RiskFigure {
	return l.gauge(Snapshot{Account: s.Account}, gauge{name: "drawdown_percent", key: "max_drawdown_percent", of: func(t *trial, _ []pitwall.OrderState) (pitwall.Dec, bool) {
		a := t.s.Account
		if a == nil || a.PeakEquity <= 0 {
			t.missing("the highest equity, which this broker does not tell")
			return 0, false
		}
		return t.calc.MulDiv(max(0, t.calc.Sub(a.PeakEquity, a.Equity)), hundred, a.PeakEquity), true
	}}, values)
}
