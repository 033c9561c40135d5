package layout

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// unfinished are columns that say whether a bar was over when it was asked for, and what
// they say of one that was not.
var unfinished = map[string]string{"complete": "false", "confirm": "0", "is_closed": "false", "isclosed": "false"}

// finished leaves out bars that were not over yet.
func (t *Table) finished() {
	for i, h := range t.Header {
		if word, ok := unfinished[fold(h)]; ok {
			t.dropRows(unfinishedBar, func(row []string) bool { return isUnfinished(row[i], word) })
		}
	}
}

// isUnfinished reports whether a cell says the word for a bar that was not over.
func isUnfinished(cell, word string) bool { return strings.EqualFold(strings.TrimSpace(cell), word) }

// isHistData tells files of HistData: semicolons, compact times, volume always 0.
func (t *Table) isHistData(at map[string]int, form string) bool {
	i, ok := at[Volume]
	return ok && t.Layout.Headerless != "" && t.Layout.Separator == ';' && form == "compact" &&
		!slices.ContainsFunc(t.Rows, func(row []string) bool { return row[i] != "0" })
}

// histData reads times and volume as those of HistData.
func (l *Layout) histData(at map[string]int) {
	l.Zone = time.FixedZone("EST (UTC-5)", -5*60*60)
	l.Notes = append(l.Notes, "times are taken as those of HistData: EST, never daylight saving time; its volume of 0 is none")
	delete(at, Volume)
}

// scale returns the power of ten that prices are to be multiplied with, and notes it.
func (t *Table) scale(at map[string]int, times []moment) string {
	switch {
	case t.isLean(at, times):
		t.Layout.Notes = append(t.Layout.Notes, "prices are taken as those of Lean: 10,000 times what they are")
		return "e-4"
	case t.isDatabento(at):
		t.Layout.Notes = append(t.Layout.Notes, "prices are taken as those of Databento: in units of a billionth")
		return "e-9"
	}
	return ""
}

// isDatabento tells files of Databento with its own columns and whole numbers as prices.
func (t *Table) isDatabento(at map[string]int) bool {
	return slices.Contains(t.Header, "rtype") && slices.Contains(t.Header, "publisher_id") && len(t.Rows) > 0 &&
		!slices.ContainsFunc(t.Rows, func(row []string) bool {
			return slices.ContainsFunc([]string{Open, High, Low, Close}, func(p string) bool {
				c := strings.TrimPrefix(row[at[p]], "-")
				return digitRun(c) != len(c)
			})
		})
}

// isLean tells daily files of Lean, whose prices are 10,000 times what they are: whole
// numbers without a header, beside a date with midnight.
func (t *Table) isLean(at map[string]int, times []moment) bool {
	return t.Layout.Headerless != "" && t.Layout.Times == "compact" && len(times) > 0 && times[0].clock && times[0].t.Hour() == 0 &&
		!slices.ContainsFunc(t.Rows, func(row []string) bool {
			return slices.ContainsFunc([]string{Open, High, Low, Close}, func(p string) bool { return digitRun(row[at[p]]) != len(row[at[p]]) || len(row[at[p]]) < 4 })
		})
}

// tickVolume takes the number of price changes as volume where the volume is always 0,
// as MetaTrader writes currencies.
func (t *Table) tickVolume(at map[string]int) {
	i, ok := at[Volume]
	ticks := t.ticks()
	if !ok || ticks < 0 || ticks == i || slices.ContainsFunc(t.Rows, func(row []string) bool { f, ok := roughly(row[i]); return ok && f != 0 }) {
		return
	}
	at[Volume] = ticks
	t.Layout.Notes = append(t.Layout.Notes, fmt.Sprintf("the volume is always 0: %s is taken instead", strings.TrimSpace(t.Header[ticks])))
}

// ticks returns the column with the number of price changes, or -1.
func (t *Table) ticks() int {
	return slices.IndexFunc(t.Header, func(h string) bool { return slices.Contains([]string{"tickvol", "tick_volume"}, fold(h)) })
}

// coins finds the columns of two exchanges whose volume is of money: at HTX (Huobi) id is
// the start in seconds and amount is of coins, at Poloniex quoteVolume is.
func coins(at map[string]int, folded []string) {
	id, amount := slices.Index(folded, "id"), slices.Index(folded, "amount")
	if _, ok := at[Timestamp]; !ok && id >= 0 && amount >= 0 && slices.Contains(folded, "vol") && slices.Contains(folded, "count") {
		at[Timestamp], at[Volume] = id, amount
	}
	if i := slices.Index(folded, "quotevolume"); i >= 0 && slices.Contains(folded, "weightedaverage") {
		at[Volume] = i
	}
}

// bondQuotes refuses prices that may be of bonds, in parts of 32: 110'165 is 110 and 16.5
// of 32 parts, or 110165.
func (t *Table) bondQuotes(at map[string]int) error {
	found := -1
	for i, row := range t.Rows {
		for _, p := range []string{Open, High, Low, Close} {
			whole, parts, ok := strings.Cut(row[at[p]], "'")
			switch {
			case !ok:
				continue
			case digitRun(whole) != len(whole) || len(parts) != 3 || digitRun(parts) != 3 || parts[:2] > "31" || !strings.Contains("0257", parts[2:]):
				return nil
			case found < 0:
				found = i
			}
		}
	}
	if found < 0 {
		return nil
	}
	return t.bad(found, Open, fmt.Errorf("%q may be a bond's price in parts of 32, or a whole number with thousands; write prices as decimals", t.Rows[found][at[Open]]))
}
