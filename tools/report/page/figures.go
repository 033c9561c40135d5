package page

import (
	"fmt"

	"pitwall/tools/report"
)

// figures are all figures, with the variant of each.
func figures(s *report.Sheet) []table {
	return []table{curves(s), relative(s), activity(s), trading(s)}
}

// curves sets the run, its benchmark and buying and holding side by side.
func curves(s *report.Sheet) table {
	t := table{ID: "figures-curve", Caption: "Over daily closing equity, the starting cash included", Head: columns("tnnnt", "Figure", "Run", "Benchmark", "Buy and hold", "Formula")}
	if s.Run.Benchmark != "" {
		t.Head[2].Name = clean(s.Run.Benchmark)
	}
	all := []*report.Stats{&s.Strategy, s.Benchmark, s.BuyHold}
	add := func(name, variant string, of func(*report.Stats) string) {
		row := []cell{{Text: name}}
		for _, f := range all {
			text := missing
			if f != nil {
				text = of(f)
			}
			row = append(row, cell{Text: text})
		}
		t.Rows = append(t.Rows, append(row, cell{Text: variant}))
	}
	pct := func(name, variant string, digits int, of func(*report.Stats) *float64) {
		add(name, variant, func(f *report.Stats) string { return percent(of(f), digits) })
	}
	num := func(name, variant string, of func(*report.Stats) *float64) {
		add(name, variant, func(f *report.Stats) string { return number(of(f), 3) })
	}
	// A size has no plus: it cannot be less than nothing.
	size := func(name, variant string, of func(*report.Stats) *float64) {
		add(name, variant, func(f *report.Stats) string { return share(of(f), 2) })
	}
	pct("Total return", "last / first - 1", 2, func(f *report.Stats) *float64 { return f.TotalReturn })
	pct("CAGR", "(last / first)^(periods a year / daily returns) - 1", 2, func(f *report.Stats) *float64 { return f.CAGR })
	size("Volatility", "standard deviation of daily returns, n-1, annualized", func(f *report.Stats) *float64 { return f.Volatility })
	num("Sharpe", "mean / standard deviation (n-1), annualized, risk-free rate 0", func(f *report.Stats) *float64 { return f.Sharpe })
	num("Sortino", "mean / downside deviation over all days, target 0, annualized", func(f *report.Stats) *float64 { return f.Sortino })
	size("Downside deviation", "root of the mean square of min(r, 0), annualized", func(f *report.Stats) *float64 { return f.DownsideDev })
	pct("Max drawdown", "min(E / peak - 1), of days' ends", 2, func(f *report.Stats) *float64 { return f.MaxDrawdown })
	num("Calmar", "CAGR / |max drawdown|", func(f *report.Stats) *float64 { return f.Calmar })
	add("Longest under water", "daily points below a peak", func(f *report.Stats) string { return fmt.Sprint(f.UnderWater) })
	size("Ulcer index", "sqrt(sum of drawdown^2 / (n - 1))", func(f *report.Stats) *float64 { return f.Ulcer })
	num("Omega", "sum of gains / sum of losses, threshold 0", func(f *report.Stats) *float64 { return f.Omega })
	size("Days won", "of days that moved", func(f *report.Stats) *float64 { return f.WinRate })
	num("Profit factor of days", "sum of gains / sum of losses", func(f *report.Stats) *float64 { return f.ProfitFactor })
	num("Payoff of days", "mean gain / mean loss", func(f *report.Stats) *float64 { return f.Payoff })
	num("Tail ratio", "|95th percentile| / |5th percentile|", func(f *report.Stats) *float64 { return f.TailRatio })
	pct("VaR 95 %", "historical, a day", 2, func(f *report.Stats) *float64 { return f.VaR95 })
	pct("VaR 95 %", "normal, a day", 2, func(f *report.Stats) *float64 { return f.VaR95Normal })
	pct("Expected shortfall 95 %", "mean of the worst 5 % of days", 2, func(f *report.Stats) *float64 { return f.ES95 })
	num("Skew", "population moments", func(f *report.Stats) *float64 { return f.Skew })
	num("Kurtosis", "population moments, 3 for a normal distribution", func(f *report.Stats) *float64 { return f.Kurtosis })
	pct("Best day", "", 2, func(f *report.Stats) *float64 { return f.Best })
	pct("Worst day", "", 2, func(f *report.Stats) *float64 { return f.Worst })
	add("Daily returns", "", func(f *report.Stats) string { return fmt.Sprint(f.Days) })
	add("Periods a year", "252, or 365 when weekends trade", func(f *report.Stats) string { return fmt.Sprint(f.PeriodsAYear) })
	return t
}

func short(id, caption string, rows ...[3]string) table {
	t := table{ID: id, Caption: caption, Head: columns("tnt", "Figure", "Value", "Formula")}
	for _, r := range rows {
		t.Rows = append(t.Rows, cells(r[0], r[1], r[2]))
	}
	return t
}

func relative(s *report.Sheet) table {
	x := s.Relative
	if x == nil {
		return short("figures-relative", "Against the benchmark")
	}
	return short("figures-relative", "Against "+clean(x.Against),
		[3]string{"Excess return", excess(x.Excess), "total return less the benchmark's"},
		[3]string{"Beta", number(x.Beta, 3), "of daily returns"},
		[3]string{"Alpha, arithmetic", percent(x.Alpha, 2), "(mean r - beta * mean b) * periods a year"},
		[3]string{"Alpha, compounded", percent(x.AlphaCompound, 2), "(1 + mean(r - beta * b))^periods - 1"},
		[3]string{"Correlation", number(x.Correlation, 3), ""},
		[3]string{"Information ratio", number(x.InformationRatio, 4), "of a period, not annualized"},
		[3]string{"Tracking error", share(x.TrackingError, 2), "annualized"})
}

func activity(s *report.Sheet) table {
	a, h := s.Activity, s.Headline
	rows := [][3]string{
		{"Exposure", share(a.Exposure, 1), "share of steps with a position"},
		{"Gross exposure", share(a.GrossExposure, 1), "mean of (sum |position|) / equity"},
		{"Net exposure", percent(a.NetExposure, 1), "mean of (sum position) / equity"},
		{"Turnover a day", share(a.Turnover, 2), "mean of traded value / equity"},
		{"Turnover a year", number(a.TurnoverYearly, 2), "the same times periods a year: how often equity was traded"},
		{"Traded", number(&a.Traded, 2), "money, both ways"},
		{"Holding time, mean", number(a.HoldingMean, 1), "calendar days of closed trades"},
		{"Holding time, median", number(a.HoldingMedian, 1), "calendar days of closed trades"},
		{"Orders", group(fmt.Sprint(h.Orders)), ""},
		{"Orders rejected", fmt.Sprint(h.Rejected), "by the venue"},
		{"Orders denied", fmt.Sprint(h.Denied), "by limits"},
		{"Fills", group(fmt.Sprint(h.Fills)), ""},
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
