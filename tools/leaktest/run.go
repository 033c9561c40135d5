package leaktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pitwall"
	"pitwall/tools"
)

// Build makes a fresh world over data whose clock stands at from or just after,
// before its first step. It must leave out what data lack: a mutation may have
// dropped a symbol that is listed later.
type Build func(d Data, from time.Time) (*pitwall.World, error)

// Options say how much to try.
type Options struct {
	Mutations int       // how many, over worlds that start at random times
	Steps     int       // of each world
	Queries   int       // generated SQL queries a step
	Seed      uint64    // of everything that is drawn
	Host      time.Time // the host's time: its date must not turn up
	Progress  func(done, of int)

	stopAtFirst bool // stop after the first mutation with a finding
}

// Finding is one byte too many.
type Finding struct {
	Check string // which check saw it: the kind of mutation, or canary, host clock, ...
	Seed  uint64
	At    time.Time // simulated
	Text  string
}

// Report is what was tried and found.
type Report struct {
	Mutations, Worlds, Calls int
	Queries, Answered, Fills int   // SQL queries, those that gave rows, fills
	Bytes                    int64 // compared
	Canaries                 int   // rows that carried one
	Findings                 []Finding
}

// perStart is how many mutations share a starting time, and so a base run.
const perStart = 6

// Run mutates the future of worlds over d and compares what leaves them.
func Run(ctx context.Context, d Data, build Build, o Options) (Report, error) {
	var rep Report
	if o.Mutations < 1 || o.Steps < 2 || len(d.Series) == 0 {
		return rep, errors.New("leaktest needs data, mutations and at least two steps")
	}
	t := trial{ctx: ctx, data: d, build: build, o: o, rep: &rep}
	t.set, t.log = newTools()
	for rep.Mutations < o.Mutations {
		seed := o.Seed + uint64(rep.Mutations/perStart)
		r := rand.New(rand.NewPCG(seed, 7))
		base, err := t.base(seed, r)
		if err != nil {
			return rep, err
		}
		for range min(perStart, o.Mutations-rep.Mutations) {
			if err := t.mutation(seed, r, base, kinds[rep.Mutations%len(kinds)]); err != nil {
				return rep, err
			}
			rep.Mutations++
			if o.Progress != nil {
				o.Progress(rep.Mutations, o.Mutations)
			}
			if o.stopAtFirst && len(rep.Findings) > 0 {
				return rep, nil
			}
		}
	}
	return rep, nil
}

// trial is one call of Run.
type trial struct {
	ctx   context.Context
	data  Data
	build Build
	o     Options
	rep   *Report
	from  time.Time
	set   *tools.Set
	log   *bytes.Buffer
}

// run drives a fresh world.
func (t *trial) run(d Data, seed uint64, until time.Time) ([]step, error) {
	w, err := t.build(d, t.from)
	if err != nil {
		return nil, fmt.Errorf("building a world from %s: %w", t.from.Format(time.DateOnly), err)
	}
	t.log.Reset()
	a := &agent{world: w, set: t.set, log: t.log, seed: seed, symbols: t.data.symbols(), macros: t.data.macros(), queries: t.o.Queries}
	list, err := a.trade(t.ctx, t.o.Steps, until)
	err = errors.Join(err, w.Close())
	t.rep.Worlds++
	t.rep.Calls += a.calls
	t.rep.Queries += len(list) * t.o.Queries
	t.rep.Answered += a.answered
	t.rep.Fills += a.fills
	for _, f := range a.found {
		t.find("visible", seed, t.from, f)
	}
	for _, s := range list {
		t.host(s, seed)
	}
	return list, err
}

func (t *trial) find(check string, seed uint64, at time.Time, text string) {
	if len(t.rep.Findings) < 100 {
		t.rep.Findings = append(t.rep.Findings, Finding{check, seed, at, text})
	}
}

// base draws a starting time that leaves enough steps, and runs the data as they
// are, twice: the same world must say the same.
func (t *trial) base(seed uint64, r *rand.Rand) ([]step, error) {
	for range 50 {
		s := t.data.Series[r.IntN(len(t.data.Series))]
		i := r.IntN(s.Len())
		t.from = s.Bar(i).Start
		w, err := t.build(t.data, t.from)
		if err != nil {
			continue // too late in the data, or nothing tradable there
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		if seed == t.o.Seed {
			if err := t.shared(seed, r); err != nil {
				return nil, err
			}
		}
		list, err := t.run(t.data, seed, time.Time{})
		if err != nil {
			return nil, err
		}
		if len(list) < 2 {
			continue
		}
		for _, s := range list {
			if seen := sightings(s.text); len(seen) > 0 {
				t.find("shared", seed, s.at, seen[0].text+" is of another world")
			}
		}
		if seed == t.o.Seed {
			again, err := t.run(t.data, seed, time.Time{})
			if err != nil {
				return nil, err
			}
			t.compare("repeated", seed, list, again, list[len(list)-1].at)
		}
		return list, nil
	}
	return nil, errors.New("no starting time leaves two steps: the data are too short")
}

// shared runs a world of canaries from this start to its end, before any other.
// None may turn up in a world over the data as they are: what two worlds share,
// such as a cache, must not carry one's future into the other.
func (t *trial) shared(seed uint64, r *rand.Rand) error {
	d, c := mutate(t.data, "change", t.from, r)
	list, err := t.run(d, seed, time.Time{})
	t.canaries(c, list, seed)
	return err
}

// mutation changes all that is known after one of the base run's steps.
func (t *trial) mutation(seed uint64, r *rand.Rand, base []step, kind string) error {
	at := base[r.IntN(len(base)-1)].at
	d, c := mutate(t.data, kind, at, r)
	until := at
	if kind == "change" {
		until = time.Time{} // go on: canaries must not be early
	}
	list, err := t.run(d, seed, until)
	if err != nil {
		return err
	}
	t.compare(kind, seed, base, list, at)
	t.canaries(c, list, seed)
	return nil
}

// compare requires the same bytes up to a time.
func (t *trial) compare(check string, seed uint64, base, other []step, until time.Time) {
	for i, s := range base {
		if s.at.After(until) {
			if i < len(other) && !other[i].at.After(until) {
				t.find(check, seed, other[i].at, "the other world has a step more")
			}
			return
		}
		if i >= len(other) || !other[i].at.Equal(s.at) {
			t.find(check, seed, s.at, "the other world has no such step")
			return
		}
		t.rep.Bytes += int64(len(s.text))
		if s.text != other[i].text {
			t.find(check, seed, s.at, difference(s.text, other[i].text))
			return
		}
	}
}

// difference shows the first line that differs, with the call before it.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	call := ""
	for i := range x {
		if strings.HasPrefix(x[i], "> ") {
			call = x[i]
		}
		if i >= len(y) || x[i] != y[i] {
			other := "(nothing)"
			if i < len(y) {
				other = y[i]
			}
			return fmt.Sprintf("%.300s\n  %.300s\n  %.300s", call, x[i], other)
		}
	}
	return "the other world says more"
}

// canaryWord and canaryNumber begin with a literal, which is what makes a search
// of megabytes cheap. A number's digits before its point are read backward.
var (
	canaryWord   = regexp.MustCompile(`CANARY-\d{7}`)
	canaryNumber = regexp.MustCompile(`\.\d{4}\b`)
)

// sighting is a canary that stands in a text.
type sighting struct {
	n    int
	text string
}

// sightings lists the canaries in a text.
func sightings(text string) (list []sighting) {
	for _, m := range canaryWord.FindAllString(text, -1) {
		if n, err := strconv.Atoi(m[len("CANARY-"):]); err == nil {
			list = append(list, sighting{n, m})
		}
	}
	for _, at := range canaryNumber.FindAllStringIndex(text, -1) {
		start := at[0]
		for start > 0 && text[start-1] >= '0' && text[start-1] <= '9' {
			start--
		}
		whole := text[start:at[0]]
		if len(whole) == 7 && whole[0] == '7' || len(whole) == 10 && whole[0] == '8' {
			n, err := strconv.Atoi(whole[1:])
			if err == nil && text[at[0]+1:at[1]] == strconv.Itoa(mark(n)) {
				list = append(list, sighting{n, text[start:at[1]]})
			}
		}
	}
	return list
}

// canaries requires that none is seen before its row is known.
func (t *trial) canaries(c *canaries, list []step, seed uint64) {
	t.rep.Canaries += len(c.known)
	for _, s := range list {
		for _, x := range sightings(s.text) {
			if x.n < len(c.known) && c.known[x.n].After(s.at) {
				t.find("canary", seed, s.at, fmt.Sprintf("%s is of %s", x.text, c.known[x.n].Format(time.RFC3339)))
				return
			}
		}
	}
}

// uuid matches the middle of an id that may hold the host's time; ours are counters.
var uuid = regexp.MustCompile(`-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-`)

// host looks for the host's date in what the model can read.
func (t *trial) host(s step, seed uint64) {
	if id := uuid.FindString(s.text); id != "" {
		t.find("id", seed, s.at, id)
	}
	if t.o.Host.IsZero() {
		return
	}
	for _, day := range hostDates(t.o.Host) {
		if s.at.Format(time.DateOnly) >= day {
			continue // the simulated clock may show it by right
		}
		if i := strings.Index(s.text, day); i >= 0 {
			t.find("host clock", seed, s.at, s.text[max(0, i-100):min(len(s.text), i+40)])
			return
		}
	}
}

// hostDates lists the dates on which it may be host somewhere on earth. A leak
// shows the host's time in whatever zone the answer is written in, which for SQL
// is the world's and not the host's.
func hostDates(host time.Time) []string {
	west, east := host.UTC().Add(-12*time.Hour), host.UTC().Add(14*time.Hour)
	var days []string
	for d := west; ; d = d.AddDate(0, 0, 1) {
		day := d.Format(time.DateOnly)
		if last := east.Format(time.DateOnly); day >= last {
			return append(days, last)
		}
		days = append(days, day)
	}
}
