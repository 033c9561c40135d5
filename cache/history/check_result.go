package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"pitwall"
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
