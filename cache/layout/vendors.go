package layout

import (
	"fmt"
	"slices"
	"strings"
)

// isHistData tells files of HistData: semicolons, compact times, volume always 0.
func (t *Table) isHistData(at map[string]int, form string) bool {
	i, ok := at[Volume]
	return ok && t.Layout.Headerless != "" && t.Layout.Separator == ';' && form == "compact" &&
		!slices.ContainsFunc(t.Rows, func(row []string) bool { return row[i] != "0" })
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
