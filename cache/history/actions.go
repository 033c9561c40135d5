package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/calendar"
)

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
		if kind := actionType(row[at[2]]); !slices.Contains(l.gives, kind) {
			l.gives = append(l.gives, kind)
		}
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

// actionType returns the type of an action as a [pitwall.Action] has it.
func actionType(text string) string {
	kind := strings.ToLower(strings.TrimSpace(text))
	if kind == "cash_dividend" {
		return "dividend"
	}
	return kind
}

// action reads the type and value of an action.
func (t *table) action(kind, text string) (_ string, value, per pitwall.Dec, err error) {
	kind = actionType(kind)
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
		in := &s.Instrument
		in.Cents = in.Tick == 0 && in.Scale == 0 && (in.Kind == pitwall.Equity || in.Kind == pitwall.ETF) && in.Calendar == calendar.NewYork().Name && s.Adjusted == pitwall.Raw
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
