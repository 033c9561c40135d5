package tools

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"pitwall"
	"pitwall/tools/optimize"
)

// PortfolioTool is listed only in worlds with two or more symbols to trade; see [Set.Fit].
const PortfolioTool = "portfolio_optimize"

// optimizeMethod says what the weights are to be best at.
type optimizeMethod string

// neutrality says what a hedge takes out.
type neutrality string

// The methods and the kinds of hedge.
const (
	minVariance   optimizeMethod = "min_variance"
	maxSharpe     optimizeMethod = "max_sharpe"
	targetReturn  optimizeMethod = "target_return"
	maxVolatility optimizeMethod = "max_volatility"
	riskParity    optimizeMethod = "risk_parity"
	hierarchical  optimizeMethod = "hierarchical_risk_parity"

	betaNeutral neutrality = "beta"
	netNeutral  neutrality = "net"
	bothNeutral neutrality = "both"
)

// maxHedge bounds the weight of a hedge either way.
const maxHedge = 2.0

func addPortfolio(s *Set) {
	add(s, Tool{Name: PortfolioTool, Title: "Optimize the portfolio", Idempotent: true,
		Description: "Weights (shares of equity) by known daily bars, and the trades that reach them; it orders nothing: send each trade with orders_submit and its target_percent."}, portfolioOptimize)
}

type optimizeIn struct {
	Method  optimizeMethod     `json:"method"`
	Target  *float64           `json:"target,omitempty" jsonschema:"a year, 0.1 = 10 %: return of target_return, volatility of max_volatility, risk-free rate of max_sharpe"`
	Symbols []string           `json:"symbols,omitempty" jsonschema:"default all tradable"`
	Bars    *int               `json:"bars,omitempty" jsonschema:"daily returns used, default 252"`
	Least   *float64           `json:"min_weight,omitempty" jsonschema:"default 0"`
	Most    *float64           `json:"max_weight,omitempty" jsonschema:"default 1"`
	Caps    map[string]float64 `json:"sector_caps,omitempty"`
	Penalty *float64           `json:"turnover_penalty,omitempty" jsonschema:"return a year that trading all equity must earn"`
	Shrink  *bool              `json:"shrink,omitempty" jsonschema:"Ledoit-Wolf, default true"`
	Hedge   string             `json:"hedge,omitempty" jsonschema:"a symbol whose leg makes beta or net 0"`
	Neutral neutrality         `json:"neutral,omitempty" jsonschema:"default beta"`
	Trade   *float64           `json:"min_trade,omitempty" jsonschema:"share of equity"`
}

type weightRow struct {
	Symbol string   `json:"symbol"`
	Weight *float64 `json:"weight"`
	Held   *float64 `json:"held"`
	Risk   *float64 `json:"risk_share"` // of the variance
	Mean   *float64 `json:"mean_percent"`
	Vola   *float64 `json:"volatility_percent"`
	Beta   *float64 `json:"beta,omitempty"` // to the hedge
}

type tradeRow struct {
	Symbol string      `json:"symbol"`
	Target pitwall.Dec `json:"target_percent"`
	Change pitwall.Dec `json:"change_percent"`
	Money  pitwall.Dec `json:"notional"`
}

type optimizeOut struct {
	Bars      int         `json:"bars"`
	From      string      `json:"from"`
	To        string      `json:"to"`
	Return    *float64    `json:"return_percent"`
	Vola      *float64    `json:"volatility_percent"`
	Intensity *float64    `json:"shrinkage"`
	Weights   []weightRow `json:"weights"`
	Trades    []tradeRow  `json:"trades"`
	Notes     []string    `json:"notes,omitempty"`
}

func (o optimizeOut) text(*pitwall.World) string {
	var t text
	t.pairs("bars", o.Bars, "from", o.From, "to", o.To, "return_percent", orNull(o.Return), "volatility_percent", orNull(o.Vola), "shrinkage", orNull(o.Intensity))
	hedged := len(o.Weights) > 0 && o.Weights[0].Beta != nil
	header := "symbol,weight,held,risk_share,mean_percent,volatility_percent"
	if hedged {
		header += ",beta"
	}
	t.block("weights", header, len(o.Weights), func(i int) []any {
		r := o.Weights[i]
		row := []any{r.Symbol, orNull(r.Weight), orNull(r.Held), orNull(r.Risk), orNull(r.Mean), orNull(r.Vola)}
		if hedged {
			row = append(row, orNull(r.Beta))
		}
		return row
	})
	t.block("trades", "symbol,target_percent,change_percent,notional", len(o.Trades), func(i int) []any {
		r := o.Trades[i]
		return []any{r.Symbol, r.Target, r.Change, r.Money}
	})
	for _, n := range o.Notes {
		t.WriteString("note: " + n + "\n")
	}
	return t.String()
}

// portfolioOptimize finds weights over daily bars known by now.
func portfolioOptimize(ctx context.Context, w *pitwall.World, in optimizeIn) (out optimizeOut, err error) {
	out = optimizeOut{Weights: []weightRow{}, Trades: []tradeRow{}}
	account, err := w.Broker.Account(ctx, pitwall.MainBook)
	if err == nil {
		err = in.check(account)
	}
	if err != nil {
		return out, err
	}
	h, err := in.history(ctx, w)
	if err != nil {
		return out, err
	}
	out.Bars, out.From, out.To, out.Notes = len(h.returns), h.days[0], h.days[len(h.days)-1], h.notes
	p := &optimize.Problem{Symbols: h.symbols, Net: 1}
	p.Mean, p.Cov = optimize.Moments(h.returns, h.year)
	for i, s := range h.symbols {
		if p.Cov[i][i] <= 0 {
			return out, pitwall.Errorf(pitwall.NoCoverage, "%s has the same return on each of %d days: it has no risk to weigh", s, len(h.returns)).Hintf("leave it out of symbols")
		}
	}
	if in.Shrink == nil || *in.Shrink {
		var intensity float64
		p.Cov, intensity = optimize.Shrink(p.Cov, h.returns)
		out.Intensity = decimals(intensity, 4)
	}
	if err := in.limits(w, account, p); err != nil {
		return out, err
	}
	r, err := in.solve(p)
	if e := (*optimize.Infeasible)(nil); errors.As(err, &e) {
		return out, pitwall.Errorf(pitwall.InvalidInput, "%s", e).Hintf("loosen one of them")
	} else if err != nil {
		return out, pitwall.Errorf(pitwall.InvalidInput, "%s: %v", in.Method, err).Hintf("change the arguments")
	}
	return out, out.show(p, r, account, value64(in.Trade, 0))
}

// solve runs the method.
func (in *optimizeIn) solve(p *optimize.Problem) (optimize.Result, error) {
	switch in.Method {
	case minVariance:
		return p.MinVariance()
	case maxSharpe:
		return p.MaxSharpe(value64(in.Target, 0))
	case targetReturn:
		return p.TargetReturn(*in.Target)
	case maxVolatility:
		return p.MaxVolatility(*in.Target)
	case riskParity:
		return p.RiskParity()
	}
	return p.HierarchicalRiskParity()
}

// value64 returns a number, or what holds without one.
func value64(given *float64, preset float64) float64 {
	if given == nil {
		return preset
	}
	return *given
}

// check refuses arguments that contradict each other or the account.
func (in *optimizeIn) check(account pitwall.Account) error {
	bad := func(format string, args ...any) *pitwall.Error {
		return pitwall.Errorf(pitwall.InvalidInput, format, args...)
	}
	least, most := value64(in.Least, 0), value64(in.Most, 1)
	needs := in.Method == targetReturn || in.Method == maxVolatility
	switch {
	case needs && in.Target == nil:
		return bad("%s without target", in.Method).Hintf("give target, a year: 0.1 is 10 %%")
	case in.Method == maxVolatility && *in.Target <= 0:
		return bad("target is %v", *in.Target).Hintf("give a volatility a year above 0, such as 0.1")
	case !needs && in.Method != maxSharpe && in.Target != nil:
		return bad("%s takes no target", in.Method).Hintf("leave it out")
	case least > most || least < -10 || most > 10:
		return bad("min_weight is %v and max_weight %v", least, most).Hintf("use shares of equity, the smaller one first")
	case value64(in.Penalty, 0) < 0 || value64(in.Trade, 0) < 0:
		return bad("turnover_penalty and min_trade are not below 0")
	case in.Hedge == "" && in.Neutral != "":
		return bad("neutral without hedge").Hintf("name the symbol of the hedge")
	case account.Equity <= 0:
		return bad("equity is %v: weights are shares of it", account.Equity)
	case account.Type != pitwall.MarginAccount && (least < 0 || in.Hedge != ""):
		return bad("this account does not short, and min_weight below 0 or a hedge would").Hintf("leave them out; account: {type: margin} in the strategy shorts")
	}
	return nil
}

// limits puts the bounds, caps, costs, weights held and the hedge into the problem.
func (in *optimizeIn) limits(w *pitwall.World, account pitwall.Account, p *optimize.Problem) error {
	sectors := map[string][]int{}
	for i, s := range p.Symbols {
		least, most := value64(in.Least, 0), value64(in.Most, 1)
		if s == in.Hedge {
			least, most = -maxHedge, maxHedge
		}
		p.Lower, p.Upper, p.Held = append(p.Lower, least), append(p.Upper, most), append(p.Held, 0)
		for _, x := range account.Positions {
			if x.Symbol == s {
				p.Held[i] = x.Value.Float() / account.Equity.Float()
			}
		}
		if x, err := w.Instruments.Instrument(s); err == nil && x.Sector != "" && s != in.Hedge {
			sectors[x.Sector] = append(sectors[x.Sector], i)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Caps)) {
		if len(sectors[name]) == 0 {
			return pitwall.Errorf(pitwall.InvalidInput, "sector_caps: none of the symbols is of sector %q", name).Hintf("sectors here: %v; they come from the column sector of instruments.csv", slices.Sorted(maps.Keys(sectors)))
		}
		p.Groups = append(p.Groups, optimize.Group{Name: "sector " + name, Members: sectors[name], Cap: in.Caps[name]})
	}
	p.Cost = value64(in.Penalty, 0)
	if in.Hedge != "" {
		at := slices.Index(p.Symbols, in.Hedge)
		p.Hedge = &optimize.Hedge{Symbol: at, Net: in.Neutral == netNeutral || in.Neutral == bothNeutral}
		if in.Neutral != netNeutral {
			p.Hedge.Beta = p.Beta(at)
		}
	}
	return nil
}

// show writes the result, rounded so that it is the same text on every machine.
func (o *optimizeOut) show(p *optimize.Problem, r optimize.Result, account pitwall.Account, least float64) error {
	o.Return, o.Vola = decimals(100*r.Return, 2), decimals(100*r.Volatility, 2)
	variance := r.Volatility * r.Volatility
	for i, s := range p.Symbols {
		risk := 0.0
		for j, v := range r.Weights {
			risk += float64(float64(r.Weights[i]*v) * p.Cov[i][j])
		}
		row := weightRow{Symbol: s, Weight: decimals(r.Weights[i], 5), Held: decimals(p.Held[i], 5), Risk: decimals(risk/variance, 4), Mean: decimals(100*p.Mean[i], 2)}
		single := make([]float64, len(p.Symbols))
		single[i] = 1
		row.Vola = decimals(100*p.Describe(single).Volatility, 2)
		if p.Hedge != nil {
			row.Beta = decimals(p.Beta(p.Hedge.Symbol)[i], 4)
		}
		o.Weights = append(o.Weights, row)
	}
	var a pitwall.Calc
	for _, x := range optimize.Trades(p.Symbols, p.Held, r.Weights, least) {
		// Four decimals of a percent, cut, so that parts never add up to more than all.
		target, err := pitwall.FromFloat(cut(x.To))
		if err != nil {
			return fmt.Errorf("the weight of %s: %w", x.Symbol, err)
		}
		held, err := pitwall.FromFloat(cut(x.From))
		if err != nil {
			return fmt.Errorf("what is held of %s: %w", x.Symbol, err)
		}
		change := a.Sub(target, held)
		o.Trades = append(o.Trades, tradeRow{x.Symbol, target, change, a.MulDiv(account.Equity, change, pitwall.Int(100)).Round(2)})
	}
	return a.Err
}
