package tools_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools/optimize"
)

// accountOf is a broker that has an account and nothing else to say.
type accountOf struct {
	fakeBroker
	account pitwall.Account
}

func (b *accountOf) Account(context.Context, string) (pitwall.Account, error) { return b.account, nil }

// portfolioWorld has four random walks, of which C begins late and X ends early. A quarter
// of 1,000 is in A.
func portfolioWorld(t *testing.T, kind pitwall.AccountType) (*pitwall.World, *fakeClock, map[string][]pitwall.Bar) {
	bars := map[string][]pitwall.Bar{"A": walk(1, 320), "B": walk(2, 320), "C": walk(3, 320)[250:], "X": walk(4, 300)}
	w, clock := worldOf(t, last(bars["A"]), bars)
	w.Broker = accountIn(kind)
	return w, clock, bars
}

func accountIn(kind pitwall.AccountType) *accountOf {
	return &accountOf{account: pitwall.Account{Type: kind, Equity: pitwall.Int(1000), Positions: []pitwall.Position{{Symbol: "A", Qty: pitwall.One, Value: pitwall.Int(250)}}}}
}

type portfolioAnswer struct {
	Bars    int
	From    string
	To      string
	Weights []struct {
		Symbol       string
		Weight, Held float64
		Risk         float64 `json:"risk_share"`
		Beta         float64
	}
	Trades []struct {
		Symbol string
		Target float64 `json:"target_percent"`
		Change float64 `json:"change_percent"`
		Money  float64 `json:"notional"`
	}
	Notes []string
}

func optimized(t *testing.T, w *pitwall.World, args string) (out portfolioAnswer) {
	t.Helper()
	a := newSet().Call(trader(), w, "portfolio_optimize", json.RawMessage(args))
	require.False(t, a.IsError, a.Text)
	require.NoError(t, json.Unmarshal(a.JSON, &out))
	return out
}

// The weights are those of the newest closes alone, computed here from the bars.
func TestPortfolioOptimize(t *testing.T) {
	w, _, bars := portfolioWorld(t, "")
	got := optimized(t, w, `{"method":"min_variance","bars":100,"shrink":false}`)
	require.Equal(t, []string{"left out: C has 70 daily bars of 101"}, got.Notes, "X is listed no more")
	require.Equal(t, 100, got.Bars)
	require.Equal(t, "2000-11-15", got.To)
	var closes [][]float64
	for _, s := range []string{"A", "B"} {
		var list []float64
		for _, b := range bars[s][219:] {
			list = append(list, b.Close.Float())
		}
		closes = append(closes, list)
	}
	_, cov := optimize.Moments(optimize.Returns(closes), 252)
	a := (cov[1][1] - cov[0][1]) / (cov[0][0] + cov[1][1] - 2*cov[0][1]) // of two symbols, by hand
	require.InDelta(t, a, got.Weights[0].Weight, 6e-6)
	require.InDelta(t, 1-a, got.Weights[1].Weight, 6e-6)
	require.InDelta(t, 1, got.Weights[0].Risk+got.Weights[1].Risk, 1e-3)
	require.Equal(t, 0.25, got.Weights[0].Held)
	require.Len(t, got.Trades, 2)
	for _, x := range got.Trades {
		require.InDelta(t, 10*x.Change, x.Money, 0.01, "of 1,000")
		if x.Symbol == "A" {
			require.InDelta(t, 100*a, x.Target, 1e-4)
			require.InDelta(t, 100*a-25, x.Change, 1e-4)
		}
	}
	require.Empty(t, optimized(t, w, `{"method":"min_variance","bars":100,"min_trade":0.9}`).Trades)
	require.Len(t, optimized(t, w, `{"method":"max_sharpe","bars":60}`).Weights, 3, "C has begun")
}

// What is asked at a time through the wall over all bars is what the bars up to then give.
func TestPortfolioDoesNotLookAhead(t *testing.T) {
	w, clock, bars := portfolioWorld(t, "")
	for _, n := range []int{110, 200, 319} {
		clock.now = bars["A"][n-1].Known
		cut := map[string][]pitwall.Bar{}
		for s, list := range bars {
			for _, b := range list {
				if !b.Known.After(clock.now) {
					cut[s] = append(cut[s], b)
				}
			}
			if cut[s] == nil {
				delete(cut, s)
			}
		}
		then, _ := worldOf(t, clock.now, cut)
		then.Broker = accountIn("")
		for _, method := range []string{"min_variance", "max_sharpe", "risk_parity", "hierarchical_risk_parity"} {
			args := `{"method":"` + method + `","bars":60}`
			text := asked(t, w, "portfolio_optimize", args)
			require.Equal(t, asked(t, then, "portfolio_optimize", args), text)
			require.Contains(t, text, "\nweights: symbol,weight,held,risk_share,mean_percent,volatility_percent\n")
		}
	}
}

func TestPortfolioHedge(t *testing.T) {
	w, _, _ := portfolioWorld(t, pitwall.MarginAccount)
	got := optimized(t, w, `{"method":"min_variance","symbols":["A"],"hedge":"B","bars":100}`)
	beta := 0.0
	for _, x := range got.Weights {
		beta += x.Weight * x.Beta
	}
	require.InDelta(t, 0, beta, 1e-3)
	require.Equal(t, 1.0, got.Weights[0].Weight)
	require.Equal(t, 1.0, got.Weights[1].Beta)
	got = optimized(t, w, `{"method":"min_variance","symbols":["A","C"],"hedge":"B","neutral":"net","bars":60}`)
	require.Equal(t, "B", got.Weights[1].Symbol)
	require.Equal(t, -1.0, got.Weights[1].Weight)
	require.Equal(t, "B", got.Trades[0].Symbol, "the short pays for what is bought")
}

func TestPortfolioRefuses(t *testing.T) {
	cash, _, _ := portfolioWorld(t, "")
	margin, _, _ := portfolioWorld(t, pitwall.MarginAccount)
	for args, want := range map[string]string{
		`{"method":"best"}`:                                                            "min_variance",
		`{"method":"target_return"}`:                                                   "target_return without target; give target",
		`{"method":"max_volatility","target":0}`:                                       "give a volatility a year above 0",
		`{"method":"min_variance","target":0.1}`:                                       "min_variance takes no target",
		`{"method":"min_variance","min_weight":0.6,"max_weight":0.5}`:                  "the smaller one first",
		`{"method":"min_variance","max_weight":0.4,"bars":100}`:                        "no weights satisfy: A at most 0.4; together with: weights add up to 1, B at most 0.4; loosen one of them",
		`{"method":"min_variance","turnover_penalty":-1}`:                              "not below 0",
		`{"method":"min_variance","neutral":"net"}`:                                    "neutral without hedge",
		`{"method":"min_variance","hedge":"B"}`:                                        "this account does not short",
		`{"method":"min_variance","min_weight":-0.1}`:                                  "this account does not short",
		`{"method":"min_variance","bars":19}`:                                          "use 20 to 2520",
		`{"method":"min_variance","bars":320}`:                                         "NO_COVERAGE: 0 symbols with 321 daily bars; left out: A has 320 daily bars of 321",
		`{"method":"min_variance","symbols":["A","C"]}`:                                "NO_COVERAGE: C has 70 daily bars of 253; leave it out",
		`{"method":"min_variance","symbols":["A","NOPE"]}`:                             "UNKNOWN_SYMBOL",
		`{"method":"min_variance","bars":60,"sector_caps":{"Energy":0.5}}`:             `none of the symbols is of sector "Energy"`,
		`{"method":"risk_parity","bars":60,"max_weight":0.5}`:                          "risk_parity: risk parity takes no bounds",
		`{"method":"hierarchical_risk_parity","bars":60,"turnover_penalty":0.01}`:      "hierarchical risk parity takes no caps of sectors",
		`{"method":"max_sharpe","bars":100,"target":9}`:                                "no weights satisfy: a return above 9, the risk-free rate",
		`{"method":"target_return","bars":100,"target":9}`:                             "a return of at least 9",
		`{"method":"max_volatility","bars":100,"target":0.001,"symbols":["A","B"]}`:    "no weights satisfy: a volatility of at most 0.001",
		`{"method":"min_variance","bars":60,"symbols":["A","A"],"hedge":"A"}`:          "",
		`{"method":"min_variance","bars":60,"hedge":"A","neutral":"sideways"}`:         "beta",
		`{"method":"min_variance","bars":60,"symbols":["A","B"],"sector_caps":{"":1}}`: `none of the symbols is of sector ""`,
	} {
		require.Contains(t, asked(t, cash, "portfolio_optimize", args), want, args)
	}
	late, clock, bars := portfolioWorld(t, "")
	clock.now = bars["A"][307].Known
	require.Contains(t, asked(t, late, "portfolio_optimize", `{"method":"min_variance","symbols":["A","X"],"bars":60}`), "X has no bar since 2000-10-26")
	require.Equal(t, []string{"left out: C has 58 daily bars of 61", "left out: X has no bar since 2000-10-26"}, optimized(t, late, `{"method":"min_variance","bars":60}`).Notes)
	require.Contains(t, asked(t, margin, "portfolio_optimize", `{"method":"min_variance","symbols":["A"],"hedge":"A","bars":60}`), "NO_COVERAGE: 1 symbols")
	require.Contains(t, asked(t, margin, "portfolio_optimize", `{"method":"min_variance","symbols":["A","C"],"hedge":"B","neutral":"both","bars":60,"max_weight":0.6}`), "no weights satisfy")
}
