package page

import (
	"fmt"

	"pitwall/tools/report"
)

// curves sets the run, its benchmark and buying and holding side by side.
func curves(s *report.Sheet) table {
	t := table{ID: "figures-curve", Caption: "Over daily closing equity, the starting cash included", Head: columns("tnnnt", "Figure", "Run", "Benchmark", "Buy and hold", "Formula")}
	if s.Run.Benchmark != "" {
		t.Head[2].Name = clean(s.Run.Benchmark)
	}
	pct := func(v *float64) string { return percent(v, 2) }
	size := func(v *float64) string { return share(v, 2) } // without a plus: it cannot be less than nothing
	num := func(v *float64) string { return number(v, 3) }
	whole := func(v *float64) string { return fmt.Sprint(*v) }
	for _, x := range []struct {
		name, variant string
		write         func(*float64) string
		of            func(*report.Stats) *float64
	}{
		{"Total return", "last / first - 1", pct, func(f *report.Stats) *float64 { return f.TotalReturn }},
		{"CAGR", "(last / first)^(periods a year / daily returns) - 1", pct, func(f *report.Stats) *float64 { return f.CAGR }},
		{"Volatility", "standard deviation of daily returns, n-1, annualized", size, func(f *report.Stats) *float64 { return f.Volatility }},
		{"Sharpe", "mean / standard deviation (n-1), annualized, risk-free rate 0", num, func(f *report.Stats) *float64 { return f.Sharpe }},
		{"Sortino", "mean / downside deviation over all days, target 0, annualized", num, func(f *report.Stats) *float64 { return f.Sortino }},
		{"Downside deviation", "root of the mean square of min(r, 0), annualized", size, func(f *report.Stats) *float64 { return f.DownsideDev }},
		{"Max drawdown", "min(E / peak - 1), of days' ends", pct, func(f *report.Stats) *float64 { return f.MaxDrawdown }},
		{"Calmar", "CAGR / |max drawdown|", num, func(f *report.Stats) *float64 { return f.Calmar }},
		{"Longest under water", "daily points below a peak", whole, func(f *report.Stats) *float64 { return new(float64(f.UnderWater)) }},
		{"Ulcer index", "sqrt(sum of drawdown^2 / (n - 1))", size, func(f *report.Stats) *float64 { return f.Ulcer }},
		{"Omega", "sum of gains / sum of losses, threshold 0", num, func(f *report.Stats) *float64 { return f.Omega }},
		{"Days won", "of days that moved", size, func(f *report.Stats) *float64 { return f.WinRate }},
		{"Profit factor of days", "sum of gains / sum of losses", num, func(f *report.Stats) *float64 { return f.ProfitFactor }},
		{"Payoff of days", "mean gain / mean loss", num, func(f *report.Stats) *float64 { return f.Payoff }},
		{"Tail ratio", "|95th percentile| / |5th percentile|", num, func(f *report.Stats) *float64 { return f.TailRatio }},
		{"VaR 95 %", "historical, a day", pct, func(f *report.Stats) *float64 { return f.VaR95 }},
		{"VaR 95 %", "normal, a day", pct, func(f *report.Stats) *float64 { return f.VaR95Normal }},
		{"Expected shortfall 95 %", "mean of the worst 5 % of days", pct, func(f *report.Stats) *float64 { return f.ES95 }},
		{"Skew", "population moments", num, func(f *report.Stats) *float64 { return f.Skew }},
		{"Kurtosis", "population moments, 3 for a normal distribution", num, func(f *report.Stats) *float64 { return f.Kurtosis }},
		{"Best day", "", pct, func(f *report.Stats) *float64 { return f.Best }},
		{"Worst day", "", pct, func(f *report.Stats) *float64 { return f.Worst }},
		{"Daily returns", "", whole, func(f *report.Stats) *float64 { return new(float64(f.Days)) }},
		{"Periods a year", "252; 365 when weekends trade, 52 of weeks, 12 of months", whole, func(f *report.Stats) *float64 { return new(f.PeriodsAYear) }},
	} {
		row := cells(x.name, missing, missing, missing, x.variant)
		for i, f := range []*report.Stats{&s.Strategy, s.Benchmark, s.BuyHold} {
			if f != nil {
				row[i+1].Text = x.write(x.of(f))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// short returns a table with a column of figures.
func short(id, caption string, rows ...[3]string) table {
	t := table{ID: id, Caption: caption, Head: columns("tnt", "Figure", "Value", "Formula")}
	for _, r := range rows {
		t.Rows = append(t.Rows, cells(r[:]...))
	}
	return t
}

func relative(s *report.Sheet) table {
	x := s.Relative
	if x == nil {
		return table{}
	}
	return short("figures-relative", "Against "+clean(x.Against),
		[3]string{"Excess return", excess(x.Excess), "total return less the benchmark's"},
		[3]string{"Beta", number(x.Beta, 3), "of returns between days on which both have a price"},
		[3]string{"Alpha, arithmetic", percent(x.Alpha, 2), "(mean r - beta * mean b) * periods a year"},
		[3]string{"Alpha, compounded", percent(x.AlphaCompound, 2), "(1 + mean(r - beta * b))^periods - 1"},
		[3]string{"Correlation", number(x.Correlation, 3), ""},
		[3]string{"Information ratio", number(x.InformationRatio, 3), "annualized"},
		[3]string{"Tracking error", share(x.TrackingError, 2), "annualized"})
}

func activity(s *report.Sheet) table {
	a, h := s.Activity, s.Headline
	rows := [][3]string{
		{"Exposure", share(a.Exposure, 1), "mean of (sum |position|) / equity"},
		{"Net exposure", percent(a.NetExposure, 1), "mean of (sum position) / equity"},
		{"Time held", share(a.TimeHeld, 1), "share of steps with a position"},
		{"Turnover a day", share(a.Turnover, 2), "mean of traded value / equity"},
		{"Turnover a year", number(a.TurnoverYearly, 2), "the same times periods a year: how often equity was traded"},
		{"Traded", number(&a.Traded, 2), "money, both ways"},
		{"Holding time, mean", number(a.HoldingMean, 1), "calendar days of closed trades"},
		{"Holding time, median", number(a.HoldingMedian, 1), "calendar days of closed trades"},
		{"Orders", report.Group(fmt.Sprint(h.Orders)), ""},
		{"Orders rejected", fmt.Sprint(h.Rejected), "by the venue"},
		{"Orders denied", fmt.Sprint(h.Denied), "by limits"},
		{"Fills", report.Group(fmt.Sprint(h.Fills)), ""},
	}
	for _, d := range h.DeniedBy {
		rows = append(rows, [3]string{"Denied by " + clean(d.Limit), fmt.Sprint(d.Count), ""})
	}
	return short("figures-activity", "What was held and traded", rows...)
}

func trading(s *report.Sheet) table {
	x := s.Trading
	return short("figures-trades", "Over closed trades, first in first out, after fees, without dividends",
		[3]string{"Closed", fmt.Sprint(x.Closed), ""},
		[3]string{"Open", fmt.Sprint(x.Open), "valued at the last known price"},
		[3]string{"Won and lost", fmt.Sprintf("%d and %d", x.Won, x.Lost), ""},
		[3]string{"Win rate", share(x.WinRate, 1), "wins / all closed trades, those at zero included"},
		[3]string{"Profit factor", number(x.ProfitFactor, 3), "sum of gains / sum of losses"},
		[3]string{"Expectancy", number(x.Expectancy, 2), "mean money of a trade"},
		[3]string{"Average win", number(x.AverageWin, 2), ""},
		[3]string{"Average loss", number(x.AverageLoss, 2), ""},
		[3]string{"Largest win", number(x.Largest, 2), ""},
		[3]string{"Largest loss", number(x.Smallest, 2), ""})
}

func excess(v *float64) string {
	if v == nil {
		return missing
	}
	return points(*v)
}

// textTables returns tables of text as the page has them.
func textTables(of []report.TextTable) (list []table) {
	for _, x := range of {
		t := table{ID: x.ID, Caption: clean(x.Caption), Head: columns(x.Kinds, x.Head...)}
		for _, row := range x.Rows {
			for i := range row {
				row[i] = clean(row[i])
			}
			t.Rows = append(t.Rows, cells(row...))
		}
		list = append(list, t)
	}
	return list
}
