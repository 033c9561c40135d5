package driver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/cache/runs"
)

// This file compares the decisions of a live run with those of its agents over the same
// bars.

// decided returns what was decided at each time: every order, change and cancel of an agent.
func decided(journal []pitwall.Entry) map[time.Time][]string {
	out := map[time.Time][]string{}
	for _, e := range journal {
		if e.Kind != pitwall.EntryIntent || e.Turn == 0 {
			continue
		}
		text := e.Verb + " " + e.ID
		if e.Order != nil {
			text = fmt.Sprintf("%s %v %s %s", e.Order.Side, e.Order.Qty, e.Order.Symbol, e.Order.Type)
			if e.Order.Limit != 0 {
				text += fmt.Sprintf(" limit %v", e.Order.Limit)
			}
			if e.Order.Stop != 0 {
				text += fmt.Sprintf(" stop %v", e.Order.Stop)
			}
		}
		out[e.AsOf.UTC()] = append(out[e.AsOf.UTC()], text)
	}
	return out
}

// again runs the strategy over bars as a paper run, and returns its decisions.
func (d *driftRun) again(ctx context.Context, name string, bars pitwall.Source) (map[time.Time][]string, error) {
	s := new(*d.Strategy)
	s.Risk, s.Approve = maps.Clone(s.Risk), ""
	if _, stated := s.Risk["safe_mode"]; !stated && d.manifest.Mode == string(pitwall.Live) {
		s.Risk["safe_mode"] = true // as a live run has it
	}
	stop := make(chan struct{})
	clock := HostClock{Now: d.Now}
	now, wait := clock.Played(d.from, 0, stop)
	latch := halt.New(filepath.Join(d.Dir, name+"-halt"))
	if err := latch.Prepare(); err != nil {
		return nil, err
	}
	dir := filepath.Join(d.Dir, name)
	_, err := Run(ctx, Config{Strategy: s, Source: d.History, Agents: d.Agents, Tools: d.Tools, Dir: dir, NoCache: true, Now: d.Now, Stop: stop,
		Live: &Live{Feed: NewRecorded(bars, d.from, d.to), Latch: latch, Now: now, Wait: wait}})
	if err != nil {
		return nil, err
	}
	journal, err := runs.Strict{FS: os.DirFS(dir)}.Journal()
	return decided(journal), err
}

// decisions compares what was decided.
func (d *driftRun) decisions(ctx context.Context) error {
	if d.Strategy == nil || d.History == nil || d.Dir == "" {
		return errors.New("driver: decisions need Strategy, History and Dir")
	}
	digest, err := d.Strategy.Digest()
	if err != nil {
		return err
	}
	if digest != d.manifest.StrategyDigest {
		d.out.Notes = append(d.out.Notes, "the strategy is not the one that the run was started with, so its decisions are not compared")
		return nil
	}
	mine, err := d.again(ctx, "seen", d.seen)
	if err != nil {
		return err
	}
	var other map[time.Time][]string
	if d.Feed != nil {
		if other, err = d.again(ctx, "feed", d.Feed); err != nil {
			return err
		}
	}
	d.out.Decided = true
	live := decided(d.journal)
	turns := map[time.Time]bool{}
	for _, line := range runs.Open(d.Folder).Lines() {
		if t, err := time.Parse(time.RFC3339, line.AsOf); err == nil {
			turns[t.UTC()] = true
		}
	}
	first := d.firstFillDrift()
	all := maps.Clone(live)
	maps.Copy(all, mine)
	maps.Copy(all, other)
	began := false
	for _, at := range slices.SortedFunc(maps.Keys(all), time.Time.Compare) {
		a, b := strings.Join(live[at], ", "), strings.Join(mine[at], ", ")
		fed := strings.Join(other[at], ", ")
		if a == b && (other == nil || a == fed || began) {
			continue
		}
		cause, why := ByModel, "the same bars and account, another decision"
		switch {
		case a == b:
			b, cause, why = fed, ByData, "over the bars of the feed the agents decide otherwise: the run saw other bars"
		case !turns[at]:
			cause, why = ByLatency, "the run had no turn at this bar"
		case d.haltedAt(at):
			cause, why = ByHalt, "trading was halted"
		case began:
			cause, why = ByBefore, "the account differed already"
		case first != nil && !first.At.After(at):
			cause, why = ByBefore, fmt.Sprintf("the account differed already, by %s of order %s (%s)", first.What, first.Order, first.Cause)
		}
		began = true
		d.add(at.In(d.zone), "", "decision", orNone(a), orNone(b), cause, "%s", why)
	}
	return nil
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// firstFillDrift returns the earliest difference of a fill; nil = none.
func (d *driftRun) firstFillDrift() (first *Difference) {
	for i, x := range d.out.Differences {
		if first == nil || x.At.Before(first.At) {
			first = &d.out.Differences[i]
		}
	}
	return first
}

// haltedAt reports whether trading was stopped at a time of the run.
func (d *driftRun) haltedAt(at time.Time) (halted bool) {
	for _, e := range d.journal {
		if e.AsOf.After(at) {
			break
		}
		if e.Kind == pitwall.EntryHalt && strings.HasPrefix(e.Note, "the latch is ") {
			halted = !strings.HasPrefix(e.Note, "the latch is off")
		}
	}
	return halted
}
