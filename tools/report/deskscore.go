package report

import (
	"fmt"

	"pitwall"
	"pitwall/cache/runs"
)

// TextTable is a table of figures as text: of a desk, of what a run believed, or of a fund.
type TextTable struct {
	ID, Caption string
	Kinds       string // of the columns: t is text, n a number
	Head        []string
	Rows        [][]string
}

// unknownFigure stands for a figure that is not known.
const unknownFigure = "n/a"

// DeskTables writes the score of a desk as tables; those without rows are left out.
func DeskTables(s *runs.DeskScore) []TextTable {
	if s == nil {
		return nil
	}
	var list []TextTable
	for _, t := range []TextTable{goalTable(s), costTable(s), wakeTable(s), judgeTable(s), calibrationTable(s)} {
		if len(t.Rows) > 0 {
			list = append(list, t)
		}
	}
	return list
}

// usd writes dollars with the digits that fractions of a cent need.
func usd(f *float64) string {
	if f == nil {
		return unknownFigure
	}
	return fmt.Sprintf("%.4f", *f)
}

func usdOf(d *pitwall.Dec) string {
	if d == nil {
		return unknownFigure
	}
	f := d.Float()
	return usd(&f)
}

func goalTable(s *runs.DeskScore) TextTable {
	t := TextTable{ID: "desk-goals", Caption: "Goals of the desk", Kinds: "tnnt", Head: []string{"Goal", "Wanted", "Got", "Met"}}
	for _, g := range s.Goals {
		got, met := unknownFigure, "not known"
		if g.Got != nil {
			got, met = fmt.Sprintf("%.4g", *g.Got), "no"
		}
		if g.Met != nil && *g.Met {
			met = "yes"
		}
		t.Rows = append(t.Rows, []string{g.Name, fmt.Sprintf("%.4g", g.Goal), got, met})
	}
	return t
}

func costTable(s *runs.DeskScore) TextTable {
	t := TextTable{ID: "desk-costs", Caption: fmt.Sprintf("What %d decisions of the desk cost, recorded replies included: %s USD, %s a decision, %s a basis point of return",
		s.Decisions, usdOf(s.USD), usd(s.USDPerDecision), usd(s.USDPerPoint)), Kinds: "tnnnnn", Head: []string{"Role", "Replies", "Asked", "Tokens in", "Tokens out", "USD"}}
	for _, r := range s.Roles {
		t.Rows = append(t.Rows, []string{r.Role, fmt.Sprint(r.Replies), fmt.Sprint(r.Asked), fmt.Sprint(r.Usage.Input), fmt.Sprint(r.Usage.Output), usdOf(r.USD)})
	}
	return t
}

func wakeTable(s *runs.DeskScore) TextTable {
	t := TextTable{ID: "desk-wake", Caption: "How often the desk slept, and what a sample of its sleep would have ordered", Kinds: "nnnnnn", Head: []string{"Bars", "Asleep", "Asked all the same", "Would have ordered", "Missed", "USD of the sample"}}
	if w := s.Wake; w != nil {
		t.Rows = [][]string{{fmt.Sprint(w.Looks), fmt.Sprint(w.Asleep), fmt.Sprint(w.Sampled), fmt.Sprint(w.Ordered), Percent.Write(&w.Missed), usdOf(w.USD)}}
	}
	return t
}

func judgeTable(s *runs.DeskScore) TextTable {
	t := TextTable{ID: "desk-judge", Kinds: "tnnnn", Head: []string{"Winner", "Times", "Scored", "Right", "Symbols moved"}}
	if s.Judge == nil {
		return t
	}
	t.Caption = fmt.Sprintf("With whom the judge sided, and how the symbols moved in the %d bars after", s.Judge.Bars)
	for _, x := range s.Judge.Won {
		t.Rows = append(t.Rows, []string{x.Winner, fmt.Sprint(x.Times), fmt.Sprint(x.Scored), fmt.Sprint(x.Right), Percent.Write(x.Moved)})
	}
	return t
}

func calibrationTable(s *runs.DeskScore) TextTable {
	t := TextTable{ID: "desk-calibration", Caption: "How sure each role was, and how often it was right at its horizon (20 bars where it gave none); Brier score: 0 is perfect, 0.25 a coin", Kinds: "tnnnnnt",
		Head: []string{"Role", "Views", "Scored", "Mean confidence", "Right", "Brier", "Right by confidence"}}
	for _, c := range s.Calibration {
		right, bins := 0.0, ""
		if c.Scored > 0 {
			right = float64(c.Right) / float64(c.Scored)
		}
		for _, b := range c.Bins {
			if b.Scored > 0 {
				bins += fmt.Sprintf("%.1f: %d of %d; ", b.From, b.Right, b.Scored)
			}
		}
		row := []string{c.Role, fmt.Sprint(c.Said), fmt.Sprint(c.Scored), unknownFigure, unknownFigure, unknownFigure, ""}
		if c.Scored > 0 {
			row[3], row[4], row[5], row[6] = Ratio.Write(&c.Confidence), Share.Write(&right), fmt.Sprintf("%.3f", c.Brier), bins[:len(bins)-2]
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
