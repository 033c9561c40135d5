package tools

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// Ratios of a company, from its four newest statements known by now and its last price.
// Money is exact: figures of statements are larger than a [pitwall.Dec] can be, so they
// are fractions here, and answers are rounded to six decimals once. Formulas and sources
// stand in tools/docs/tools.md.

// ratioView is one ratio: a value and how it was found, or why there is none.
type ratioView struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
	How   string  `json:"how"` // the inputs used, or the reason for null
}

// inputView is what ratios were computed from.
type inputView struct {
	Input   string `json:"input"`
	Value   string `json:"value"`
	Item    string `json:"item"` // of the statements
	Periods string `json:"periods"`
	Known   string `json:"known"` // when the newest part could first have been had
}

// input is a figure that ratios use; without a value, why says so.
type input struct {
	value *big.Rat
	why   string
	view  inputView
}

// item is an input as statements name it: the first name that is there counts. The
// first names are Polygon's, the others those of the SEC's taxonomy.
type item struct {
	input string
	flow  bool // of a period, so that four quarters add up; else as of a day
	names []string
}

func statementItems() []item {
	return []item{
		{"revenue", true, []string{"revenues", "Revenues", "RevenueFromContractWithCustomerExcludingAssessedTax", "SalesRevenueNet"}},
		{"gross_profit", true, []string{"gross_profit", "GrossProfit"}},
		{"net_income", true, []string{"net_income_loss_available_to_common_stockholders_basic", "net_income_loss_attributable_to_parent", "net_income_loss", "NetIncomeLossAvailableToCommonStockholdersBasic", "NetIncomeLoss"}},
		{"equity", false, []string{"equity_attributable_to_parent", "equity", "StockholdersEquity"}},
		{"long_term_debt", false, []string{"long_term_debt", "LongTermDebt", "LongTermDebtNoncurrent"}},
		{"liabilities", false, []string{"liabilities", "Liabilities"}},
	}
}

// shareItems name the shares: diluted ones count, as in diluted earnings per share.
var shareItems = []string{"diluted_average_shares", "WeightedAverageNumberOfDilutedSharesOutstanding", "basic_average_shares", "WeightedAverageNumberOfSharesOutstandingBasic"}

// ratios computes what can be, as of now.
func ratios(ctx context.Context, w *pitwall.World, symbol string, records []pitwall.Record) (list []ratioView, inputs []inputView) {
	all := statementsOf(records)
	price, day := lastPrice(ctx, w, symbol)
	in := map[string]input{"price": price, "shares": price}
	if price.value != nil { // else splits are not known either
		in["shares"] = shares(w, symbol, day, all)
	}
	order := []string{"price", "shares"}
	add := func(name string, x input) {
		in[name], order = x, append(order, name)
	}
	for _, x := range statementItems() {
		if !x.flow {
			add(x.input, balance(w, all, x))
			continue
		}
		add(x.input, fourQuarters(w, all, x))
		if x.input != "gross_profit" {
			add("quarter_"+x.input, oneQuarter(w, all, 0, x))
			add("year_ago_"+x.input, oneQuarter(w, all, 4, x))
		}
	}
	if why := otherCurrency(w, symbol, all); why != "" {
		in["price"] = input{why: why}
	}
	for _, r := range formulas() {
		list = append(list, r.compute(in))
	}
	for _, name := range order {
		if x := in[name]; x.value != nil {
			x.view.Input, x.view.Value = name, exact(x.value)
			inputs = append(inputs, x.view)
		}
	}
	return list, inputs
}

// formula is one ratio: what it needs, and how it is computed. positive are inputs that
// must be above 0 for the ratio to mean something.
type formula struct {
	name, text string
	needs      []string
	positive   []string
	of         func(v []*big.Rat) *big.Rat
}

func formulas() []formula {
	over := func(v []*big.Rat) *big.Rat { return new(big.Rat).Quo(v[0], v[1]) }
	worth := func(v []*big.Rat) *big.Rat { return new(big.Rat).Quo(new(big.Rat).Mul(v[0], v[1]), v[2]) }
	growth := func(v []*big.Rat) *big.Rat { return new(big.Rat).Sub(over(v), big.NewRat(1, 1)) }
	return []formula{
		{"price_to_earnings", "price x shares / net_income", []string{"price", "shares", "net_income"}, []string{"net_income"}, worth},
		{"price_to_book", "price x shares / equity", []string{"price", "shares", "equity"}, []string{"equity"}, worth},
		{"return_on_equity", "net_income / equity", []string{"net_income", "equity"}, []string{"equity"}, over},
		{"gross_margin", "gross_profit / revenue", []string{"gross_profit", "revenue"}, []string{"revenue"}, over},
		{"net_margin", "net_income / revenue", []string{"net_income", "revenue"}, []string{"revenue"}, over},
		{"revenue_growth", "quarter_revenue / year_ago_revenue - 1", []string{"quarter_revenue", "year_ago_revenue"}, []string{"year_ago_revenue"}, growth},
		{"earnings_growth", "quarter_net_income / year_ago_net_income - 1", []string{"quarter_net_income", "year_ago_net_income"}, []string{"year_ago_net_income"}, growth},
		{"long_term_debt_to_equity", "long_term_debt / equity", []string{"long_term_debt", "equity"}, []string{"equity"}, over},
		{"liabilities_to_equity", "liabilities / equity", []string{"liabilities", "equity"}, []string{"liabilities", "equity"}, over},
		{"earnings_per_share", "net_income / shares", []string{"net_income", "shares"}, nil, over},
		{"book_per_share", "equity / shares", []string{"equity", "shares"}, nil, over},
		{"graham_number", "sqrt(22.5 x net_income / shares x equity / shares)", []string{"net_income", "equity", "shares"}, []string{"net_income", "equity"}, graham},
	}
}

// compute is the ratio, or why there is none.
func (f formula) compute(in map[string]input) ratioView {
	out := ratioView{Name: f.name, How: f.text}
	var v []*big.Rat
	for _, name := range f.needs {
		x := in[name]
		if x.value == nil {
			out.How = x.why
			return out
		}
		if slices.Contains(f.positive, name) && x.value.Sign() <= 0 {
			out.How = fmt.Sprintf("%s is %s: no ratio at 0 or below", name, exact(x.value))
			return out
		}
		v = append(v, x.value)
	}
	text := exact(f.of(v))
	out.Value = &text
	return out
}

// graham is sqrt(15 x 1.5 x earnings per share x book value per share), from net income,
// equity and shares: Graham's ceiling on price. The root is that of an integer, so its
// digits are the same everywhere.
func graham(v []*big.Rat) *big.Rat {
	x := new(big.Rat).Mul(big.NewRat(45, 2), new(big.Rat).Mul(v[0], v[1]))
	x.Quo(x, new(big.Rat).Mul(v[2], v[2]))
	digits := new(big.Int).Exp(big.NewInt(10), big.NewInt(12), nil) // twice as many as are shown
	x.Mul(x, new(big.Rat).SetInt(new(big.Int).Mul(digits, digits)))
	root := new(big.Int).Sqrt(new(big.Int).Quo(x.Num(), x.Denom()))
	return new(big.Rat).SetFrac(root, digits)
}

// exact writes a fraction with at most six decimals.
func exact(r *big.Rat) string {
	s := r.FloatString(6)
	if s = strings.TrimRight(strings.TrimRight(s, "0"), "."); s == "-0" {
		return "0"
	}
	return s
}

// lastPrice is the last known close as it was traded, and when its bar began.
func lastPrice(ctx context.Context, w *pitwall.World, symbol string) (x input, day time.Time) {
	bars, err := w.Market.Bars(ctx, pitwall.BarQuery{Symbol: symbol, Limit: 1, Adjusted: pitwall.Raw})
	switch {
	case pitwall.CodeOf(err) == pitwall.Unsupported:
		x.why = "prices of " + symbol + " are adjusted: their level is not what was traded, and shares of then do not go with it"
	case err != nil || len(bars) == 0:
		x.why = "no price of " + symbol + " is known"
	case bars[0].Close <= 0:
		x.why = fmt.Sprintf("the last price of %s is %v", symbol, bars[0].Close)
	default:
		x.value = new(big.Rat).SetFrac64(int64(bars[0].Close), int64(pitwall.One))
		x.view, day = inputView{Periods: bars[0].Start.Format(time.DateOnly), Known: w.Time(bars[0].Known)}, bars[0].Start
	}
	return x, day
}

// otherCurrency says why price and statements do not go together, or nothing.
func otherCurrency(w *pitwall.World, symbol string, all []statement) string {
	i, err := w.Instruments.Instrument(symbol)
	if err != nil || i.Currency == "" || len(all) == 0 {
		return ""
	}
	for _, name := range []string{"equity", "net_income", "revenue"} {
		for _, x := range statementItems() {
			if r, ok := all[0].find(x.names, ""); ok && x.input == name && len(r.Fields["unit"]) == 3 && r.Fields["unit"] != i.Currency {
				return fmt.Sprintf("statements are in %s and the price in %s", OneLine(r.Fields["unit"], 40), i.Currency)
			}
		}
	}
	return ""
}
