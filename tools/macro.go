package tools

import (
	"context"
	"slices"
	"sort"
	"time"

	"pitwall"
)

type macroIn struct {
	Series string `json:"series,omitempty"`
	Limit  *int   `json:"limit,omitempty" jsonschema:"default 24, at most 500"`
}

type macroPoint struct {
	Date    string `json:"date"`
	Value   string `json:"value"` // as published; empty for a missing observation
	Known   string `json:"known"`
	Revised bool   `json:"revised,omitempty"`
}

type macroOut struct {
	Series  string       `json:"series,omitempty"`
	Revised bool         `json:"revised"`
	AgeDays float64      `json:"age_days"` // since the newest point was known
	Points  []macroPoint `json:"points"`
	Covered []coverView  `json:"covered"`
	Warning string       `json:"warning,omitempty"`
}

func (o macroOut) text(*pitwall.World) string {
	var t text
	t.covered(o.Covered)
	if o.Series == "" {
		return t.String()
	}
	t.pairs("series", o.Series, "revised", o.Revised, "age_days", o.AgeDays)
	if o.Warning != "" {
		t.pairs("warning", o.Warning)
	}
	t.block("points", "date,value,known,revised", len(o.Points), func(i int) []any {
		p := o.Points[i]
		return []any{p.Date, p.Value, p.Known, p.Revised}
	})
	return t.String()
}

func macroSeries(ctx context.Context, w *pitwall.World, in macroIn) (macroOut, error) {
	limit, err := atMost("limit", in.Limit, 24, 500)
	if err != nil {
		return macroOut{}, err
	}
	out := macroOut{Series: in.Series, Points: []macroPoint{}}
	what, names := "macro series", []string(nil)
	if in.Series != "" {
		what, names = "series "+in.Series, []string{in.Series}
	}
	if out.Covered, _, err = covered(ctx, w, pitwall.Macro, what, names); err != nil || in.Series == "" {
		return out, err
	}
	found, err := w.Records.Find(ctx, pitwall.RecordQuery{Kind: pitwall.Macro, Series: in.Series})
	if err != nil {
		return out, err
	}
	found = newestVintage(found)
	if len(found) == 0 {
		return out, pitwall.Errorf(pitwall.NoCoverage, "only revised values of %s exist, and they contain later knowledge", in.Series).
			Hintf("use another series, or set allow_revised: true in the strategy: revised values are then shown after their usual release lag and marked")
	}
	out.AgeDays = float64(int(w.Clock.Now().Sub(found[0].Known).Hours()/2.4+0.5)) / 10
	for _, r := range found[:min(len(found), limit)] {
		out.Points = append(out.Points, macroPoint{r.Event.Format(time.DateOnly), r.Value, w.Time(r.Known), r.Revised})
		out.Revised = out.Revised || r.Revised
	}
	if out.Revised {
		out.Warning = "some values are revised: as known today, not as first published"
	}
	return out, nil
}

// newestVintage keeps, for each date, the value known last, newest date first. A
// revised value counts only for a date of which no vintage is known.
func newestVintage(found []pitwall.Record) []pitwall.Record {
	sort.SliceStable(found, func(i, j int) bool {
		a, b := &found[i], &found[j]
		switch {
		case !a.Event.Equal(b.Event):
			return a.Event.After(b.Event)
		case a.Revised != b.Revised:
			return !a.Revised
		}
		return a.Known.After(b.Known)
	})
	return slices.CompactFunc(found, func(a, b pitwall.Record) bool { return a.Event.Equal(b.Event) })
}
