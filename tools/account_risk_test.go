package tools_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// gauges is a world's risk as it was given.
type gauges struct {
	list []pitwall.RiskFigure
	err  error
}

func (g gauges) Risk(context.Context, string) ([]pitwall.RiskFigure, error) { return g.list, g.err }

func TestPortfolioRisk(t *testing.T) {
	w, _ := liveWorld()
	require.Contains(t, asked(t, w, "account_portfolio", `{"risk":true}`), "NO_COVERAGE")
	require.NotContains(t, asked(t, w, "account_portfolio", ""), "risk:")
	gross, after := pitwall.Int(50), pitwall.Int(200)/3
	w.Risk = gauges{list: []pitwall.RiskFigure{
		{Name: "gross_percent", Value: &gross, Worst: &after, Key: "max_gross_percent", Limit: "55"},
		{Name: "sector_percent", Of: "tech", Value: &gross},
		{Name: "var95_percent", Key: "max_var_percent", Reason: "too few returns"},
	}}
	require.Contains(t, asked(t, w, "account_portfolio", `{"risk":true}`), "\nrisk: name,of,value,with_open_orders,limit,why\ngross_percent,,50,66.666667,max_gross_percent 55,\nsector_percent,tech,50,,,\nvar95_percent,,null,,,too few returns\n")
	require.NotContains(t, asked(t, w, "account_portfolio", ""), "risk:")
	w.Risk = gauges{err: errors.New("no answer")}
	require.Contains(t, asked(t, w, "account_portfolio", `{"risk":true}`), "INTERNAL")
}
