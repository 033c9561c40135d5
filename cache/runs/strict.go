package runs

import (
	"encoding/json"
	"fmt"
	"io/fs"

	"pitwall"
	"pitwall/cache/calendar"
)

// Strict reads a run's folder as it must be: what is missing, torn or cannot be read
// is an error, with the file and the line.
type Strict struct{ fs.FS }

// refuse makes every fault an error.
func refuse(f *fault) error { return f }

// Manifest reads manifest.json.
func (s Strict) Manifest() (m Manifest, err error) { return m, readJSON(s, ManifestFile, &m) }

// Metrics reads metrics.json.
func (s Strict) Metrics() (m Metrics, err error) { return m, readJSON(s, MetricsFile, &m) }

// Journal reads journal.jsonl.
func (s Strict) Journal() ([]pitwall.Entry, error) {
	return entriesOf(s, refuse)
}

// Equity reads equity.csv.
func (s Strict) Equity() ([]EquityRow, error) { return rowsOf(s, EquityFile, parseEquity, refuse) }

// Rows reads a CSV file as it is written, without its header.
func (s Strict) Rows(file string) ([][]string, error) {
	return rowsOf(s, file, func(row []string) ([]string, error) { return row, nil }, refuse)
}

// Kept reads the bars of prices.csv; half a line at its end is left out.
func (s Strict) Kept() ([]pitwall.Bar, error) {
	return rowsOf(s, PricesFile, parseBar, func(f *fault) error {
		if f.torn {
			return nil
		}
		return f
	})
}

// Data are the bars and actions that a run brought along: a pitwall.Source.
type Data struct {
	series  []*pitwall.Series
	actions []pitwall.Action
}

// Series implements pitwall.Source, in the order of the manifest's instruments.
func (d *Data) Series() []*pitwall.Series { return d.series }

// Actions implements pitwall.Source.
func (d *Data) Actions() []pitwall.Action { return d.actions }

// hoursOf returns the facts of a calendar; nil for runs that state none.
func hoursOf(name string) *pitwall.Calendar {
	c, err := calendar.Named(name)
	if err != nil {
		return nil
	}
	return c
}

// Data reads prices.csv into the series that the manifest describes.
func (s Strict) Data(m Manifest) (*Data, error) {
	d := &Data{actions: m.Actions}
	by := map[string]*pitwall.Series{}
	for _, t := range m.Traded {
		zone, err := pitwall.LoadZone(t.Zone)
		if err != nil {
			return nil, fmt.Errorf("the zone of %s: %w", t.Symbol, err)
		}
		size, err := pitwall.ParseSize(t.Size)
		if err != nil {
			return nil, err
		}
		x := &pitwall.Series{Instrument: t.Instrument, Size: size, Adjusted: t.Adjusted, File: PricesFile}
		x.Instrument.Zone, x.Instrument.Hours = zone, hoursOf(t.Calendar)
		by[t.Symbol] = x
		d.series = append(d.series, x)
	}
	return d, eachRow(s, PricesFile, func(row []string) error {
		b, err := parseBar(row)
		if err != nil {
			return err
		}
		x := by[b.Symbol]
		if x == nil {
			return fmt.Errorf("the manifest has no instrument %q", b.Symbol)
		}
		return x.Append(b)
	}, refuse)
}

// readJSON reads a whole file.
func readJSON(fsys fs.FS, name string, v any) error {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
