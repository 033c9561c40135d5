package report

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/runs"
)

// CheckFiles compares what people read of a run (fills.csv, equity.csv and
// metrics.json) with its journal, and the cash that it began with. Each difference
// is one line; at most one per file, the first.
func CheckFiles(run fs.FS, journal []pitwall.Entry, cash pitwall.Dec) ([]string, error) {
	folder := runs.Strict{FS: run}
	var fills, points []string
	var list []string
	for _, e := range journal {
		switch {
		case e.Kind == pitwall.EntryStart && e.Book == pitwall.MainBook && e.Amount != cash:
			list = append(list, fmt.Sprintf("entry %d begins with %v, the manifest with %v", e.Seq, e.Amount, cash))
		case e.Kind == pitwall.EntryFill && e.Fill != nil:
			f := e.Fill
			fills = append(fills, strings.Join([]string{f.Time.Format(time.RFC3339), f.Symbol, string(f.Side), f.Qty.String(), f.Price.String(), f.Fee.String(), f.Book}, ","))
		case e.Kind == pitwall.EntryMark && e.Mark != nil && e.Book == pitwall.MainBook:
			points = append(points, strings.Join([]string{e.Mark.Time.Format(time.RFC3339), e.Mark.Equity.String(), e.Mark.Cash.String()}, ","))
		}
	}
	for _, x := range []struct {
		file string
		cols int
		want []string
	}{{runs.FillsFile, 7, fills}, {runs.EquityFile, 3, points}} {
		why, err := sameRows(folder, x.file, x.cols, x.want)
		if err != nil {
			return nil, err
		}
		if why != "" {
			list = append(list, why)
		}
	}
	said, err := folder.Metrics()
	if err != nil {
		return nil, fmt.Errorf("reading the run: %w", err)
	}
	is, err := Read(run, cash)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(is)
	if err != nil {
		return nil, err
	}
	var again runs.Metrics // through JSON, as the other one
	if err := json.Unmarshal(text, &again); err != nil {
		return nil, err
	}
	a, b := reflect.ValueOf(said), reflect.ValueOf(again)
	for i := range a.NumField() {
		if !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			x, _ := json.Marshal(a.Field(i).Interface())
			y, _ := json.Marshal(b.Field(i).Interface())
			list = append(list, fmt.Sprintf("metrics.json: %s is %s; the run's files give %s", a.Type().Field(i).Tag.Get("json"), x, y))
			break
		}
	}
	return list, nil
}

// sameRows compares the first columns of a CSV file with what they should be.
func sameRows(run runs.Strict, file string, cols int, want []string) (string, error) {
	rows, err := run.Rows(file)
	if err != nil {
		return "", err
	}
	for i := range max(len(rows), len(want)) {
		switch {
		case i >= len(rows):
			return fmt.Sprintf("%s lacks row %d: %s", file, i+1, want[i]), nil
		case i >= len(want):
			return fmt.Sprintf("%s has %d rows, the journal %d", file, len(rows), len(want)), nil
		}
		if got := strings.Join(rows[i][:cols], ","); got != want[i] {
			return fmt.Sprintf("%s line %d: %s; the journal says %s", file, i+2, got, want[i]), nil
		}
	}
	return "", nil
}
