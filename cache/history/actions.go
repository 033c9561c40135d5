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
)

// jump is a split that only shows in adj_close.
type jump struct {
	series *pitwall.Series // whose prices show it
	day    time.Time
	ratio  float64
}

// datedWarning is a warning about a symbol that holds from a day on.
type datedWarning struct {
	symbol string
	pitwall.Warning
}

// readActions reads corporate actions: dividends and other cash per unit, and
// splits as "new units per old one" (2, 0.1, 1/3 or 1:3).
func (l *loader) readActions(t *table, sidecar, entry pitwall.Adjustment) error {
	if sidecar == pitwall.TotalAdjusted || entry == pitwall.TotalAdjusted {
		return pitwall.Errorf(pitwall.DataError, "%s: amounts cannot be adjusted: total", t.name).Hintf("use raw (as paid) or split (divided by later splits)")
	}
	at, err := t.need("symbol", "ex_date", "type", "value")
	if err != nil {
		return err
	}
	for i, row := range t.rows {
		if !l.want(row[at[0]]) {
			continue
		}
		a, err := l.readAction(t, i, at)
		if err != nil {
			return err
		}
		l.given = append(l.given, givenAction{a, cmp.Or(sidecar, amountsFrom(t.get(i, "source")), entry), t.name})
	}
	return nil
}

// readAction reads one row.
func (l *loader) readAction(t *table, i int, at []int) (a pitwall.Action, err error) {
	row := t.rows[i]
	a.Symbol = row[at[0]]
	zone := l.instrument(a.Symbol).Location()
	ex, err := parseStamp(row[at[1]], zone)
	if err != nil {
		return a, t.bad(i, "ex_date", err)
	}
	a.Ex = ex.t
	if text := t.get(i, "pay_date"); text != "" {
		pay, err := parseStamp(text, zone)
		if err != nil {
			return a, t.bad(i, "pay_date", err)
		}
		a.Pay = pay.t
	}
	if a.Type, a.Value, a.Per, err = t.action(row[at[2]], row[at[3]]); err != nil {
		return a, t.bad(i, "value", err)
	}
	return a, nil
}

// action reads the type and value of an action.
func (t *table) action(kind, text string) (_ string, value, per pitwall.Dec, err error) {
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind == "cash_dividend" {
		kind = "dividend"
	}
	num, den, ratio := strings.Cut(strings.ReplaceAll(text, ":", "/"), "/")
	if ratio && kind == "split" {
		if per, err = t.dec(den); err != nil {
			return kind, 0, 0, err
		}
	} else {
		num = text
	}
	if value, err = t.dec(num); err != nil {
		return kind, 0, 0, err
	}
	if kind == "split" && (value <= 0 || ratio && per <= 0) {
		return kind, 0, 0, fmt.Errorf("a split of %q; write new units per old one: 2, 0.1 or 1/3", text)
	}
	return kind, value, per, nil
}

// jump notes a day on which adj_close/close leaps as only a split makes it.
func (l *loader) jump(g *raw, adj string) {
	a, err := strconv.ParseFloat(adj, 64)
	k := len(g.starts) - 1
	if err != nil || a <= 0 || g.series.Close[k] <= 0 {
		g.factor = 0
		return
	}
	factor := a / g.series.Close[k].Float()
	if ratio := factor / g.factor; g.factor > 0 && (ratio > 1.24 || ratio < 0.81) {
		l.jumps = append(l.jumps, jump{g.series, g.starts[k], ratio})
	}
	g.factor = factor
}

// warnings says what a user should know about the loaded data as a whole.
func (l *loader) warnings() {
	withActions := map[string]bool{}
	for _, a := range l.given {
		withActions[a.Symbol] = true
	}
	unstated := 0
	for _, s := range l.series {
		if s.Adjusted == "" {
			if withActions[s.Instrument.Symbol] {
				unstated++
			}
			s.Adjusted = pitwall.Raw
		}
		l.warnVolume(s)
	}
	if unstated > 0 {
		l.warn("corporate actions are given and the files do not say whether prices are adjusted (%d symbols): taken as raw; say `adjusted: split` or `total` if they are", unstated)
	}
}

// warnVolume names a series that can fill nothing, or without a cap.
func (l *loader) warnVolume(s *pitwall.Series) {
	zero, none, first := 0, 0, -1
	for i, v := range s.Volume {
		switch v {
		case 0:
			if zero++; first < 0 {
				first = i
			}
		case pitwall.NoVolume:
			none++
		}
	}
	if none > 0 {
		l.warn("%s has no volume in %d of %d bars: fills there are not capped", s.Instrument.Symbol, none, s.Len())
	}
	if zero == s.Len() && s.Instrument.Kind != pitwall.Index {
		l.warn("%s has volume 0 in every bar: no order of it can fill", s.Instrument.Symbol)
	}
	if zero > 0 && s.Instrument.Kind != pitwall.Index { // known from the first such bar on, whatever follows
		b := s.Bar(first)
		l.dated = append(l.dated, datedWarning{s.Instrument.Symbol, pitwall.Warning{Known: b.Known, Text: fmt.Sprintf("%s has a bar with volume 0 (%s): nothing fills or triggers in such bars", s.Instrument.Symbol, b.Start.Format(time.DateOnly))}})
	}
}

// DatedWarnings says what is odd about the symbols inside [from, to), each known
// from its own day on: splits of raw prices (those that only adj_close shows are
// not applied), dividends without a pay date, and weekend bars.
func (s *Store) DatedWarnings(symbols []string, from, to time.Time) []pitwall.Warning {
	var list []pitwall.Warning
	say := func(day time.Time, code, format string, args ...any) {
		if !day.Before(from) && (to.IsZero() || day.Before(to)) {
			list = append(list, pitwall.Warning{Known: day, Code: code, Text: fmt.Sprintf(format, args...)})
		}
	}
	for _, w := range s.dated {
		if slices.Contains(symbols, w.symbol) {
			list = append(list, w.Warning)
		}
	}
	for _, x := range s.series {
		symbol := x.Instrument.Symbol
		booked := map[string]bool{} // days of splits that are given
		if x.Adjusted != pitwall.Raw || !slices.Contains(symbols, symbol) {
			continue
		}
		for _, a := range s.actions {
			if a.Symbol != symbol || a.Type != "split" {
				continue
			}
			booked[a.Ex.Format(time.DateOnly)] = true
			units, per := a.Split()
			say(a.Ex, "", "%s split %s on %s: positions and open orders were changed with it; older prices are as traded then", symbol, ratioName(units.Float()/per.Float()), a.Ex.Format(time.DateOnly))
		}
		for _, j := range s.jumps {
			if j.series == x && !booked[j.day.Format(time.DateOnly)] {
				say(j.day, pitwall.SplitUnapplied, "%s split %s on %s by its adj_close, and no corporate action is given: the split is not applied, so a position held over that day is valued wrongly", symbol, ratioName(j.ratio), j.day.Format(time.DateOnly))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b pitwall.Warning) int { return cmp.Or(a.Known.Compare(b.Known), cmp.Compare(a.Text, b.Text)) })
	return list
}

// ratioName writes 2.0001 as 2:1 and 0.1 as 1:10.
func ratioName(r float64) string {
	for den := 1; den <= 10; den++ {
		if num := math.Round(r * float64(den)); num >= 1 && math.Abs(num/float64(den)/r-1) < 0.01 {
			return fmt.Sprintf("%.0f:%d", num, den)
		}
	}
	if num := math.Round(1 / r); r < 1 && math.Abs(num*r-1) < 0.01 {
		return fmt.Sprintf("1:%.0f", num)
	}
	return fmt.Sprintf("%.4g:1", r)
}
