package driver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"path"
	"strings"
	"time"
	"unicode"

	"pitwall"
	"pitwall/cache/layout"
	"pitwall/cache/runs"
	"pitwall/sim/audit"
)

// Fills are fills of any source, to be checked against bars.
type Fills struct {
	Folder  fs.FS  // that of the file
	File    string // in Folder
	Show    string // the file's name in messages
	Source  pitwall.Source
	Dates   string // the order of dates in figures: dmy, mdy or ymd
	Options audit.TradeOptions
}

// FillsChecked is what the bars say of fills. Notes say what was understood of the file.
type FillsChecked struct {
	audit.TradeResult
	Costs *pitwall.Costs `json:"costs,omitempty"` // of the run that wrote the file
	Notes []string       `json:"notes"`
}

// CheckFills reads a broker's export or the fills.csv of a run, whose costs stand in the
// manifest beside it, and holds every fill against the bars.
func CheckFills(ctx context.Context, f Fills) (out FillsChecked, err error) {
	raw, err := fs.ReadFile(f.Folder, f.File)
	if err != nil {
		return out, fmt.Errorf("reading the fills: %w", err)
	}
	t, err := layout.Trades(ctx, f.Show, raw, layout.Hints{Dates: f.Dates})
	if err != nil {
		return out, err
	}
	out.Notes = append([]string{}, t.Layout.Notes...)
	for _, s := range t.Layout.Skipped {
		out.Notes = append(out.Notes, fmt.Sprintf("left out: %s", s))
	}
	if err := f.symbols(t, &out); err != nil {
		return out, err
	}
	if _, err := (runs.Strict{FS: f.Folder}).Manifest(); path.Base(f.File) != runs.FillsFile || err != nil { // not a run's own
		f.scaled(t, &out)
	}
	exchange, err := pitwall.LoadZone("America/New_York")
	if err != nil {
		return out, err
	}
	zone := func(symbol string) *time.Location {
		if s := seriesOf(f.Source, symbol); s != nil {
			return s.Instrument.Location()
		}
		return exchange
	}
	trades, err := audit.ReadTrades(f.Show, t.Rows, t.Lines, zone)
	if err != nil {
		return out, err
	}
	for i, x := range trades {
		trades[i].Time = x.Time.In(zone(x.Symbol))
	}
	if m, err := (runs.Strict{FS: f.Folder}).Manifest(); path.Base(f.File) == runs.FillsFile && err == nil {
		f.Options.Costs, out.Costs = m.Costs, &m.Costs
		out.Notes = append(out.Notes, "prices hold the costs of the run, which its manifest.json states: "+slippageText(m.Costs))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	out.TradeResult = audit.CheckTrades(trades, f.Source, f.Options)
	return out, nil
}

// slippageText says what costs do to prices.
func slippageText(c pitwall.Costs) string {
	text := fmt.Sprintf("slippage %v bps", c.SlippageBps)
	for _, x := range []struct {
		name string
		each pitwall.Dec
	}{{"slippage a unit", c.SlippageEach}, {"spread", c.Spread}, {"impact", c.Impact}} {
		if x.each != 0 {
			text += fmt.Sprintf(", %s %v", x.name, x.each)
		}
	}
	return text
}

func seriesOf(source pitwall.Source, symbol string) *pitwall.Series {
	for _, s := range source.Series() {
		if s.Instrument.Symbol == symbol {
			return s
		}
	}
	return nil
}

// symbols gives the rows the symbols of the bars: brokers write NASDAQ:AAPL, BRK B and
// BTCUSDT. A file without symbols is of the only one that there is, or of the one that
// its name holds.
func (f Fills) symbols(t *layout.Table, out *FillsChecked) error {
	var all []string
	for _, s := range f.Source.Series() {
		all = append(all, s.Instrument.Symbol)
	}
	named := map[string]string{}
	for i, row := range t.Rows {
		symbol, seen := named[row[1]]
		if !seen {
			symbol = f.symbol(row[1], all)
			if named[row[1]] = symbol; symbol == "" {
				return layout.Bad(f.Show, t.Lines, i, layout.Symbol, fmt.Errorf("the file has no symbols, and the bars are of %s; name the file after its symbol, such as AAPL.csv", strings.Join(all, ", ")))
			}
			if symbol != row[1] {
				out.Notes = append(out.Notes, fmt.Sprintf("%q is checked against the bars of %s", row[1], symbol))
			}
		}
		t.Rows[i][1] = symbol
	}
	return nil
}

// scaled writes quantities and prices per as many units as the bars of a symbol are quoted
// in, where the file's first price of it shows that its own are per unit.
func (f Fills) scaled(t *layout.Table, out *FillsChecked) {
	const symbol, qty, price = 1, 3, 4 // columns of layout.Trades
	powers := map[string]*big.Rat{}
	for _, row := range t.Rows {
		power, seen := powers[row[symbol]]
		if s := seriesOf(f.Source, row[symbol]); !seen && s != nil && s.Instrument.Scale > 0 && s.Len() > 0 && s.Close[0] > 0 {
			first, ok := new(big.Rat).SetString(row[price])
			if !ok || first.Sign() <= 0 {
				continue
			}
			scale, _ := new(big.Rat).SetString(s.Instrument.Scale.String()) // a number
			near, _ := new(big.Rat).Quo(first, new(big.Rat).SetFloat64(s.Close[0].Float())).Float64()
			if per, _ := scale.Float64(); math.Abs(math.Log(near*per)) < math.Abs(math.Log(near)) {
				power = scale
				out.Notes = append(out.Notes, fmt.Sprintf("quantities and prices of %s are taken per %v units, as its bars are quoted", row[symbol], s.Instrument.Scale))
				if held, ok := f.Options.Held[row[symbol]]; ok {
					f.Options.Held[row[symbol]], _ = held.Div(s.Instrument.Scale) // below what was there
				}
			}
			powers[row[symbol]] = power
		}
		if power == nil {
			continue
		}
		if p, ok := new(big.Rat).SetString(row[price]); ok {
			row[price] = p.Mul(p, power).FloatString(8)
		}
		if q, ok := new(big.Rat).SetString(row[qty]); ok {
			row[qty] = q.Quo(q, power).FloatString(8)
		}
	}
}

// symbol finds a broker's symbol among those of the bars; one that is not there stays.
func (f Fills) symbol(written string, all []string) string {
	if written == "" {
		for _, part := range strings.FieldsFunc(path.Base(f.File), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if s := only(all, func(s string) bool { return strings.EqualFold(s, part) }); s != "" {
				return s
			}
		}
		return only(all, func(string) bool { return true })
	}
	_, bare, ok := strings.Cut(written, ":")
	if !ok {
		bare = written
	}
	for _, same := range []func(s string) bool{
		func(s string) bool { return s == written },
		func(s string) bool { return plainSymbol(s) == plainSymbol(bare) },
		func(s string) bool { return plainSymbol(s) == plainSymbol(strings.TrimSuffix(bare, ".US")) },
		func(s string) bool { return dollars(s) == dollars(bare) },
	} {
		if s := only(all, same); s != "" {
			return s
		}
	}
	return written
}

// only returns the one of a list that fits, or nothing.
func only(list []string, fits func(string) bool) (one string) {
	for _, s := range list {
		switch {
		case !fits(s):
		case one != "":
			return ""
		default:
			one = s
		}
	}
	return one
}

// plainSymbol writes BRK.B, BRK-B and BRK B in one way.
func plainSymbol(s string) string {
	return strings.ToUpper(strings.NewReplacer(".", "", "-", "", "/", "", " ", "", "_", "").Replace(s))
}

// dollars writes BTC, BTC-USD, BTCUSDT and XBTUSD in one way.
func dollars(s string) string {
	s = strings.Replace(plainSymbol(s), "XBT", "BTC", 1)
	for _, unit := range []string{"USDT", "USDC", "USD"} {
		if coin, ok := strings.CutSuffix(s, unit); ok && coin != "" {
			return coin
		}
	}
	return s
}
