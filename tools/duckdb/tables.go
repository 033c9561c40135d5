package duckdb

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"pitwall"
)

const (
	maxTables = 100
	maxText   = maxSQL + 1             // what is sent of a query's text: enough to see that it is too long
	batch     = 20_000                 // rows of one message
	grace     = 100 * time.Millisecond // after the deadline, before the worker is killed
	patience  = time.Second            // after an interrupt, before the worker is killed
	loading   = time.Minute            // the longest that opening, or loading one batch, may take
)

// Tables implements pitwall.Tables. It is safe for concurrent use; queries of
// one world run one at a time.
type Tables struct {
	market   pitwall.Market
	now      func() time.Time
	zone     *time.Location
	command  []string        // of the worker; empty = this program
	env      []string        // tests only
	deadline time.Duration   // of one query
	life     context.Context // until Close
	end      func()

	mu    sync.Mutex // never held while a query runs: each answer's digest reads specs
	specs map[string]pitwall.TableSpec

	turn   chan struct{}    // holds a value while a query has what follows
	worker *worker          // nil until the first query, and after it died
	held   map[string]held  // what the worker holds, by table
	sheets map[string]sheet // what it holds of computed tables
	clock  time.Time        // the worker's

	computed []pitwall.ComputedTable

	workers *Workers // nil = a worker of its own for as long as it lives
	size    int64    // bytes of memory of the worker; belongs to workers
}

// New makes the tables of one world. Nothing is started before the first query.
// The program must call [RunWorkerIfChild] first, or name a worker with [Tables.Command].
func New(m pitwall.Market, now func() time.Time, zone *time.Location) *Tables {
	if zone == nil {
		zone = time.UTC
	}
	t := &Tables{market: m, now: now, zone: zone, deadline: deadline, specs: map[string]pitwall.TableSpec{}, turn: make(chan struct{}, 1)}
	t.life, t.end = context.WithCancel(context.Background())
	return t
}

// Command names a program that calls [RunWorkerIfChild], to be the worker in place of this
// program itself. Call it before the first query.
func (t *Tables) Command(args ...string) { t.command = args }

// Compute adds tables whose rows are computed at each query that names them. Call it before
// the first.
// Rows is called for one query at a time.
func (t *Tables) Compute(list ...pitwall.ComputedTable) {
	for _, c := range list {
		for _, x := range c.Columns {
			if !identifier.MatchString(c.Name) || !identifier.MatchString(x.Name) || systemName(c.Name) {
				panic(fmt.Sprintf("a table %q with a column %q", c.Name, x.Name)) // a programming error
			}
		}
		t.computed = append(t.computed, c)
	}
}

var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Define implements pitwall.Tables.
func (t *Tables) Define(_ context.Context, s pitwall.TableSpec) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !identifier.MatchString(s.Name) || systemName(s.Name) {
		return pitwall.Errorf(pitwall.InvalidInput, "a table cannot be named %q", s.Name).
			Hintf("use lower-case letters, digits and _; names that begin with pitwall_, duckdb_, sqlite_, pg_, pragma_ or information_ are taken")
	}
	if slices.ContainsFunc(t.computed, func(c pitwall.ComputedTable) bool { return c.Name == s.Name }) {
		return pitwall.Errorf(pitwall.InvalidInput, "the table %s is there already", s.Name).Hintf("choose another name; duckdb_query reads it as it is")
	}
	was, ok := t.specs[s.Name]
	if !ok && len(t.specs) >= maxTables {
		return pitwall.Errorf(pitwall.InvalidInput, "%d tables are loaded", len(t.specs)).Hintf("query the ones that there are, or define one of them again")
	}
	if !reflect.DeepEqual(was, s) {
		t.specs[s.Name] = s
	}
	return nil
}

// Defined implements pitwall.Tables.
func (t *Tables) Defined() []pitwall.TableSpec {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]pitwall.TableSpec, 0, len(t.specs))
	for _, s := range t.specs {
		list = append(list, s)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// Query implements pitwall.Tables. A worker that died between two queries is
// replaced without a word; one that dies of a query costs that query. A caller that
// hangs up stops its query, or its wait for those before it, and the worker goes on.
func (t *Tables) Query(ctx context.Context, text string, limit int) (pitwall.Result, error) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return pitwall.Result{}, canceled(ctx)
	case <-t.life.Done():
		return pitwall.Result{}, ended()
	}
	defer func() { <-t.turn }()
	if t.life.Err() != nil {
		return pitwall.Result{}, ended()
	}
	if err := t.workers.enter(ctx, t); err != nil {
		return pitwall.Result{}, err
	}
	defer t.workers.leave(t)
	return t.query(ctx, text, limit)
}

// query brings the worker up to date and asks it. The caller has t's turn.
func (t *Tables) query(ctx context.Context, text string, limit int) (pitwall.Result, error) {
	if len(text) > maxText {
		text = text[:maxText]
	}
	// Loading is not the caller's to cut short: a half-loaded table would stay.
	err := t.topUp(context.WithoutCancel(ctx), text)
	if errors.Is(err, errGone) {
		err = t.topUp(context.WithoutCancel(ctx), text) // it died while idle: once more
	}
	if t.life.Err() != nil {
		return pitwall.Result{}, ended()
	}
	if errors.Is(err, errGone) || errors.Is(err, context.DeadlineExceeded) { // nothing was asked yet: it is no answer
		return pitwall.Result{}, machine("the SQL worker did not take the known bars, twice or for a minute", err)
	}
	if err != nil {
		return pitwall.Result{}, fmt.Errorf("loading known bars into SQL: %w", err)
	}
	if ctx.Err() != nil {
		return pitwall.Result{}, canceled(ctx)
	}
	a, err := t.call(context.WithoutCancel(ctx), ctx.Done(), request{Query: &query{text, limit}}, t.deadline+grace)
	switch {
	case t.life.Err() == nil && ctx.Err() != nil && (err != nil || a.Code == string(pitwall.CallCanceled)):
		return pitwall.Result{}, canceled(ctx)
	case err == nil && a.Code != "":
		return pitwall.Result{}, &pitwall.Error{Code: pitwall.Code(a.Code), Message: a.Message, Hint: a.Hint}
	case err == nil:
		return t.result(a), nil
	case t.life.Err() != nil:
		return pitwall.Result{}, ended()
	case errors.Is(err, errKilled):
		return pitwall.Result{}, machine("the SQL worker was killed, by hand or by the system for lack of memory", err)
	case errors.Is(err, errGone):
		e := pitwall.Errorf(pitwall.SQLExhausted, "the query broke the SQL engine: it crashed or needed more memory than it may have").Hintf("ask for less; the next query finds the tables as they were")
		e.Err = err
		return pitwall.Result{}, e
	case errors.Is(err, context.DeadlineExceeded):
		return pitwall.Result{}, tooLong(t.deadline)
	}
	return pitwall.Result{}, err
}

// machine is a failure that has nothing to do with what was asked.
func machine(what string, err error) error {
	e := pitwall.Errorf(pitwall.MachineFailed, "%s", what).Hintf("free memory, then run again")
	e.Err = err
	return e
}

// canceled says that the caller did not wait for its answer.
func canceled(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return pitwall.Errorf(pitwall.Timeout, "the caller's deadline passed and the query was stopped").Hintf("allow more time, or ask for less")
	}
	return pitwall.Errorf(pitwall.CallCanceled, "the query was canceled by its caller")
}

func ended() error {
	return pitwall.Errorf(pitwall.WorldEnded, "this world was ended").Hintf("call again: the world that took its place answers")
}

// Close implements pitwall.Tables. A query that runs ends with an error.
func (t *Tables) Close() error {
	t.end()
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	t.workers.remove(t)
	return t.drop()
}

// drop ends the worker, if there is one.
func (t *Tables) drop() error {
	if t.worker == nil {
		return nil
	}
	err := t.worker.close()
	t.worker = nil
	return err
}

// call asks the worker; one that failed is ended. hangUp, if any, interrupts a query.
func (t *Tables) call(ctx context.Context, hangUp <-chan struct{}, r request, limit time.Duration) (response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	a, err := t.worker.call(ctx, hangUp, r, limit)
	if err != nil {
		err = errors.Join(err, t.drop())
	}
	return a, err
}

// open starts a worker when there is none.
func (t *Tables) open(ctx context.Context) error {
	if t.worker != nil && t.worker.alive() {
		return nil
	}
	err := t.drop()
	if err != nil {
		return err
	}
	if t.worker, err = start(t.command, t.env); err != nil {
		return err
	}
	t.held, t.sheets, t.clock = map[string]held{}, map[string]sheet{}, time.Time{}
	_, err = t.call(ctx, nil, request{Open: &settings{Zone: t.zone.String()}}, loading)
	return err
}

// result unpacks an answer: instants are RFC 3339 in the world's zone.
func (t *Tables) result(a response) pitwall.Result {
	r := pitwall.Result{Columns: a.Columns, Rows: [][]any{}, Truncated: a.Truncated, Preceding: a.Preceding, AsOf: t.clock.In(t.zone)}
	width := len(a.Columns)
	for width > 0 && len(a.Cells) >= width {
		row := make([]any, width)
		for i, c := range a.Cells[:width] {
			switch c.Kind {
			case isBool:
				row[i] = c.Int == 1
			case isInt:
				row[i] = c.Int
			case isFloat:
				row[i] = c.Float
			case isText:
				row[i] = strings.ToValidUTF8(c.Text, "\uFFFD")
			case isInstant:
				row[i] = time.UnixMicro(c.Int).In(t.zone).Format(time.RFC3339Nano)
			}
		}
		r.Rows, a.Cells = append(r.Rows, row), a.Cells[width:]
	}
	return r
}
