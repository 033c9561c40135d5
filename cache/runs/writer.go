package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pitwall"
	"pitwall/agentloop"
)

// Folder is a run's folder, open for writing. It is safe for concurrent use.
type Folder struct {
	Dir string
	// Durable makes a line of the journal count only once it is on the disk: for orders
	// that a broker keeps when this machine does not. Set it before anything is written.
	Durable bool

	mem pitwall.MemoryJournal // for Follow

	mu        sync.Mutex
	reference pitwall.Reference
	files     map[string]*os.File
	orders    map[string]pitwall.Order // that were submitted, by id
	err       error                    // the first of writing a line: it may be half there, so none may follow

	sums    []byte // a line of each turn, for their digest: of writeTurns until the turns are written
	turns   chan func() error
	written chan error // the first error of writing turns, at their end
	failed  atomic.Bool
}

// Create makes a run's folder. It refuses one that already holds something.
func Create(dir string, ref pitwall.Reference) (*Folder, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "the folder %s is not empty", dir).Hintf("name another with --out")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w", err)
	}
	f := &Folder{Dir: dir, reference: ref, files: map[string]*os.File{}, orders: map[string]pitwall.Order{}}
	for _, name := range append([]string{JournalFile, TurnsFile, SummariesFile, TimingFile, SumsFile}, csvFiles...) {
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err == nil {
			f.files[name] = file
			_, err = file.WriteString(header(name))
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making the run's folder: %w", err), f.Close())
		}
	}
	f.turns, f.written = make(chan func() error, waiting), make(chan error, 1)
	go f.writeTurns(f.turns)
	return f, nil
}

// waiting is how many turns may wait for being written.
const waiting = 64

func (f *Folder) writeTurns(turns <-chan func() error) {
	var first error
	for write := range turns {
		if first == nil {
			first = write()
			f.failed.Store(first != nil)
		}
	}
	f.written <- first
}

// Append implements pitwall.Journal: the line is in the file before it counts.
func (f *Folder) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.Seq = f.mem.Last() + 1
	if err := f.line(JournalFile, e); err != nil {
		return 0, err
	}
	if err := f.sync(JournalFile); err != nil {
		return 0, err
	}
	var err error
	switch e.Kind {
	case pitwall.EntryIntent:
		if e.Order != nil {
			f.orders[e.ID] = *e.Order
		}
	case pitwall.EntryFill:
		err = f.fill(*e.Fill, e.Turn)
	case pitwall.EntryMark:
		err = f.mark(*e.Mark)
	}
	if err != nil {
		return 0, err
	}
	return f.mem.Append(ctx, e)
}

// fill writes a line of fills.csv. Its turn, reason and confidence are those of a submission:
// legs and the venue's own orders have none there; the journal knows their turn.
func (f *Folder) fill(x pitwall.Fill, turn int) error {
	order, submitted := f.orders[x.OrderID]
	if !submitted {
		turn = 0
	}
	return f.write(FillsFile, strings.Join([]string{x.Time.Format(time.RFC3339), quote(x.Symbol), string(x.Side), x.Qty.String(), x.Price.String(), x.Fee.String(),
		x.Book, strconv.Itoa(turn), quote(x.OrderID), quote(order.Reason), optional(order.Confidence), utc(x.Time)}, ",")+"\n")
}

func (f *Folder) mark(p pitwall.EquityPoint) error {
	benchmark, hold := "", ""
	if f.reference != nil {
		b, h := f.reference(p.Time)
		if b != 0 {
			benchmark = b.Round(2).String()
		}
		hold = h.Round(2).String()
	}
	return f.write(EquityFile, p.Time.Format(time.RFC3339)+","+p.Equity.String()+","+p.Cash.String()+","+benchmark+","+hold+","+utc(p.Time)+"\n")
}

// utc writes a time for programs that want one offset in a column.
func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// optional writes a number that may be unknown.
func optional(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'g', -1, 64)
}

// Trades writes trades.csv.
func (f *Folder) Trades(rows [][]string) error {
	var b strings.Builder
	b.WriteString(header(TradesFile))
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(cell))
		}
		b.WriteByte('\n')
	}
	return f.replace(TradesFile, []byte(b.String()))
}

// quote writes a CSV field.
func quote(s string) string {
	if strings.ContainsAny(s, ",\"\r\n") || strings.HasPrefix(s, " ") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// Last implements pitwall.Journal.
func (f *Folder) Last() int64 { return f.mem.Last() }

// Follow implements pitwall.Journal.
func (f *Folder) Follow(ctx context.Context, from int64) iter.Seq2[pitwall.Entry, error] {
	return f.mem.Follow(ctx, from)
}

// EndTurn keeps a turn's record, its line and its timing. It does not wait for the
// disk; an error of an earlier turn ends the run.
func (f *Folder) EndTurn(n int, turn []byte, line json.RawMessage, timing agentloop.Timing) error {
	times, err := json.Marshal(timing)
	if err != nil {
		return fmt.Errorf("encoding the times of turn %d: %w", n, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.turns == nil {
		return errors.New("the run's folder is closed")
	}
	if f.failed.Load() {
		return f.finishTurns()
	}
	records, summaries, timings := f.files[TurnsFile], f.files[SummariesFile], f.files[TimingFile]
	f.turns <- func() error {
		sum := digestOf(turn)
		if _, err := records.Write(append([]byte(turnHead(n, sum, len(turn))), turn...)); err != nil {
			return fmt.Errorf("writing turn %d: %w", n, err)
		}
		f.sums = append(f.sums, sumLine(turnFile(n), sum)...)
		_, err1 := summaries.Write(slices.Concat(line, []byte("\n")))
		_, err2 := timings.Write(append(times, '\n'))
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("writing the lines of turn %d: %w", n, err)
		}
		return nil
	}
	return nil
}

// finishTurns waits until all turns are written.
func (f *Folder) finishTurns() error {
	if f.turns == nil {
		return nil
	}
	close(f.turns)
	f.turns = nil
	return <-f.written
}

// Flush waits until all turns are written. No turn may follow.
func (f *Folder) Flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.finishTurns()
}

// Prices writes the bars that a run passed, and the one before them, whose close
// was its first price.
func (f *Folder) Prices(s *pitwall.Series, from, until time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for i := range s.Len() {
		if i+1 < s.Len() && s.Start[i+1] < from.UnixNano() || s.Known[i] > until.UnixNano() {
			continue
		}
		b.WriteString(priceLine(s.Bar(i), s.Size))
	}
	return f.write(PricesFile, b.String())
}

// Bars adds bars to the prices of a run that goes on with the host's time, and returns
// when they are on the disk. size is that of a symbol's bars.
func (f *Folder) Bars(list []pitwall.Bar, size func(symbol string) time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	for _, x := range list {
		b.WriteString(priceLine(x, size(x.Symbol)))
	}
	if err := f.write(PricesFile, b.String()); err != nil {
		return err
	}
	return f.sync(PricesFile)
}

// priceLine is a line of prices.csv.
func priceLine(x pitwall.Bar, size time.Duration) string {
	volume := ""
	if x.Volume != pitwall.NoVolume {
		volume = strconv.FormatFloat(x.Volume, 'f', -1, 64)
	}
	stamp := x.Start.Format(time.RFC3339)
	if size >= 24*time.Hour {
		stamp = x.Start.Format(time.DateOnly)
	}
	return fmt.Sprintf("%s,%s,%v,%v,%v,%v,%s,%s,%s,%s\n", quote(x.Symbol), stamp, x.Open, x.High, x.Low, x.Close, volume,
		x.Start.Format(time.RFC3339), x.End.Format(time.RFC3339), x.Known.Format(time.RFC3339))
}

// sync waits until a file is on the disk, where that matters.
func (f *Folder) sync(name string) error {
	if !f.Durable || f.err != nil {
		return f.err
	}
	if err := f.files[name].Sync(); err != nil {
		f.err = fmt.Errorf("writing %s to the disk: %w", name, err)
	}
	return f.err
}

// WriteJSON writes a whole file (metrics.json, and manifest.json as the run begins).
func (f *Folder) WriteJSON(name string, v any) error {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", name, err)
	}
	return f.replace(name, append(body, '\n'))
}

// replace writes a file aside and renames it into place.
func (f *Folder) replace(name string, body []byte) error {
	path := filepath.Join(f.Dir, name)
	err := os.WriteFile(path+".tmp", body, 0o644)
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		_ = os.Remove(path + ".tmp") // half a file; what it should replace is whole
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func (f *Folder) line(name string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding a line of %s: %w", name, err)
	}
	return f.write(name, string(body)+"\n")
}

func (f *Folder) write(name, text string) error {
	if f.err != nil {
		return f.err
	}
	if _, err := f.files[name].WriteString(text); err != nil {
		f.err = fmt.Errorf("writing %s: %w", name, err)
	}
	return f.err
}

// Close closes the files.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := []error{f.finishTurns()}
	for _, x := range f.files {
		errs = append(errs, x.Close())
	}
	clear(f.files)
	return errors.Join(errs...)
}

// UsageOf returns what a run's outcome says of its models.
func UsageOf(o agentloop.Outcome) Usage {
	return Usage{&o.Turns, o.ModelCalls, o.CacheHits, o.ToolCalls, o.Usage, o.Cost, o.Recorded, o.Stopped}
}
