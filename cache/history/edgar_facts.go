package history

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// edgarFact is a figure of a filing, as the archive writes it. Year and Period are the
// filing's, whatever period the figure is of.
type edgarFact struct {
	Start  string      `json:"start"` // empty = the figure is of one day
	End    string      `json:"end"`
	Value  json.Number `json:"val"`
	Filing string      `json:"accn"`
	Year   int         `json:"fy"`
	Period string      `json:"fp"`
	Form   string      `json:"form"`
	Filed  string      `json:"filed"`

	taxonomy, item, unit string
	start, end, filed    time.Time
}

// edgarPeriod names a fiscal period.
type edgarPeriod struct {
	year   int
	period string
}

// statements reads company facts.
func (e *edgar) statements(ctx context.Context, q Request) (*Answer, error) {
	cik, err := e.cik(ctx, q.Symbol)
	if err != nil {
		return nil, err
	}
	raw, err := e.get(ctx, "/api/xbrl/companyfacts/CIK"+cik+".json", nil, nil)
	if err != nil {
		return nil, err
	}
	facts, err := edgarFacts(raw, cik)
	if err != nil {
		return nil, err
	}
	reports := edgarReports(facts)
	names := map[string]edgarPeriod{} // of days, as the filings so far name them
	type figure struct{ taxonomy, item, unit, start, end string }
	latest := map[figure]string{}
	ans := &Answer{Kind: KindStatements}
	for _, f := range facts { // by date of filing: no later report names a figure
		report, reported := reports[f.Filing]
		if _, named := names[report.end]; reported && !named {
			names[report.end] = report.edgarPeriod
		}
		if !q.holds(f.filed) {
			continue // one answer holds all of history
		}
		end := f.End
		period, ok := names[end]
		switch {
		case !ok && f.taxonomy == "dei" && reported:
			end, period, ok = report.end, names[report.end], true // the cover counts shares on a day of its own
		case !ok && reported:
			if period, ok = report.before(f.end); ok {
				names[end] = period
			}
		}
		key := figure{f.taxonomy, f.item, f.unit, f.Start, end}
		switch repeated := latest[key] == f.Value.String(); {
		case f.filed.Before(f.end):
			ans.drop("figures of days after their filing", 1)
			continue
		case !ok:
			ans.drop("figures of days on which no report ends", 1)
			continue
		case repeated:
			ans.drop("figures that a later filing repeats unchanged", 1)
			continue
		}
		latest[key] = f.Value.String()
		ans.Rows = append(ans.Rows, []string{q.Symbol, f.Filed, strconv.Itoa(period.year), period.period, f.Start, end, f.span(), f.item, f.Value.String(), f.unit, f.Form, f.Filing})
	}
	return ans, nil
}

// span names the time that a figure is of: two figures of one item may end on one day.
func (f edgarFact) span() string {
	if f.Start == "" {
		return "as of the day"
	}
	days := f.end.Sub(f.start).Hours() / 24
	if days < 20 {
		return fmt.Sprintf("over %.0f days", days+1)
	}
	return fmt.Sprintf("over %.0f months", days/30.44)
}

// edgarFacts reads an answer into one list, by date of filing.
func edgarFacts(raw []byte, cik string) ([]edgarFact, error) {
	var body struct {
		CIK   json.Number `json:"cik"`
		Facts map[string]map[string]struct {
			Units map[string][]edgarFact `json:"units"`
		} `json:"facts"`
	}
	if err := json.Unmarshal(raw, &body); err != nil || body.Facts == nil {
		return nil, garbage("%s", oneLine(raw))
	}
	if n, err := strconv.Atoi(body.CIK.String()); err != nil || fmt.Sprintf("%010d", n) != cik {
		return nil, garbage("it is about CIK %q", body.CIK)
	}
	var all []edgarFact
	for taxonomy, items := range body.Facts {
		for item, in := range items {
			for unit, list := range in.Units {
				for _, f := range list {
					f.taxonomy, f.item, f.unit = taxonomy, item, unit
					if err := f.dates(); err != nil {
						return nil, err
					}
					all = append(all, f)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b edgarFact) int {
		return cmp.Or(cmp.Compare(a.Filed, b.Filed), cmp.Compare(a.Filing, b.Filing), cmp.Compare(a.taxonomy, b.taxonomy), cmp.Compare(a.item, b.item),
			cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start), cmp.Compare(a.unit, b.unit), cmp.Compare(a.Value, b.Value))
	})
	return all, nil
}

// dates reads a figure's days, and refuses a figure that is none.
func (f *edgarFact) dates() error {
	var errs [4]error
	f.end, errs[0] = time.Parse(time.DateOnly, f.End)
	f.filed, errs[1] = time.Parse(time.DateOnly, f.Filed)
	f.start = f.end
	if f.Start != "" {
		f.start, errs[2] = time.Parse(time.DateOnly, f.Start)
	}
	_, errs[3] = f.Value.Float64()
	for _, err := range errs {
		if err != nil || f.Filing == "" || f.start.After(f.end) {
			return garbage("the figure %s of %s: value %q, from %q to %q, filed %q", f.item, f.Filing, f.Value, f.Start, f.End, f.Filed)
		}
	}
	return nil
}

// edgarReport is a filing with figures of a fiscal period, and its last day.
type edgarReport struct {
	edgarPeriod
	end string
}

// edgarReports finds the reports among filings. A report ends on the latest day that at
// least a quarter as many of its figures end on as on any.
func edgarReports(facts []edgarFact) map[string]edgarReport {
	counts := map[string]map[string]int{}
	reports := map[string]edgarReport{}
	for _, f := range facts {
		if f.Start == "" || f.Period == "" || f.Year == 0 || f.taxonomy == "dei" {
			continue
		}
		if counts[f.Filing] == nil {
			counts[f.Filing] = map[string]int{}
		}
		counts[f.Filing][f.End]++
		reports[f.Filing] = edgarReport{edgarPeriod: edgarPeriod{f.Year, f.Period}}
	}
	for filing, r := range reports {
		most := slices.Max(slices.Collect(maps.Values(counts[filing])))
		for end, n := range counts[filing] {
			if 4*n >= most && end > r.end {
				r.end = end
			}
		}
		reports[filing] = r
	}
	return reports
}

// before names a day by the whole quarters that it is before the report's last one: its
// own report may be older than the archive's figures, or not be filed yet.
func (r edgarReport) before(day time.Time) (edgarPeriod, bool) {
	const quarters, most, near = 4, 5 * 4, 10 * 24 * time.Hour // five years; fiscal years end on a weekday
	last, err := time.Parse(time.DateOnly, r.end)
	if err != nil {
		return edgarPeriod{}, false
	}
	number := slices.Index([]string{"Q1", "Q2", "Q3", "FY"}, r.period)
	for k := 1; k <= most; k++ {
		if last.AddDate(0, -3*k, 0).Sub(day).Abs() > near {
			continue
		}
		if number < 0 { // another period: only whole years before are known
			return edgarPeriod{r.year - k/quarters, r.period}, k%quarters == 0
		}
		n := r.year*quarters + number - k
		return edgarPeriod{n / quarters, []string{"Q1", "Q2", "Q3", "FY"}[n%quarters]}, true
	}
	return edgarPeriod{}, false
}
