package sweep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/disk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/tools/report"
)

// File is the name of a sweep's own file.
const File = "sweep.json"

// Config is a sweep. All fields but Progress and Stop are required.
type Config struct {
	Points []Point
	Dir    string
	Jobs   int    // runs at the same time
	Seed   uint64 // of the resamples
	Of     Of
	// Run makes one run in a folder. It is called from several goroutines.
	Run      func(ctx context.Context, p Point, dir string) (*driver.Result, error)
	Progress func(done, all int, r Row) // called after each point, one at a time; may be nil
	Stop     <-chan struct{}            // closed: begin no further run
}

// Of is what a sweep is of: a folder goes on only with the same.
type Of struct {
	Strategy string          `json:"strategy"` // its digest
	Build    string          `json:"build"`    // of the program
	Data     []runs.DataFile `json:"data"`
}

// Row is what came of a point. Return and drawdown are fractions.
type Row struct {
	Name     string       `json:"name"`
	Params   []string     `json:"params"`
	Model    string       `json:"model,omitempty"` // empty = the strategy's
	Sample   int          `json:"sample"`
	Run      string       `json:"run"` // its folder, inside the sweep's
	Return   float64      `json:"total_return"`
	Sharpe   *float64     `json:"sharpe"`
	Drawdown float64      `json:"max_drawdown"`
	Fills    int          `json:"fills"`
	Turns    int          `json:"turns"`
	USD      *pitwall.Dec `json:"cost_usd_recorded"` // what its answers cost, now or once; null: a price is not known
	Digest   string       `json:"digest"`
	Error    string       `json:"error,omitempty"` // why there is no result

	reused        bool
	returns, hold []float64
	periods       float64
}

// Waits reports whether the run has not been made yet.
func (r Row) Waits() bool { return r.Error == notYet }

// Reused reports whether the run was there before this start.
func (r Row) Reused() bool { return r.reused }

// Result is what sweep.json holds.
type Result struct {
	Of    Of            `json:"of"`
	Rows  []Row         `json:"rows"` // of the points in their order, then of earlier starts
	Judge report.Trials `json:"judge"`

	Dir      string `json:"-"`
	Complete bool   `json:"-"` // no point was left out
	Failed   int    `json:"-"` // points without a result
}

// Run runs the points that have no result yet and judges all of them. A run that fails is
// a row with its error; the others go on. Stopped, it returns what there is.
func Run(ctx context.Context, c Config) (*Result, error) {
	if err := c.open(); err != nil {
		return nil, err
	}
	rows, begun := make([]Row, len(c.Points)), make([]bool, len(c.Points))
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range c.Points {
			select {
			case <-c.Stop:
				return
			default:
			}
			select {
			case next <- i:
			case <-c.Stop:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	var (
		workers sync.WaitGroup
		mu      sync.Mutex
		done    int
	)
	for range max(1, c.Jobs) {
		workers.Go(func() {
			for i := range next {
				row, ended := c.point(ctx, i)
				mu.Lock()
				rows[i], begun[i] = row, ended
				if done++; c.Progress != nil && ended {
					c.Progress(done, len(c.Points), row)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.judge(rows, begun)
}

// open makes the folder, or checks that it is of the same sweep.
func (c *Config) open() error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return fmt.Errorf("making the sweep's folder: %w", err)
	}
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return fmt.Errorf("reading the sweep's folder: %w", err)
	}
	name := filepath.Join(c.Dir, File)
	raw, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(entries) > 0:
		return pitwall.Errorf(pitwall.InvalidInput, "the folder %s is not empty and holds no sweep", c.Dir).Hintf("name another with --out")
	case errors.Is(err, fs.ErrNotExist):
		return c.plan()
	case err != nil:
		return fmt.Errorf("reading the sweep's folder: %w", err)
	}
	var old Result
	if err := json.Unmarshal(raw, &old); err != nil {
		return pitwall.Errorf(pitwall.DataError, "%s cannot be read: %v", name, err).Hintf("name another folder with --out")
	}
	for _, x := range []struct {
		what     string
		old, now any
	}{{"another strategy", old.Of.Strategy, c.Of.Strategy}, {"another version of Pitwall", old.Of.Build, c.Of.Build}, {"other data", old.Of.Data, c.Of.Data}} {
		if !reflect.DeepEqual(x.old, x.now) {
			return pitwall.Errorf(pitwall.InvalidInput, "the folder %s holds a sweep of %s", c.Dir, x.what).Hintf("name another with --out; runs of both would not be comparable")
		}
	}
	for _, r := range old.Rows { // what was tried before is a try, whatever is asked for now
		if !slices.ContainsFunc(c.Points, func(p Point) bool { return p.Name == r.Name }) {
			c.Points = append(c.Points, Point{r.Name, r.Params, r.Model, r.Sample})
		}
	}
	return c.plan()
}

// notYet is the error of a row that waits for its run.
const notYet = "has no result yet"

// plan writes down what is to be tried before anything is.
func (c *Config) plan() error {
	_, err := c.judge(make([]Row, len(c.Points)), make([]bool, len(c.Points)))
	return err
}

// row is a point's row without a result.
func (p Point) row() Row {
	return Row{Name: p.Name, Params: p.Params, Model: p.Model, Sample: p.Sample, Run: slug(p.Name)}
}

func (c *Config) write(r Result) error {
	body, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", File, err)
	}
	return disk.Replace(disk.OS{}, filepath.Join(c.Dir, File), append(body, '\n'), false)
}

// point runs a point, or reads its run of an earlier start. ended is false for a run that
// was stopped.
func (c *Config) point(ctx context.Context, i int) (row Row, ended bool) {
	p := c.Points[i]
	row = p.row()
	dir := filepath.Join(c.Dir, row.Run)
	if old := runs.Open(os.DirFS(dir)); old.Damaged == nil && old.Manifest.Status == "complete" && old.Manifest.Sample == p.Sample {
		r, err := report.Read(os.DirFS(dir), old.Manifest)
		if err == nil {
			row.reused = true
			return row, c.fill(&row, r, old)
		}
	}
	if err := os.RemoveAll(dir); err != nil { // a run that was stopped, or cannot be read
		row.Error = err.Error()
		return row, true
	}
	res, err := c.Run(ctx, p, dir)
	switch {
	case err != nil:
		row.Error = err.Error()
		return row, true
	case !res.Complete:
		return row, false
	}
	return row, c.fill(&row, res.Report, runs.Open(os.DirFS(dir)))
}

// fill takes a row's figures from its run.
func (c *Config) fill(row *Row, r *report.Run, folder *runs.Run) bool {
	m, _, _, err := r.Metrics()
	if err != nil {
		row.Error = err.Error()
		return true
	}
	row.Return, row.Sharpe, row.Drawdown, row.Fills, row.Digest = m.TotalReturn, m.Sharpe, m.MaxDrawdown, m.Fills, folder.Manifest.Digest
	row.returns, row.hold, row.periods = r.Daily()
	if u, err := folder.Usage(); err != nil {
		row.Error = fmt.Sprintf("reading what its models used: %v", err)
	} else {
		row.Turns = *u.Turns
		if u.CostUSD != nil && u.CostUSDRecorded != nil {
			sum := *u.CostUSD + *u.CostUSDRecorded
			row.USD = &sum
		}
	}
	return true
}

// judge writes what came of all points.
func (c *Config) judge(rows []Row, begun []bool) (*Result, error) {
	out := Result{Of: c.Of, Rows: []Row{}, Dir: c.Dir, Complete: true}
	var trials []report.Trial
	var first *Row
	for i, r := range rows {
		switch {
		case !begun[i]:
			out.Complete = false
			rows[i] = c.Points[i].row()
			rows[i].Error = notYet
		case r.Error != "":
			out.Failed++
		case first != nil && len(r.returns) != len(first.returns):
			rows[i].Error = fmt.Sprintf("it has %d days and %s has %d: their days differ, and they cannot be compared", len(r.returns), first.Name, len(first.returns))
			out.Failed++
		default:
			if first == nil {
				first = &rows[i]
			}
			trials = append(trials, report.Trial{Name: r.Name, Returns: r.returns})
		}
		out.Rows = append(out.Rows, rows[i])
	}
	if first == nil {
		first = &Row{}
	}
	out.Judge = report.JudgeTrials(trials, len(out.Rows)-len(trials), first.hold, first.periods, c.Seed)
	return &out, c.write(out)
}

// slug is a name as a folder's. Where other characters stand in it, or letters that some
// disks do not tell apart, a part of its sum makes it one of its own.
func slug(name string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', strings.ContainsRune("=.-", r):
			return r
		case r == ' ':
			return ','
		}
		return '_'
	}, name)
	if longest := 100; strings.Contains(plain, "_") || len(plain) > longest {
		sum := sha256.Sum256([]byte(name))
		plain = plain[:min(len(plain), longest)] + "-" + hex.EncodeToString(sum[:4])
	}
	return plain
}

// OfStrategy returns what a sweep of a strategy is of. Its values, those of one of its
// points included, are not a part: a sweep can go on with more of them.
func OfStrategy(ctx context.Context, s *driver.Strategy, p Point, files fs.FS, local *history.Local, build string) (Of, error) {
	store, err := s.Load(ctx, files, local)
	if err != nil {
		return Of{}, err
	}
	of := Of{Build: build, Data: []runs.DataFile{}}
	for _, f := range store.Files {
		of.Data = append(of.Data, runs.DataFile(f))
	}
	x := *s
	x.Params = maps.Clone(s.Params)
	for _, text := range p.Params {
		name, _, _ := strings.Cut(text, "=")
		delete(x.Params, name)
	}
	if p.Model != "" {
		x.UseModel("swept")
	}
	of.Strategy, err = x.Digest()
	return of, err
}

// Err is the error of a sweep that has no whole answer.
func (r *Result) Err() error {
	switch {
	case len(r.Rows) > 0 && r.Failed == len(r.Rows):
		return fmt.Errorf("all %d runs failed; the first: %s", r.Failed, r.Rows[0].Error)
	case r.Failed > 0:
		return fmt.Errorf("%d of %d runs failed", r.Failed, len(r.Rows))
	case !r.Complete:
		return errors.New("stopped before the end")
	}
	return nil
}
