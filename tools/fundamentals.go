package tools

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"pitwall"
)

type fundamentalsIn struct {
	Symbol  string   `json:"symbol"`
	Items   []string `json:"items,omitempty" jsonschema:"parts of item names, such as revenues"`
	Periods *int     `json:"periods,omitempty" jsonschema:"default 1, at most 20"`
	Ratios  bool     `json:"ratios,omitempty" jsonschema:"P/E, P/B, ROE, margins, growth, debt, Graham number in place of items"`
}

type itemView struct {
	Period    string `json:"period"`
	End       string `json:"end"`
	Known     string `json:"known"`
	Statement string `json:"statement"`
	Item      string `json:"item"`
	Value     string `json:"value"`
	Unit      string `json:"unit"`
}

type fundamentalsOut struct {
	Items   []itemView  `json:"items"`
	Covered []coverView `json:"covered"`
	Ratios  []ratioView `json:"ratios,omitempty"`
	Inputs  []inputView `json:"inputs,omitempty"`
}

func (o fundamentalsOut) text(*pitwall.World) string {
	var t, items text
	t.covered(o.Covered)
	if len(o.Ratios) > 0 {
		items.block("ratios", "name,value,how", len(o.Ratios), func(i int) []any {
			x := o.Ratios[i]
			if x.Value == nil {
				return []any{x.Name, "null", x.How}
			}
			return []any{x.Name, *x.Value, x.How}
		})
		items.block("inputs", "input,value,item,periods,known", len(o.Inputs), func(i int) []any {
			x := o.Inputs[i]
			return []any{x.Input, x.Value, x.Item, x.Periods, x.Known}
		})
		return t.String() + items.marked("fundamentals", len(o.Ratios))
	}
	items.block("items", "period,end,known,statement,item,value,unit", len(o.Items), func(i int) []any {
		x := o.Items[i]
		return []any{x.Period, x.End, x.Known, x.Statement, x.Item, x.Value, x.Unit}
	})
	return t.String() + items.marked("fundamentals", len(o.Items))
}

// maxItems bounds one answer of fundamentals.
const maxItems = 300

func fundamentals(ctx context.Context, w *pitwall.World, in fundamentalsIn) (fundamentalsOut, error) {
	out := fundamentalsOut{Items: []itemView{}}
	periods, err := atMost("periods", in.Periods, 1, 20)
	if err != nil {
		return out, err
	}
	if out.Covered, _, err = covered(ctx, w, pitwall.Fundamental, "statement of "+in.Symbol, []string{in.Symbol}); err != nil {
		return out, err
	}
	found, err := w.Records.Find(ctx, pitwall.RecordQuery{Kind: pitwall.Fundamental, Symbols: []string{in.Symbol}})
	if err != nil {
		return out, err
	}
	if in.Ratios {
		if in.Periods != nil || len(in.Items) > 0 {
			return out, pitwall.Errorf(pitwall.InvalidInput, "ratios come without items and periods").Hintf("leave out items and periods, or ratios")
		}
		out.Ratios, out.Inputs = ratios(ctx, w, in.Symbol, found)
		return out, nil
	}
	// Newest period first; within it by statement and item; of a restated item the
	// figure known last.
	slices.SortStableFunc(found, func(a, b pitwall.Record) int {
		return cmp.Or(b.Event.Compare(a.Event), cmp.Compare(a.Fields["statement"], b.Fields["statement"]), cmp.Compare(a.Series, b.Series), b.Known.Compare(a.Known))
	})
	seen := 0
	for i, r := range found {
		if i == 0 || !r.Event.Equal(found[i-1].Event) {
			seen++
		}
		if seen > periods {
			break
		}
		if i > 0 && r.Event.Equal(found[i-1].Event) && r.Series == found[i-1].Series && r.Fields["statement"] == found[i-1].Fields["statement"] || !named(r.Series, in.Items) {
			continue
		}
		if len(out.Items) == maxItems {
			return out, pitwall.Errorf(pitwall.InvalidInput, "more than %d items in %d periods", maxItems, periods).Hintf("name items, or ask for fewer periods")
		}
		out.Items = append(out.Items, itemView{OneLine(r.Fields["period"], 40), r.Event.Format(time.DateOnly), w.Time(r.Known), OneLine(r.Fields["statement"], 60), OneLine(r.Series, 200), OneLine(r.Value, 200), OneLine(r.Fields["unit"], 40)})
	}
	return out, nil
}

// named reports whether a name holds one of the parts, or none are given.
func named(name string, parts []string) bool {
	return len(parts) == 0 || slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(strings.ToLower(name), strings.ToLower(p)) })
}
