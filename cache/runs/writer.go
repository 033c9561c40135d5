package runs

import (
	"bytes"
	"context"
	"crypto/sha256"
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
	"pitwall/cache/disk"
)

// Folder is a run's folder, open for writing. It is safe for concurrent use.
type Folder struct {
	Dir string
	// Durable makes a line of the journal count only once it is on the disk: for orders
	// that a broker keeps when this machine does not. Set it before anything is written.
	Durable bool

	disk disk.Disk
	mem  pitwall.MemoryJournal // for Follow

	mu        sync.Mutex
	reference pitwall.Reference
	whole     pitwall.BookSum // of the books whose equity points come
	files     map[string]disk.File
	waiting   map[string][]byte        // lines that are not in their file yet
	orders    map[string]pitwall.Order // that were submitted, by id
	worths    [][]worths               // of equity.csv, a row for each equity point, in chunks
	series    []*pitwall.Series        // the bars of prices.csv that Prices wrote
	stamps    stamps
	stampsUTC stamps
	err       error // the first of writing a line: it may be half there, so none may follow

	sums    []byte // a line of each turn, for their digest: of writeTurns until the turns are written
	turns   chan func() error
	written chan error // the first error of writing turns, at their end
	failed  atomic.Bool
}

// Create makes a run's folder. It refuses one that already holds something.
func Create(d disk.Disk, dir string, ref pitwall.Reference) (*Folder, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "the folder %s is not empty", dir).Hintf("name another with --out")
	}
	if err := disk.MkdirAll(d, dir); err != nil {
		return nil, fmt.Errorf("making the run's folder: %w", err)
	}
	f := newFolder(d, dir, ref)
	for _, name := range append([]string{JournalFile, TurnsFile, SummariesFile, TimingFile, SumsFile}, csvFiles...) {
		file, err := d.Open(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY)
		if err == nil {
			f.files[name] = &summed{file, sha256.New()}
			_, err = f.files[name].Write([]byte(header(name)))
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("making the run's folder: %w", err), f.Close())
		}
	}
	f.turns, f.written = make(chan func() error, waiting), make(chan error, 1)
	go f.writeTurns(f.turns)
	return f, nil
}

func newFolder(d disk.Disk, dir string, ref pitwall.Reference) *Folder {
	return &Folder{disk: d, Dir: dir, reference: ref, files: map[string]disk.File{}, waiting: map[string][]byte{}, orders: map[string]pitwall.Order{}}
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

// Append implements pitwall.Journal: the line is in the file before it counts, but for
// equity points, which nothing is done by.
func (f *Folder) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e.Seq = f.mem.Last() + 1
	err := f.entry(e)
	if err != nil {
		return 0, err
	}
	switch e.Kind {
	case pitwall.EntryIntent:
		if e.Order != nil {
			f.orders[e.ID] = *e.Order
		}
	case pitwall.EntryFill:
		err = f.fill(*e.Fill, e.Turn)
	}
	if p, ok := f.whole.Add(e); ok && err == nil {
		err = f.mark(p)
	}
	if err == nil && (f.Durable || e.Kind != pitwall.EntryMark || len(f.waiting[JournalFile]) > atOnce) {
		err = f.flush()
	}
	if err != nil {
		return 0, err
	}
	return f.mem.Append(ctx, e)
}

// atOnce is how many bytes of equity points may wait for the next entry of another
// kind, or the end of a turn, to be written.
const atOnce = 64 << 10

// entry adds a line of the journal.
func (f *Folder) entry(e pitwall.Entry) error {
	if line, ok := appendMark(f.waiting[JournalFile], &f.stamps, e); ok {
		f.waiting[JournalFile] = line
		return f.err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encoding a line of %s: %w", JournalFile, err)
	}
	f.add(JournalFile, append(body, '\n'))
	return f.err
}

// fill writes a line of fills.csv. Its turn, reason and confidence are those of a submission:
// legs and the venue's own orders have none there; the journal knows their turn.
func (f *Folder) fill(x pitwall.Fill, turn int) error {
	order, submitted := f.orders[x.OrderID]
	if !submitted {
		turn = 0
	}
	f.add(FillsFile, []byte(strings.Join([]string{x.Time.Format(time.RFC3339), quote(x.Symbol), string(x.Side), x.Qty.String(), x.Price.String(), x.Fee.String(),
		x.Book, strconv.Itoa(turn), quote(x.OrderID), quote(order.Reason), optional(order.Confidence), utc(x.Time)}, ",")+"\n"))
	return f.err
}

// worths is what the comparisons were worth; 0: none.
type worths struct{ benchmark, hold pitwall.Dec }

// mark writes a line of equity.csv: what all books are worth.
func (f *Folder) mark(p pitwall.EquityPoint) error {
	if err := f.whole.Err(); err != nil {
		return fmt.Errorf("adding up the books at %s: %w", p.Time.Format(time.RFC3339), err)
	}
	var row worths
	b := f.stamps.append(f.waiting[EquityFile], p.Time)
	b = p.Equity.Append(append(b, ','))
	b = append(p.Cash.Append(append(b, ',')), ',')
	if f.reference != nil {
		benchmark, hold := f.reference(p.Time)
		row = worths{benchmark.Round(2), hold.Round(2)}
		if benchmark != 0 {
			b = row.benchmark.Append(b)
		}
		b = row.hold.Append(append(b, ','))
	} else {
		b = append(b, ',')
	}
	if n := len(f.worths); n == 0 || len(f.worths[n-1]) == cap(f.worths[n-1]) {
		f.worths = append(f.worths, make([]worths, 0, 1024))
	}
	last := &f.worths[len(f.worths)-1]
	*last = append(*last, row)
	f.waiting[EquityFile] = append(f.stampsUTC.append(append(b, ','), p.Time.UTC()), '\n')
	return f.err
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

// Books writes books.csv: the equity points of each book, main among them.
func (f *Folder) Books() error {
	f.mu.Lock()
	entries := f.mem.All()
	f.mu.Unlock()
	b := []byte(header(BooksFile))
	for e := range entries {
		if e.Kind == pitwall.EntryMark && e.Mark != nil {
			b = fmt.Appendf(b, "%s,%s,%v,%v,%s\n", e.Mark.Time.Format(time.RFC3339), e.Book, e.Mark.Equity, e.Mark.Cash, utc(e.Mark.Time))
		}
	}
	return f.replace(BooksFile, b)
}

// Decisions writes decisions.jsonl.
func (f *Folder) Decisions(lines []Decision) error {
	raw, err := jsonLines(DecisionsFile, lines)
	if err != nil {
		return err
	}
	return f.replace(DecisionsFile, raw)
}

// jsonLines encodes a file of one JSON object a line.
func jsonLines[T any](name string, lines []T) ([]byte, error) {
	var b bytes.Buffer
	for _, x := range lines {
		raw, err := json.Marshal(x)
		if err != nil {
			return nil, fmt.Errorf("encoding a line of %s: %w", name, err)
		}
		b.Write(append(raw, '\n'))
	}
	return b.Bytes(), nil
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
	if err := f.flush(); err != nil {
		return err
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
	return errors.Join(f.flush(), f.finishTurns())
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
	if err := disk.Replace(f.disk, filepath.Join(f.Dir, name), body, f.Durable); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// add lets a line wait for flush.
func (f *Folder) add(name string, line []byte) { f.waiting[name] = append(f.waiting[name], line...) }

// flush writes what waits: the journal first, and onto the disk where that matters, since
// the other files follow from it.
func (f *Folder) flush() error {
	for _, name := range append([]string{JournalFile}, csvFiles...) {
		if len(f.waiting[name]) == 0 || f.err != nil {
			continue
		}
		if f.files[name] == nil {
			f.err = fmt.Errorf("writing %s: %w", name, os.ErrClosed)
		} else if _, err := f.files[name].Write(f.waiting[name]); err != nil {
			f.err = fmt.Errorf("writing %s: %w", name, err)
		}
		f.waiting[name] = f.waiting[name][:0]
		if name == JournalFile {
			_ = f.sync(name) // its error is f.err
		}
	}
	return f.err
}

// Close closes the files.
func (f *Folder) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	errs := []error{f.flush(), f.finishTurns()}
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
