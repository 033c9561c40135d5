package history

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"pitwall"
	"pitwall/cache/layout"
)

// A Dec has 8 decimals, which tiny prices lose their figures in, and costs on them. So
// a symbol whose first close is below a cent is quoted per 1,000 units or a power of it,
// as exchanges quote 1000PEPE: the smallest that makes the first close at least 1. Prices
// and dividends are multiplied in their text, before anything is rounded; volumes and the
// lot are divided. Only the first bar decides, so that no later bar changes a price;
// instruments.csv may state the scale.

// powers are the scales by their powers of ten, as they are written in a message.
var powers = map[int]string{0: "1", 3: "1,000", 6: "1,000,000", 9: "1,000,000,000"}

// most is what a price may lose when it is rounded to 8 decimals, as a part of it, and
// noise what the texts of binary floats lose.
const (
	most  = layout.Most
	noise = layout.Noise
)

// parseScale reads the column scale of instruments.csv as a power of ten.
func parseScale(text string) (power int, err error) {
	for p, name := range powers {
		if text == strings.ReplaceAll(name, ",", "") {
			return p, nil
		}
	}
	return 0, fmt.Errorf("%q is not supported; use 1, 1000, 1000000 or 1000000000", text)
}

// scaleOf chooses the power of ten for a symbol by its first close.
func scaleOf(price string) int {
	f, err := strconv.ParseFloat(price, 64)
	if err != nil || f <= 0 || f >= 0.01 {
		return 0
	}
	for p := 3; p < 9; p += 3 {
		if at, err := strconv.ParseFloat(shifted(price, p), 64); err == nil && at >= 1 {
			return p
		}
	}
	return 9
}

// shifted moves a number's decimal point to the right.
func shifted(text string, power int) string {
	if power == 0 {
		return text
	}
	mantissa, exp := text, 0
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		n, err := strconv.Atoi(text[e+1:])
		if err != nil {
			return text // no number: ParseDec says so
		}
		mantissa, exp = text[:e], n
	}
	return mantissa + "e" + strconv.Itoa(exp+power)
}

// setScale gives an instrument its scale: a unit of it is 10^power units of the data.
func setScale(in *pitwall.Instrument, power int) (err error) {
	if power == 0 {
		return nil
	}
	one, err := pitwall.ParseDec("1e" + strconv.Itoa(power))
	if err != nil {
		return err
	}
	in.Scale = one
	if in.Lot, err = in.Lot.Div(one); err != nil {
		return err
	}
	in.Lot = max(in.Lot, 1)
	in.Tick, err = in.Tick.Mul(one)
	return err
}

// scale decides by a symbol's first bar, unless instruments.csv did, what its prices
// are multiplied by. Options and futures are quoted as they are.
func (l *loader) scale(g *raw, price string) error {
	in := &g.series.Instrument
	g.first = strings.Clone(price)
	if stated, ok := l.scales[in.Symbol]; ok {
		g.power = stated
		return nil
	}
	if in.Kind == pitwall.Option || in.Kind == pitwall.Future {
		return nil
	}
	g.power = scaleOf(price)
	return setScale(in, g.power)
}

// price reads a price of g in its scale and notes when it had to be rounded.
func (t *table) price(g *raw, text string) (pitwall.Dec, error) {
	d, loss, err := rounded(shifted(text, g.power))
	if err != nil && g.power > 0 {
		if _, plain := pitwall.ParseDec(text); plain != nil && !errors.Is(plain, pitwall.ErrDecimals) {
			return 0, plain // as it is written
		}
	}
	switch {
	case err != nil || loss <= noise:
		return d, err
	case loss <= most && (t.floats || g.power > 0):
		if g.rounded == 0 {
			g.rounded = len(g.starts) + 1
		}
		return d, nil
	case loss > most:
		return 0, fmt.Errorf("%q would lose %.2g of its value at 8 decimals (it is quoted per %s units); write a larger scale into instruments.csv (1000, 1000000 or 1000000000)", text, loss, powers[g.power])
	}
	return 0, fmt.Errorf("%q has %w; write at most 8, or a scale (1000, 1000000 or 1000000000) into instruments.csv", text, pitwall.ErrDecimals)
}

// rounded reads a decimal text, rounds it half to even to 8 decimals and returns what
// part of it that changed.
func rounded(text string) (d pitwall.Dec, loss float64, err error) {
	d, err = pitwall.ParseDec(text)
	if !errors.Is(err, pitwall.ErrDecimals) {
		return d, 0, err
	}
	if d, loss, ok := layout.Figure(text, '.'); ok {
		return d, loss, nil
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, 0, err
	}
	exactUnits := new(big.Rat).Mul(exact, big.NewRat(int64(pitwall.One), 1))
	units, rest := new(big.Int).QuoRem(exactUnits.Num(), exactUnits.Denom(), new(big.Int))
	switch half := new(big.Int).Lsh(rest.Abs(rest), 1).Cmp(exactUnits.Denom()); {
	case half > 0, half == 0 && units.Bit(0) == 1:
		units.Add(units, big.NewInt(int64(exact.Sign())))
	}
	if !units.IsInt64() {
		return 0, 0, fmt.Errorf("%q: %w", text, pitwall.ErrOverflow)
	}
	off := new(big.Rat).Sub(new(big.Rat).SetInt(units), exactUnits)
	loss, _ = off.Quo(off.Abs(off), exactUnits.Abs(exactUnits)).Float64()
	return pitwall.Dec(units.Int64()), loss, nil
}

// warnScale says how a symbol is quoted, and that prices were rounded, each from the
// bar on that shows it.
func (l *loader) warnScale(g *raw) {
	s := g.series
	say := func(bar int, format string, args ...any) {
		l.dated = append(l.dated, datedWarning{s.Instrument.Symbol, pitwall.Warning{Known: s.Bar(bar).Known, Text: fmt.Sprintf(format, args...)}})
	}
	if g.power > 0 {
		each := g.first
		if f, err := strconv.ParseFloat(g.first, 64); err == nil {
			each = strconv.FormatFloat(f, 'f', -1, 64)
		}
		say(0, "%s is quoted per %s units: a price of %v is %s each, a quantity of 1 is %s", s.Instrument.Symbol, powers[g.power], s.Close[0], each, powers[g.power])
	}
	if g.rounded > 0 {
		say(g.rounded-1, "%s has prices of more than 8 decimals, which are rounded, from %s on", s.Instrument.Symbol, s.Bar(g.rounded-1).Start.Format("2006-01-02"))
	}
}

// scaleAmounts multiplies what is paid per unit of a symbol by its scale.
func (l *loader) scaleAmounts() error {
	for i := range l.given {
		a := &l.given[i]
		at := slices.IndexFunc(l.series, func(s *pitwall.Series) bool { return s.Instrument.Symbol == a.Symbol && s.Instrument.Scale > 0 })
		if at < 0 || a.Type == "split" {
			continue
		}
		v, err := a.Value.Mul(l.series[at].Instrument.Scale)
		if err != nil {
			return pitwall.Errorf(pitwall.DataError, "%s: %s: %s of %v times its scale: %v", a.file, a.Symbol, a.Type, a.Value, err)
		}
		a.Value = v
	}
	return nil
}
