package runs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/disk"
)

// Past is what an earlier process left in the folder of a run that goes on.
type Past struct {
	Manifest Manifest
	Journal  []pitwall.Entry
	Bars     []pitwall.Bar // of prices.csv
	Turns    int           // the number of the last one
	Agents   map[string]agentloop.Past
}

// Reopen goes on with the folder of a run on the host's time that was stopped or
// killed. What a crash left half written is cut off; lines of fills.csv and equity.csv
// that it kept from being written follow from the journal and are written now.
func Reopen(ctx context.Context, d disk.Disk, dir string, ref pitwall.Reference) (f *Folder, p Past, err error) {
	strict := Strict{os.DirFS(dir)}
	if p.Manifest, err = strict.Manifest(); err != nil {
		return nil, p, fmt.Errorf("%s cannot be resumed: %w", dir, err)
	}
	switch m := p.Manifest; {
	case m.Mode == "":
		return nil, p, pitwall.Errorf(pitwall.InvalidInput, "%s is a backtest", dir).Hintf("the same pitwall backtest runs again and asks nothing twice")
	case m.Status == "complete":
		return nil, p, pitwall.Errorf(pitwall.InvalidInput, "%s came to its end", dir).Hintf("start another run")
	}
	log, err := readTurns(strict)
	if err != nil {
		return nil, p, err
	}
	if err := cutTails(d, dir, log); err != nil {
		return nil, p, err
	}
	var err1, err2 error
	p.Journal, err1 = strict.Journal()
	p.Bars, err2 = strict.Kept()
	lines, err3 := linesOf[agentloop.TurnLine](strict, SummariesFile, refuse)
	times, err4 := linesOf[agentloop.Timing](strict, TimingFile, refuse)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, p, err
	}
	p.agents(lines, times)
	f = newFolder(d, dir, ref)
	f.Durable = true
	for _, t := range log.turns {
		p.Turns = max(p.Turns, t.n)
		f.sums = append(f.sums, sumLine(turnFile(t.n), t.sum)...)
	}
	for _, name := range append([]string{JournalFile, TurnsFile, SummariesFile, TimingFile}, csvFiles...) {
		if f.files[name], err = d.Open(filepath.Join(dir, name), os.O_APPEND|os.O_WRONLY); err != nil {
			delete(f.files, name)
			return nil, p, errors.Join(fmt.Errorf("opening the run's folder: %w", err), f.Close())
		}
		if info, err := fs.Stat(strict, name); err == nil && info.Size() == 0 { // a loss of power took its header
			f.add(name, []byte(header(name)))
		}
	}
	f.turns, f.written = make(chan func() error, waiting), make(chan error, 1)
	go f.writeTurns(f.turns)
	if err := f.recover(ctx, strict, p.Journal); err != nil {
		return nil, p, errors.Join(err, f.Close())
	}
	return f, p, nil
}

// agents notes where each agent stands.
func (p *Past) agents(lines []agentloop.TurnLine, times []agentloop.Timing) {
	p.Agents = map[string]agentloop.Past{}
	for _, x := range lines {
		a := p.Agents[x.Agent]
		if x.Shadow() {
			a.Shadows++
		} else {
			a.AsOf = x.AsOf
		}
		p.Agents[x.Agent], p.Turns = a, max(p.Turns, x.Turn)
	}
	for _, x := range times {
		a := p.Agents[x.Agent]
		if x.USD != nil {
			a.USD += *x.USD
		}
		a.Tokens += x.Usage.Input + x.Usage.Output
		p.Agents[x.Agent], p.Turns = a, max(p.Turns, x.Turn)
	}
	for _, e := range p.Journal {
		p.Turns = max(p.Turns, e.Turn) // its record may be lost
		for name, a := range p.Agents {
			if t, err := time.Parse(time.RFC3339, a.AsOf); e.Mark != nil && err == nil && e.AsOf.After(t) {
				a.Bars++
				p.Agents[name] = a
			}
		}
	}
}

// cutTails cuts off what is no whole line, or no whole turn, at the end of each file.
func cutTails(d disk.Disk, dir string, log turnLog) error {
	for _, name := range append([]string{JournalFile, SummariesFile, TimingFile, TurnsFile, SumsFile}, csvFiles...) {
		file := filepath.Join(dir, name)
		body, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reading what was written: %w", err)
		}
		keep := bytes.LastIndexByte(body, '\n') + 1
		switch name {
		case TurnsFile:
			keep = len(body) - int(log.rest)
		case SumsFile:
			keep = 0 // those of the end
		}
		if keep == len(body) {
			continue
		}
		if err := d.Truncate(file, int64(keep)); err != nil {
			return fmt.Errorf("cutting off half a line: %w", err)
		}
	}
	return nil
}

// recover fills the memory of a folder from its journal and writes what fills.csv and
// equity.csv lack of it.
func (f *Folder) recover(ctx context.Context, strict Strict, journal []pitwall.Entry) error {
	fills, err1 := strict.Rows(FillsFile)
	marks, err2 := strict.Rows(EquityFile)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, e := range journal {
		var err error
		switch {
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			f.orders[e.ID] = *e.Order
		case e.Fill != nil && len(fills) > 0:
			fills = fills[1:]
		case e.Fill != nil:
			err = f.fill(*e.Fill, e.Turn)
		case e.Mark != nil && len(marks) > 0:
			marks = marks[1:]
		case e.Mark != nil:
			err = f.mark(*e.Mark)
		}
		if err != nil {
			return err
		}
		if _, err := f.mem.Append(ctx, e); err != nil {
			return err
		}
	}
	return f.flush()
}
