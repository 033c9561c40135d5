package driver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/history"
)

// This file is what a trader and an operator should know of a simulated world: its
// conditions, and warnings with the time from which they may be shown.

// conditions returns what a trader should know of its account and rules before it
// orders, a sentence each.
func conditions(spec SimSpec) []string {
	t := effectiveTerms(spec.Terms)
	account := "account: cash; neither borrows nor shorts"
	if t.Reinvest && t.Type == pitwall.CashAccount {
		account += "; dividends are reinvested"
	}
	if t.SettleDays > 0 {
		account += fmt.Sprintf("; sales settle after %d sessions", t.SettleDays)
	}
	if t.Type == pitwall.MarginAccount {
		account = fmt.Sprintf("account: margin; to open %v of the notional, to keep %v long and %v short; borrow_rate %v and margin_rate %v a year", t.Initial, t.LongMaintenance, t.ShortMaintenance, t.BorrowRate, t.MarginRate)
		if t.NoShorts {
			account += "; no shorts"
		}
		if t.Reinvest {
			account += "; dividends are reinvested"
		}
		if len(t.NoBorrow) > 0 {
			account += "; not to be shorted: " + strings.Join(t.NoBorrow, ", ")
		}
	}
	path := spec.Rules.Path
	if path == "" {
		path = pitwall.Provable
	}
	fills := fmt.Sprintf("fills: %s", path)
	if spec.Rules.VolumeShare != pitwall.NoVolumeLimit {
		fills += fmt.Sprintf("; at most %v of a bar's volume", spec.Rules.VolumeShare)
	}
	if spec.Rules.Touch {
		fills += "; a touch fills a limit"
	}
	if spec.Rules.Latency != 0 {
		fills += fmt.Sprintf("; orders are under way for %v", spec.Rules.Latency)
	}
	return []string{account, fills, "risk: " + spec.Limits.String()}
}

// effectiveTerms returns an account's terms as they hold: a cash account has no
// margins.
func effectiveTerms(t pitwall.Terms) pitwall.Terms {
	if u := t.WithDefaults(); u.Type == pitwall.MarginAccount {
		return u
	}
	t.Type = pitwall.CashAccount
	return t
}

// warnings returns what a trader should know about the data, each from its time on.
func warnings(store *history.Store, spec SimSpec, from, to time.Time) (list []pitwall.Warning) {
	if first := firstRevised(store); spec.Revised && !first.IsZero() {
		list = append(list, pitwall.Warning{Known: first, Text: "macro series of which only revised values exist are shown after their usual release lag: the values hold later knowledge"})
	}
	if t := spec.Terms.WithDefaults(); t.Type == pitwall.MarginAccount && (t.BorrowRate == 0 || t.MarginRate == 0) {
		list = append(list, pitwall.Warning{Text: fmt.Sprintf("a margin account at borrow_rate %v and margin_rate %v a year: what costs nothing here costs something at a broker", t.BorrowRate, t.MarginRate)})
	}
	list = append(list, store.MadeUp()...)
	list = append(list, adjusted(store, spec)...)
	list = append(list, perShare(store, spec)...)
	list = append(list, store.DatedWarnings(spec.Symbols, from, to)...)
	return append(list, stale(store, spec, from, to)...)
}

// perShare warns of a fee per unit of a symbol that is quoted per many units.
func perShare(store *history.Store, spec SimSpec) (list []pitwall.Warning) {
	for _, s := range store.Series() {
		if in := s.Instrument; in.Scale > 0 && spec.Costs.PerShare > 0 && slices.Contains(spec.Symbols, in.Symbol) {
			list = append(list, pitwall.Warning{Known: s.Bar(0).Known, Text: fmt.Sprintf("per_share is charged per %v units of %s, as it is quoted", in.Scale, in.Symbol)})
		}
	}
	return list
}

// adjusted warns of prices that the vendor adjusted for later splits or dividends.
func adjusted(store *history.Store, spec SimSpec) (list []pitwall.Warning) {
	for _, s := range store.Series() {
		if slices.Contains(spec.Symbols, s.Instrument.Symbol) && s.Adjusted != pitwall.Raw && s.Adjusted != "" {
			includes := "exclude"
			if s.Adjusted == pitwall.TotalAdjusted || slices.ContainsFunc(store.Actions(), func(a pitwall.Action) bool {
				return a.Symbol == s.Instrument.Symbol && strings.HasSuffix(a.Type, "dividend")
			}) {
				includes = "include"
			}
			list = append(list, pitwall.Warning{Known: s.Bar(0).Known, Text: fmt.Sprintf("%s prices are %s-adjusted. Returns %s dividends; price levels, share counts and per-share fees differ from what traded then", s.Instrument.Symbol, s.Adjusted, includes)})
		}
	}
	return list
}

// firstRevised returns when the first revised value counts as known, zero without one.
func firstRevised(store *history.Store) (first time.Time) {
	for _, r := range store.Records() {
		if r.Revised && (first.IsZero() || r.Known.Before(first)) {
			first = r.Known
		}
	}
	return first
}

// Quiet is how long a symbol may be without a bar before it is worth a warning: a
// long weekend.
const Quiet = 5 * 24 * time.Hour

// quietUntil is when a symbol has been without a bar for so long that it is worth a
// warning: Quiet after its last one, and not before two sessions have passed, since
// exchanges close for whole weeks.
func quietUntil(in pitwall.Instrument, end time.Time) time.Time {
	due := end.Add(Quiet)
	day := in.Day(end.Add(-1))
	for sessions := 0; sessions < 2; {
		day = day.AddDate(0, 0, 1)
		_, closes, ok := in.Session(day)
		if !ok {
			continue
		}
		if sessions++; sessions == 2 && closes.After(due) {
			due = closes
		}
	}
	return due
}

// stale flags symbols without a recent bar; they stay valued at their last price.
// The warning is known some days after the last bar, not before, and does not say
// whether there will be another.
func stale(store *history.Store, spec SimSpec, from, to time.Time) []pitwall.Warning {
	var list []pitwall.Warning
	for _, s := range store.Series() {
		symbol := s.Instrument.Symbol
		if !slices.Contains(spec.Symbols, symbol) {
			continue
		}
		quiet := max(Quiet, 2*s.Size) // weeks are a week apart
		for i := range s.Len() {
			if i+1 < s.Len() && s.Known[i+1] <= s.End[i]+int64(quiet) {
				continue
			}
			end := time.Unix(0, s.End[i])
			due := quietUntil(s.Instrument, end)
			if end.Add(quiet).After(due) {
				due = end.Add(quiet)
			}
			known := due.UnixNano()
			if known < from.UnixNano() || known > to.UnixNano() || i+1 < s.Len() && s.Known[i+1] <= known {
				continue
			}
			end = s.Bar(i).End
			list = append(list, pitwall.Warning{Known: due, Text: fmt.Sprintf("%s has had no bar since %s: its orders do not fill, and it stays valued at its last price", symbol, end.Format(time.DateOnly))})
		}
	}
	return list
}

// notes returns what the operator should know of the data as a whole: it counts the
// future in.
func notes(store *history.Store, spec SimSpec, from, to time.Time) (list []pitwall.Warning) {
	if spec.Lacking != "" {
		list = append(list, pitwall.Warning{Code: pitwall.MembersLacking, Text: spec.Lacking})
	}
	list = append(list, sectorless(store, spec)...)
	for _, text := range slices.Concat(store.Warnings, startsLate(store, spec, from), endsEarly(store, spec, to)) {
		list = append(list, pitwall.Warning{Text: text})
	}
	return list
}

// startsLate notes data that start two sessions or more after the first day asked for.
func startsLate(store *history.Store, spec SimSpec, from time.Time) []string {
	var first *pitwall.Series
	for _, s := range store.Series() {
		if slices.Contains(spec.Symbols, s.Instrument.Symbol) && (first == nil || s.Start[0] < first.Start[0]) {
			first = s
		}
	}
	if spec.From == "" || first == nil || sessions(first.Instrument, from, first.Bar(0).Start) < 2 {
		return nil
	}
	return []string{fmt.Sprintf("the data start on %s, after the first day asked for (%s)", first.Bar(0).Start.Format(time.DateOnly), spec.From)}
}

// endsEarly notes data that end well before the last day asked for. It is for the
// operator: a trader cannot know it.
func endsEarly(store *history.Store, spec SimSpec, to time.Time) []string {
	var last time.Time
	for _, s := range store.Series() {
		if end := s.Bar(s.Len() - 1).End; slices.Contains(spec.Symbols, s.Instrument.Symbol) && end.After(last) {
			last = end
		}
	}
	if spec.To == "" || to.Sub(last) < Quiet {
		return nil
	}
	return []string{fmt.Sprintf("the data end on %s, before the last day asked for (%s)", last.Format(time.DateOnly), spec.To)}
}

// benchmarkShort warns of a benchmark that starts later or ends earlier than what is
// traded, by two sessions of its own or more: its return covers other days.
func benchmarkShort(store *history.Store, spec SimSpec, from, until time.Time) (list []pitwall.Warning) {
	var first, last time.Time
	var bench *pitwall.Series
	for _, s := range store.Series() {
		if s.Instrument.Symbol == spec.Benchmark {
			bench = s
		}
		if lo, hi := known(s, from, until); lo < hi && slices.Contains(spec.Symbols, s.Instrument.Symbol) {
			if a := s.Bar(lo).Start; first.IsZero() || a.Before(first) {
				first = a
			}
			if b := s.Bar(hi - 1).Start; b.After(last) {
				last = b
			}
		}
	}
	if bench == nil || first.IsZero() {
		return nil
	}
	say := func(format string, args ...any) {
		list = append(list, pitwall.Warning{Code: pitwall.BenchmarkShort, Text: "benchmark " + spec.Benchmark + " " + fmt.Sprintf(format, args...)})
	}
	lo, hi := known(bench, from, until)
	if lo == hi {
		say("has no bar from %s to %s", first.Format(time.DateOnly), last.Format(time.DateOnly))
		return list
	}
	a, b := bench.Bar(lo).Start, bench.Bar(hi-1).Start
	late, early := sessions(bench.Instrument, first, a) > 1, sessions(bench.Instrument, b.AddDate(0, 0, 1), last.AddDate(0, 0, 1)) > 1
	switch {
	case late && early:
		say("covers only %s to %s of the run: its return is of those days", a.Format(time.DateOnly), b.Format(time.DateOnly))
	case late:
		say("starts on %s, the run on %s: its return is of the days from then", a.Format(time.DateOnly), first.Format(time.DateOnly))
	case early:
		say("ends on %s, the run on %s: its return is of the days until then", b.Format(time.DateOnly), last.Format(time.DateOnly))
	}
	return list
}

// known returns the range of bars that became known in a run.
func known(s *pitwall.Series, from, until time.Time) (lo, hi int) {
	return s.KnownAt(from.UnixNano()), s.KnownAt(until.UnixNano())
}

// sessions counts the sessions of an instrument on the days [a, b).
func sessions(in pitwall.Instrument, a, b time.Time) (n int) {
	end := in.Day(b)
	for day := in.Day(a); day.Before(end); day = day.AddDate(0, 0, 1) {
		if _, _, ok := in.Session(day); ok {
			n++
		}
	}
	return n
}
