package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pitwall"
)

// CheckFiles compares the rows of fills.csv and equity.csv, and the cash of the
// manifest, with the run's journal. Each difference is one line; at most one per
// file, the first.
func CheckFiles(r Run, cash pitwall.Dec, fills, equity [][]string) []string {
	var wantFills, wantEquity []string
	var list []string
	var a pitwall.Calc
	var begin, equityNow, cashNow pitwall.Dec
	books, marked, first := 0, 0, int64(0)
	for _, e := range r.Journal {
		switch {
		case e.Kind == pitwall.EntryStart:
			begin = a.Add(begin, e.Amount)
			if books++; first == 0 {
				first = e.Seq
			}
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			f := e.Fill
			wantFills = append(wantFills, strings.Join([]string{f.Time.Format(time.RFC3339), f.Symbol, string(f.Side), f.Qty.String(), f.Price.String(), f.Fee.String(), f.Book}, ","))
		case e.Kind == pitwall.EntryMark && e.Mark != nil:
			equityNow, cashNow = a.Add(equityNow, e.Mark.Equity), a.Add(cashNow, e.Mark.Cash)
			if marked++; marked < books {
				continue
			}
			wantEquity = append(wantEquity, strings.Join([]string{e.Mark.Time.Format(time.RFC3339), equityNow.String(), cashNow.String()}, ","))
			equityNow, cashNow, marked = 0, 0, 0
		}
	}
	if books > 0 && begin != cash {
		list = append(list, fmt.Sprintf("entry %d begins with %v, the manifest with %v", first, begin, cash))
	}
	if a.Err != nil {
		list = append(list, fmt.Sprintf("adding up the books: %v", a.Err))
	}
	for _, d := range []string{firstRow("fills.csv", 7, fills, wantFills), firstRow("equity.csv", 3, equity, wantEquity)} {
		if d != "" {
			list = append(list, d)
		}
	}
	return list
}

// CheckBooks compares the rows of books.csv with the equity points of the run's journal. The
// difference is one line, the first; empty without one.
func CheckBooks(r Run, rows [][]string) string {
	var want []string
	for _, e := range r.Journal {
		if e.Kind == pitwall.EntryMark && e.Mark != nil {
			want = append(want, strings.Join([]string{e.Mark.Time.Format(time.RFC3339), e.Book, e.Mark.Equity.String(), e.Mark.Cash.String()}, ","))
		}
	}
	return firstRow("books.csv", 4, rows, want)
}

// firstRow returns the first difference between a file's leading columns and what
// they should be, "" if there is none.
func firstRow(file string, cols int, rows [][]string, want []string) string {
	for i := range max(len(rows), len(want)) {
		switch {
		case i >= len(rows):
			return fmt.Sprintf("%s lacks row %d: %s", file, i+1, want[i])
		case i >= len(want):
			return fmt.Sprintf("%s has %d rows, the journal %d", file, len(rows), len(want))
		}
		if got := strings.Join(rows[i][:min(cols, len(rows[i]))], ","); got != want[i] {
			return fmt.Sprintf("%s line %d: %s; the journal says %s", file, i+2, got, want[i])
		}
	}
	return ""
}

// CheckEnd compares the end of a complete run: the journal must reach the last bar
// that the run brought along, and end with the manifest's digest.
func CheckEnd(r Run, digest string) []string {
	var bars, marks time.Time
	for _, s := range r.Data.Series() {
		if last := s.Bar(s.Len() - 1); (len(r.Symbols) == 0 || slices.Contains(r.Symbols, s.Instrument.Symbol)) && last.Known.After(bars) && !last.Start.Before(r.From) {
			bars = last.Known
		}
	}
	note := ""
	for _, e := range r.Journal {
		switch e.Kind {
		case pitwall.EntryMark:
			marks = e.AsOf
		case pitwall.EntryEnd:
			note = e.Note
		}
	}
	var list []string
	if !marks.Equal(bars) {
		list = append(list, fmt.Sprintf("the manifest says complete and the bars go to %s; the journal's last equity point is of %s", bars.Format(time.RFC3339), marks.Format(time.RFC3339)))
	}
	if want := "complete, digest " + digest; note != want {
		list = append(list, fmt.Sprintf("the journal ends with %q, the manifest says %q", note, want))
	}
	return list
}
