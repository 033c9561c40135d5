package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"pitwall"
	"pitwall/cache/layout"
)

// Finding is one thing about data that a user should know: what, where, how
// often, the first examples, and what to do. Symbol is empty when it is about
// the file.
type Finding struct {
	File     string   `json:"file"`
	Symbol   string   `json:"symbol,omitempty"`
	Rule     string   `json:"rule"`
	Count    int      `json:"count"`
	Examples []string `json:"examples,omitempty"`
	Do       string   `json:"do"`
}

// Checked is the outcome of Check.
type Checked struct {
	Files    int       `json:"files"`
	Rows     int       `json:"rows"`
	Findings []Finding `json:"findings"`

	// Understood are the files of bars.
	Understood []Understood `json:"understood,omitempty"`
}

// Understood is what a file of bars was taken for.
type Understood struct {
	File      string          `json:"file"`
	Own       bool            `json:"own,omitempty"` // written as Pitwall writes bars
	Symbols   []string        `json:"symbols"`
	Columns   []layout.Column `json:"columns,omitempty"`
	Ignored   []string        `json:"ignored,omitempty"`
	Separator string          `json:"separator,omitempty"`
	Decimal   string          `json:"decimal,omitempty"`
	Dates     string          `json:"dates,omitempty"`
	Guesses   []string        `json:"guesses,omitempty"` // each can change money
	Notes     []string        `json:"notes,omitempty"`
	Header    []string        `json:"header"`
	First     [][]string      `json:"first"` // rows, as they are read
}

// understood records what a file was taken for.
func (c *checker) understood(t *table, adj pitwall.Adjustment, found map[string]*checkedBars) {
	x := t.layout
	u := Understood{File: t.name, Own: x.Own, Symbols: slices.Sorted(maps.Keys(found)), Columns: x.Columns, Ignored: x.Ignored, Decimal: x.Decimal, Dates: x.Times, Header: t.header, First: t.rows[:min(3, len(t.rows))]}
	if x.Separator != 0 && !x.Own {
		u.Separator = string(x.Separator)
	}
	if x.Headerless != "" {
		u.Guesses = append(u.Guesses, "no header: columns as "+x.Headerless)
	}
	u.Guesses = append(u.Guesses, x.Notes...)
	intraday := slices.ContainsFunc(slices.Collect(maps.Values(found)), func(s *checkedBars) bool { return s.size < pitwall.OneDay })
	switch stated := t.mapping.Timezone != ""; {
	case stated:
		u.Notes = append(u.Notes, "times without an offset are those of "+t.mapping.Timezone)
	case x.Naive && intraday && x.Zone != nil:
		u.Guesses = append(u.Guesses, "times without an offset are taken as those of "+cityOf(x.Zone)+"; timezone: states it")
	case x.Naive && intraday:
		u.Guesses = append(u.Guesses, "times without an offset are taken as those of the exchange; timezone: states it")
	}
	if adj == "" {
		u.Guesses = append(u.Guesses, "prices are taken as traded; adjusted: raw, split or total states it")
	}
	for _, s := range x.Skipped {
		u.Notes = append(u.Notes, fmt.Sprintf("left out: %s", s))
	}
	c.out.Understood = append(c.out.Understood, u)
}

// String writes what a file was taken for as a table. Guesses are marked with "?".
func (u Understood) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is read as bars of %s\n", u.File, strings.Join(u.Symbols, ", "))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(u.Columns) > 0 {
		fmt.Fprintln(w, "  COLUMN\tREAD AS\tFIRST VALUE")
		for _, c := range u.Columns {
			fmt.Fprintf(w, "  %s\t%s\t%s\n", c.Name, c.Meaning, c.First)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "  %s\n", strings.Join(u.Header, "\t"))
	for _, row := range u.First {
		fmt.Fprintf(w, "  %s\n", strings.Join(row, "\t"))
	}
	_ = w.Flush() // a builder
	if !u.Own {
		fmt.Fprintf(&b, "  dates %s, decimal mark %q", u.Dates, u.Decimal)
		if u.Separator != "" {
			fmt.Fprintf(&b, ", separator %q", u.Separator)
		}
		b.WriteString("\n")
	}
	if len(u.Ignored) > 0 {
		fmt.Fprintf(&b, "  not read: %s\n", strings.Join(u.Ignored, ", "))
	}
	for _, n := range u.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	for _, g := range u.Guesses {
		fmt.Fprintf(&b, "? %s\n", g)
	}
	return b.String()
}

// Check reads everything that the store holds.
func (l *Local) Check(ctx context.Context) (*Checked, error) {
	if err := l.usable(); err != nil {
		return nil, err
	}
	_, err := os.Stat(l.Dir)
	r := &Checked{}
	if !errors.Is(err, fs.ErrNotExist) {
		if r, err = Check(ctx, []Input{{FS: os.DirFS(l.Dir), Path: ".", Show: l.Dir}}); err != nil {
			return nil, err
		}
	}
	if r.Files == 0 {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "the store at %s is empty", l.Dir).Hintf("name files or folders, or fetch some: pitwall data fetch yahoo AAPL --from 2015-01-01")
	}
	return r, nil
}

// String lists the findings for a person, file by file.
func (r *Checked) String() string {
	var b strings.Builder
	for _, u := range r.Understood {
		if !u.Own {
			b.WriteString(u.String())
		}
	}
	file := ""
	brief := r.Brief()
	for _, f := range brief {
		if f.File != file {
			file = f.File
			fmt.Fprintln(&b, file)
		}
		b.WriteString("  " + f.Rule)
		if f.Symbol != "" {
			b.WriteString(" (" + f.Symbol + ")")
		}
		fmt.Fprintf(&b, ": %d", f.Count)
		if len(f.Examples) > 0 {
			b.WriteString(", " + strings.Join(f.Examples, "; "))
		}
		fmt.Fprintf(&b, "\n      %s\n", f.Do)
	}
	fmt.Fprintf(&b, "%d files, %d rows, %d findings\n", r.Files, r.Rows, len(brief))
	return b.String()
}

// Brief folds findings of one file and rule over many symbols into one, for
// people; four symbols or more become "AAPL, ABNB, ADI and 65 more".
func (r *Checked) Brief() []Finding {
	var out []Finding
	symbols := map[string][]string{}
	at := map[string]int{}
	for _, f := range r.Findings {
		key := f.File + "\x00" + f.Rule
		symbols[key] = append(symbols[key], f.Symbol)
		i, ok := at[key]
		if !ok {
			at[key] = len(out)
			out = append(out, f)
			continue
		}
		out[i].Count += f.Count
		if len(out[i].Examples) < 3 && len(f.Examples) > 0 {
			out[i].Examples = append(slices.Clone(out[i].Examples), f.Symbol+" "+f.Examples[0])
		}
	}
	for i, f := range out {
		list := symbols[f.File+"\x00"+f.Rule]
		more := ""
		if len(list) > 4 {
			more = fmt.Sprintf(" and %d more", len(list)-3)
			list = list[:3]
		}
		out[i].Symbol = strings.Join(list, ", ") + more
	}
	return out
}

// Rejected reports whether a finding is of the kind that makes Load reject a file
// or a price wrong.
func (r *Checked) Rejected() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool {
		switch f.Rule {
		case "unreadable", "sidecar", "impossible bar", "duplicate", "out of order", "jump like a missing split", "duplicate action", "unknown action", "inverted split", "not adjusted":
			return true
		}
		return false
	})
}
