package runs

import (
	"encoding/csv"
	"encoding/json"
	"strings"
)

// ratioRows lists the ratios that `fundamentals` gave in the run, as the turns hold them.
func (r *Run) ratioRows() (rows [][]any) {
	for _, line := range r.Turns() {
		if !strings.Contains(strings.Join(line.Calls, " "), "fundamentals") {
			continue
		}
		t, err := r.Turn(line.Turn)
		if err != nil {
			r.missing(err)
			continue
		}
		for _, c := range t.Calls() {
			var in struct {
				Symbol string
				Ratios bool
			}
			if c.Result.IsError || strings.ReplaceAll(c.Name, ".", "_") != "fundamentals" || json.Unmarshal(c.Arguments, &in) != nil || !in.Ratios {
				continue
			}
			for _, x := range ratioLines(c.Result.Text) {
				rows = append(rows, []any{float64(t.Turn), t.AsOf, c.Role, in.Symbol, x[0], x[1], x[2]})
			}
		}
	}
	return rows
}

// ratioLines reads the block of ratios of an answer: name, value, how.
func ratioLines(text string) (list [][]string) {
	_, text, found := strings.Cut(text, "\nratios: name,value,how\n")
	if !found {
		return nil
	}
	text, _, _ = strings.Cut(text, "\ninputs: ")
	in := csv.NewReader(strings.NewReader(text))
	in.FieldsPerRecord, in.LazyQuotes = 3, true
	for {
		x, err := in.Read()
		if err != nil { // the end, or what is no ratio
			return list
		}
		list = append(list, x)
	}
}
