package history

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// A file of bars may say what corporate actions there were in columns of its own, as
// vendors' downloads do: adj_close, dividends, stock_splits and capital_gains. The last
// three are actions as those of a file of actions, in the terms of the prices beside
// them, where it can be known that prices do not hold the dividends already.

// beside is what the columns say of one symbol.
type beside struct {
	file    string
	adj     []float64 // adj_close of each bar, 0 = none; nil without the column
	steps   []factorStep
	cash    bool // dividends or capital gains have a column
	derive  bool // dividends are asked from adj_close
	fetched bool // the source was asked for actions of the symbol
	actions []besideAction
	unused  []time.Time // days of actions that were not used
	why     string
	madeUp  string // how its prices were made; empty = a market made them
}

// besideAction is an action in a row of bars.
type besideAction struct {
	bar        int
	column     string
	kind       string
	value, per pitwall.Dec
}

// beside notes what a row of bars says of corporate actions.
func (t *table) beside(g *raw, i int) error {
	bar, b := len(g.starts)-1, &g.beside
	if t.has(layout.AdjClose) {
		b.adj = append(b.adj, positive(t.get(i, layout.AdjClose)))
	}
	if b.madeUp == "" {
		b.madeUp = t.get(i, layout.MadeUp)
	}
	b.cash = t.has(layout.Dividends) || t.has(layout.Gains)
	for _, c := range besideKinds {
		if err := t.note(b, bar, c.column, t.get(i, c.column)); err != nil {
			return t.bad(i, c.column, err)
		}
	}
	return nil
}

type besideKind struct{ column, kind string }

// besideKinds are the columns beside a bar that hold actions, in the order of a day.
var besideKinds = [...]besideKind{{layout.StockSplits, "split"}, {layout.Dividends, "dividend"}, {layout.Gains, "special_dividend"}}

// note adds the action that a cell beside a bar says, if any.
func (t *table) note(b *beside, bar int, column, text string) error {
	i := slices.IndexFunc(besideKinds[:], func(k besideKind) bool { return k.column == column })
	kind := besideKinds[i].kind
	if strings.Trim(text, "0.") == "" || strings.EqualFold(text, "nan") || kind == "split" && positive(text) == 1 {
		return nil
	}
	kind, value, per, err := t.action(kind, text)
	if err == nil {
		b.actions = append(b.actions, besideAction{bar, column, kind, value, per})
	}
	return err
}

// besideActions makes actions of what the columns say, unless a file of actions has
// some of the symbol or prices may hold the dividends.
func (l *loader) besideActions() {
	fromFiles := map[string]string{}
	for _, a := range l.given {
		fromFiles[a.Symbol] = a.file
	}
	for _, s := range l.series {
		b, symbol := l.beside[s], s.Instrument.Symbol
		if b == nil {
			continue
		}
		b.steps = factorSteps(floats(s.Close), b.adj)
		if file, ok := fromFiles[symbol]; ok {
			b.ignore(s, "the columns %s of %s are not used for %s: its actions are those of %s", columnNames(b.actions), b.file, symbol, file)
			continue
		}
		known := s.Adjusted != ""
		if !known {
			s.Adjusted, known = b.judge(s)
		}
		var cash []besideAction
		for _, a := range b.actions {
			if a.kind != "split" && !known {
				cash = append(cash, a)
			} else if s.Adjusted != pitwall.TotalAdjusted {
				l.gives = append(l.gives, a.kind)
				l.given = append(l.given, givenAction{pitwall.Action{Symbol: symbol, Ex: exDay(s, a.bar), Type: a.kind, Value: a.value, Per: a.per}, cmp.Or(s.Adjusted, pitwall.Raw), b.file})
			}
		}
		b.actions = cash
		b.ignore(s, "price return; dividends of %s are not counted: %s does not say whether its prices include those of its column %s; write `adjusted: total` if they do (yfinance's history), else `adjusted: split` or `adjusted: raw`", symbol, b.file, columnNames(cash))
	}
}

// judge finds how prices are adjusted by the splits beside them: prices that move with
// them are as traded, which hold no dividends; those that do not are adjusted, and hold
// none if adj_close differs from them. known reports whether they hold dividends.
func (b *beside) judge(s *pitwall.Series) (is pitwall.Adjustment, known bool) {
	for _, a := range b.actions {
		if a.kind != "split" || a.bar == 0 {
			continue
		}
		units, per := pitwall.Action{Value: a.value, Per: a.per}.Split()
		this := map[string]pitwall.Adjustment{moved: pitwall.Raw, still: pitwall.SplitAdjusted}[splitMove(s.Close[a.bar-1].Float(), s.Open[a.bar].Float(), units.Float()/per.Float())]
		if this != "" && is != "" && this != is {
			return "", false
		}
		is = cmp.Or(this, is)
	}
	return is, is == pitwall.Raw || len(b.steps) > 0
}

// ignore says of the actions that are left that they are not used.
func (b *beside) ignore(s *pitwall.Series, format string, args ...any) {
	for _, a := range b.actions {
		b.unused = append(b.unused, exDay(s, a.bar))
	}
	b.why = fmt.Sprintf(format, args...)
}

// exDay returns the day of a bar as an ex date.
func exDay(s *pitwall.Series, bar int) time.Time {
	return s.Instrument.DayStart(s.Instrument.Day(time.Unix(0, s.Start[bar])))
}

func columnNames(list []besideAction) string {
	var names []string
	for _, a := range list {
		if !slices.Contains(names, a.column) {
			names = append(names, a.column)
		}
	}
	return strings.Join(names, ", ")
}

// positive reads a number above 0; 0 = none.
func positive(text string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(f > 0) || math.IsInf(f, 0) {
		return 0
	}
	return f
}
