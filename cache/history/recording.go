package history

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/layout"
)

// Recording writes what a run on the live clock sees into a folder that Load reads: bars,
// news and filings, each with the time at which it was first seen. A later run goes on
// with the same folder; what it holds already is not written twice.
//
//	DIR/bars.csv     symbol,timestamp,open,high,low,close,volume,start,first_seen
//	DIR/news.csv     published_at,headline,id,symbols,source,summary,first_seen
//	DIR/filings.csv  filed_date,acceptance_datetime,transaction_date,filer,ticker,title,text,form,owner,type,amount,fields
type Recording struct {
	dir   string
	until map[string]time.Time // start of the newest bar that is written, by symbol
	seen  time.Time            // records known by then were there before, or are written

	written map[string]bool // rows, see [rowKey]
}

// OpenRecording opens or makes the folder. Records known by since are not new.
func OpenRecording(dir string, since time.Time) (*Recording, error) {
	r := &Recording{dir: dir, until: map[string]time.Time{}, written: map[string]bool{}, seen: since}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the recording's folder: %w", err)
	}
	for _, kind := range []string{"bars", "news", "filings"} {
		raw, err := os.ReadFile(r.file(kind))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the recording: %w", err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
		if err == nil && len(rows) > 0 && !slices.Equal(rows[0], recordingColumns[kind]) {
			err, rows = fmt.Errorf("the header is %q", strings.Join(rows[0], ",")), nil
		}
		for _, row := range rows[min(1, len(rows)):] {
			if r.written[rowKey(kind, row)] = true; kind == "bars" && err == nil {
				r.until[row[0]], err = time.Parse(time.RFC3339, row[7])
			}
		}
		if err != nil {
			return nil, pitwall.Errorf(pitwall.DataError, "%s: %v", r.file(kind), err).Hintf("name another folder: this file is not a recording that can be resumed")
		}
	}
	return r, nil
}

// rowKey names a row by all but when it was first seen.
func rowKey(kind string, row []string) string {
	row = slices.Clone(row)
	row[slices.IndexFunc(recordingColumns[kind], func(c string) bool { return c == layout.FirstSeen || c == "acceptance_datetime" })] = ""
	return kind + "\x00" + strings.Join(row, "\x00")
}

func (r *Recording) file(kind string) string { return filepath.Join(r.dir, kind+".csv") }

// recordingColumns are the columns of each file.
var recordingColumns = map[string][]string{
	"bars":    {layout.Symbol, layout.Timestamp, layout.Open, layout.High, layout.Low, layout.Close, layout.Volume, "start", layout.FirstSeen},
	"news":    {"published_at", "headline", "id", "symbols", "source", "summary", "first_seen"},
	"filings": {"filed_date", "acceptance_datetime", "transaction_date", "filer", "ticker", "title", "text", "form", "owner", "type", "amount", otherFields},
}

// Bars adds bars that were seen at a time; size says how long those of a symbol are.
func (r *Recording) Bars(list []pitwall.Bar, seen time.Time, size func(symbol string) time.Duration) error {
	var rows [][]string
	for _, b := range list {
		if !b.Start.After(r.until[b.Symbol]) {
			continue
		}
		r.until[b.Symbol] = b.Start
		volume := ""
		if b.Volume != pitwall.NoVolume {
			volume = fmt.Sprint(b.Volume)
		}
		rows = append(rows, []string{b.Symbol, barStamp(b.Start, size(b.Symbol)), b.Open.String(), b.High.String(), b.Low.String(), b.Close.String(), volume,
			b.Start.Format(time.RFC3339), later(b.Known, seen).Format(time.RFC3339Nano)})
	}
	return r.add("bars", rows)
}

// Records adds the news and filings that became known up to a time.
func (r *Recording) Records(all []pitwall.Record, seen time.Time) error {
	rows := map[string][][]string{}
	list := slices.Clone(all)
	slices.SortStableFunc(list, func(a, b pitwall.Record) int { return cmp.Or(a.Known.Compare(b.Known), cmp.Compare(a.ID, b.ID)) })
	for _, x := range list {
		if !x.Known.After(r.seen) || x.Known.After(seen) {
			continue
		}
		first := seen.Format(time.RFC3339Nano)
		switch x.Kind {
		case pitwall.News:
			rows["news"] = append(rows["news"], []string{x.Event.Format(time.RFC3339), x.Title, x.ID, strings.Join(x.Symbols, ";"), x.Source, x.Text, first})
		case pitwall.Filing:
			rows["filings"] = append(rows["filings"], []string{x.Known.Add(-1).Format(time.DateOnly), first, x.Event.Format(time.DateOnly), x.Source, strings.Join(x.Symbols, ";"), x.Title, x.Text,
				x.Fields["form"], x.Fields["owner"], x.Fields["type"], x.Fields["amount"], fieldsBeside(x.Fields, "form", "owner", "type", "amount")})
		}
	}
	if seen.After(r.seen) {
		r.seen = seen
	}
	return errors.Join(r.add("news", rows["news"]), r.add("filings", rows["filings"]))
}

// otherFields is the column of a recording with what has no column of its own, as JSON.
const otherFields = "fields"

// fieldsBeside writes all but some fields as JSON, in the order of their names.
func fieldsBeside(fields map[string]string, without ...string) string {
	rest := maps.Clone(fields)
	maps.DeleteFunc(rest, func(name, _ string) bool { return slices.Contains(without, name) })
	if len(rest) == 0 {
		return ""
	}
	text, _ := json.Marshal(rest) // texts only
	return string(text)
}

// add appends rows to a file and syncs it.
func (r *Recording) add(kind string, rows [][]string) error {
	if rows = slices.DeleteFunc(rows, func(row []string) bool { return r.written[rowKey(kind, row)] }); len(rows) == 0 {
		return nil
	}
	for _, row := range rows {
		r.written[rowKey(kind, row)] = true
	}
	f, err := os.OpenFile(r.file(kind), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("recording %s: %w", kind, err)
	}
	w := csv.NewWriter(f)
	if info, err := f.Stat(); err == nil && info.Size() == 0 {
		rows = append([][]string{recordingColumns[kind]}, rows...)
	}
	if err := errors.Join(w.WriteAll(rows), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("recording %s: %w", kind, err)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
