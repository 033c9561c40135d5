package risk_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/risk"
)

// measured returns the figures of a desk's main book by name and what they are about.
func measured(t *testing.T, d *desk) (list map[string]pitwall.RiskFigure, order []string) {
	t.Helper()
	figures, err := d.Risk(context.Background(), "")
	require.NoError(t, err)
	list = map[string]pitwall.RiskFigure{}
	for _, f := range figures {
		key := f.Name + f.Of
		require.NotContains(t, list, key)
		list[key], order = f, append(order, key)
	}
	return list, order
}

// Equity is 10,000. 40 A at 100 are 40 % in tech, -100 C at 10 are -10 % in food. An open
// order for 20 B at 50 would add 10 % to tech.
func TestMeasureExposure(t *testing.T) {
	d := newDesk(t, limits{"max_gross_percent": 55, "max_sector_percent": 45, "max_drawdown_percent": limits{"limit": 20, "then": "halt"}})
	d.move("A", n("40"))
	d.move("C", n("-100"))
	d.venue.peak = pitwall.Int(12_500)
	value := func(x string) *pitwall.Dec { v := n(x); return &v }
	want := []pitwall.RiskFigure{
		{Name: "gross_percent", Value: value("50"), Key: "max_gross_percent", Limit: "55"},
		{Name: "net_percent", Value: value("30"), Key: "max_net_percent"},
		{Name: "leverage", Value: value("0.5"), Key: "max_leverage"},
		{Name: "largest_position_percent", Of: "A", Value: value("40"), Key: "max_symbol_percent"},
		{Name: "sector_percent", Of: "food", Value: value("10"), Key: "max_sector_percent", Limit: "45"},
		{Name: "sector_percent", Of: "tech", Value: value("40"), Key: "max_sector_percent", Limit: "45"},
		{Name: "mean_correlation", Key: "max_mean_correlation", Reason: "mean_correlation needs 20 common daily returns of A, C; there are 0"},
		{Name: "volatility_percent", Key: "max_volatility_percent", Reason: "volatility_percent needs 20 common daily returns of A, C; there are 0"},
		{Name: "var95_percent", Key: "max_var_percent", Reason: "var95_percent needs 60 common daily returns of A, C; there are 0"},
		{Name: "shortfall95_percent", Key: "max_shortfall_percent", Reason: "shortfall95_percent needs 60 common daily returns of A, C; there are 0"},
		{Name: "drawdown_percent", Value: value("20"), Key: "max_drawdown_percent", Limit: "20, then halt"}, // from 12,500
	}
	figures, err := d.Risk(context.Background(), pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, want, figures)

	d.rest(t, b("B", "20"))
	list, _ := measured(t, d)
	for key, worst := range map[string]string{"gross_percent": "60", "net_percent": "40", "leverage": "0.6", "largest_position_percentA": "40", "sector_percentfood": "10", "sector_percenttech": "50"} {
		require.Equal(t, value(worst), list[key].Worst, key)
	}
	require.Equal(t, value("50"), list["gross_percent"].Value)
	require.Nil(t, list["drawdown_percent"].Worst)
	d.rest(t, named("large", b("B", "120")))
	list, _ = measured(t, d)
	require.Equal(t, value("40"), list["largest_position_percentA"].Value)
	require.Equal(t, value("0"), list["largest_position_percentB"].Value, "it is only ordered")
	require.Equal(t, value("70"), list["largest_position_percentB"].Worst)
	d.move("A", n("-80"))
	list, _ = measured(t, d)
	require.Equal(t, value("-50"), list["net_percent"].Value, "-4,000 and -1,000")

	// What is ordered next is denied with the figure that is shown with it.
	d = newDesk(t, limits{"max_gross_percent": 55})
	d.move("A", n("40"))
	state := d.submit(t, b("B", "40"))
	require.Equal(t, risk.GrossExposure, state.Error.Code)
	d = newDesk(t, limits{"max_positions": 100})
	d.move("A", n("40"))
	d.rest(t, b("B", "40"))
	list, _ = measured(t, d)
	require.Equal(t, state.Error.Checks[0].Observed, list["gross_percent"].Worst.String())
}

// The figures of TestTails, one position worth all of equity: of 60 days the fourth worst
// is VaR 5 %, the mean of the three worst 8 %. The volatility is computed here once more.
func TestMeasureStatistics(t *testing.T) {
	d := newDesk(t, limits{"max_var_percent": limits{"limit": 4, "days": 60}})
	returns := loses(60, 9, 8, 7, 5)
	path(d, "A", returns)
	d.venue.cash = d.market.bars["A"][60].Close * 10
	d.move("A", n("10"))
	list, _ := measured(t, d)
	require.Equal(t, "5", list["var95_percent"].Value.String())
	require.Equal(t, "4 over 60 days", list["var95_percent"].Limit)
	require.Equal(t, "8", list["shortfall95_percent"].Value.String())
	sum, squares := 0., 0.
	for _, r := range returns {
		sum, squares = sum+float64(r), squares+float64(r*r)
	}
	require.InDelta(t, math.Sqrt((squares-sum*sum/60)/59*252), list["volatility_percent"].Value.Float(), 1e-6)
	require.Equal(t, "mean_correlation needs two symbols", list["mean_correlation"].Reason)

	// Against what moves the other way: the pair is -1.
	path(d, "C", week(60, -1, 1))
	path(d, "A", week(60, 1, -1))
	d.move("C", n("1"))
	list, _ = measured(t, d)
	require.Equal(t, "-1", list["mean_correlation"].Value.String())
	d.move("C", n("-2"))
	list, _ = measured(t, d)
	require.Equal(t, "1", list["mean_correlation"].Value.String(), "short it moves alike")
}

// Nothing held risks nothing; what cannot be read has its reason.
func TestMeasureWithoutFigures(t *testing.T) {
	d := newDesk(t, limits{"max_positions": 100})
	list, order := measured(t, d)
	require.Equal(t, []string{"gross_percent", "net_percent", "leverage", "largest_position_percent", "mean_correlation", "volatility_percent", "var95_percent", "shortfall95_percent", "drawdown_percent"}, order)
	for _, key := range []string{"gross_percent", "net_percent", "largest_position_percent", "volatility_percent", "var95_percent", "shortfall95_percent"} {
		require.Equal(t, "0", list[key].Value.String(), key)
	}
	require.Equal(t, "drawdown_percent needs the highest equity, which this broker does not tell", list["drawdown_percent"].Reason)
	d.move("Z", n("1"))
	list, _ = measured(t, d)
	require.Equal(t, "gross_percent needs the reference price of Z", list["gross_percent"].Reason)
	require.Nil(t, list["gross_percent"].Value)
	d = deskWith(risk.NoLimits())
	d.move("A", n("1"))
	list, _ = measured(t, d)
	require.Equal(t, "1", list["gross_percent"].Value.String(), "without limits it is measured too")
	d.venue.blind = true
	_, err := d.Risk(context.Background(), "")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// restating is a market that takes down how bars are asked for.
type restating struct {
	*market
	asked []pitwall.Adjustment
}

func (m *restating) Bars(ctx context.Context, q pitwall.BarQuery) ([]pitwall.Bar, error) {
	m.asked = append(m.asked, q.Adjusted)
	return m.market.Bars(ctx, q)
}

// A split halves a price and loses nothing: returns are of bars restated for splits.
func TestSplitsAreNoLosses(t *testing.T) {
	d := newDesk(t, limits{"max_positions": 100})
	m := &restating{market: d.market}
	l, err := risk.Parse(limits{"max_var_percent": 5})
	require.NoError(t, err)
	g := risk.New(d.venue, d.journal, d.clock, m, m, l)
	_, err = g.Submit(context.Background(), b("A", "1"))
	require.NoError(t, err)
	d.move("A", n("1"))
	_, err = g.Risk(context.Background(), "")
	require.NoError(t, err)
	require.NotEmpty(t, m.asked)
	for _, a := range m.asked {
		require.Equal(t, pitwall.SplitAdjusted, a)
	}
}
