package driver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/cache/runs"
	"pitwall/tools/duckdb"
	"pitwall/tools/memory"
)

// This file is a strategy's `memory:`: what its agents remember.

// Memory says what is remembered and for how long. Its zero value is all of it with the
// defaults of tools/docs/memory.md.
type Memory struct {
	Trades   int     `yaml:"trades"`    // of a symbol that count as recent
	HalfLife float64 `yaml:"half_life"` // days after which a memory counts half
	Episode  string  `yaml:"episode"`   // week, month or quarter
	Drawdown float64 `yaml:"drawdown"`  // a fall from the episode's peak that ends it, as a fraction
	Carry    string  `yaml:"carry"`     // the memory.jsonl of an earlier run, beside the strategy
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (m *Memory) UnmarshalYAML(n *yaml.Node) error {
	type plain Memory
	return strictly(n, (*plain)(m), "Memory", keys(Memory{}))
}

// remembers is what a world's memory is made of.
type remembers struct {
	memory.Config
	desk bool   // its roles do not write into it
	file string // carried, as the strategy names it
	raw  []byte // its content
}

// remembers returns what the strategy says of memory, nil without any.
func (s *Strategy) remembers() (*remembers, error) {
	m := s.Memory
	if m == nil {
		return nil, nil
	}
	switch {
	case m.Trades < 0 || m.Trades > 1000:
		return nil, fmt.Errorf("memory.trades is %d; use 1 to 1000", m.Trades)
	case !(m.HalfLife >= 0 && m.HalfLife <= 36500):
		return nil, fmt.Errorf("memory.half_life is %v; use days above 0", m.HalfLife)
	case !(m.Drawdown >= 0 && m.Drawdown < 1):
		return nil, fmt.Errorf("memory.drawdown is %v; use a fraction such as 0.05", m.Drawdown)
	}
	r := &remembers{Config: memory.Config{Episode: m.Episode, Drawdown: m.Drawdown, ShortTerm: m.Trades, HalfLife: m.HalfLife}, desk: s.Desk != nil, file: m.Carry}
	if _, err := memory.New(r.Config); err != nil {
		return nil, fmt.Errorf("memory.%w", err)
	}
	if m.Carry == "" {
		return r, nil
	}
	var err error
	if filepath.IsAbs(m.Carry) {
		r.raw, err = os.ReadFile(m.Carry)
	} else if s.files == nil {
		err = fmt.Errorf("no files beside the strategy can be read")
	} else {
		r.raw, err = fs.ReadFile(s.files, path.Join(s.Dir, m.Carry))
	}
	if err != nil {
		return nil, fmt.Errorf("reading memory.carry: %w", err)
	}
	return r, nil
}

// remember gives a world its memory. start is the first instant of the run.
func (r *remembers) remember(w *pitwall.World, tables *duckdb.Tables, now func() time.Time, start time.Time) error {
	if r == nil {
		return nil
	}
	c := r.Config
	c.Journal, c.Market, c.Now, c.Zone, c.Multipliers = w.Journal, w.Market, now, w.Zone, map[string]pitwall.Dec{}
	for _, i := range w.Instruments.Instruments() {
		c.Multipliers[i.Symbol] = i.Multiplier
	}
	if r.raw != nil {
		var err error
		if c.Carried, err = memory.Carry(r.file, r.raw, start); err != nil {
			return err
		}
	}
	m, err := memory.New(c)
	if err != nil {
		return err
	}
	w.Memory = m
	told := "You have a memory: memory_search finds your closed trades, lessons, notes and beliefs, memory_note writes into it, and SQL reads memory_trades, memory_lessons and beliefs."
	if r.desk {
		told = "Your desk has a memory: what concerns you is shown to you, and SQL reads memory_trades, memory_lessons and beliefs."
	}
	w.Conditions = append(w.Conditions, told)
	tables.Compute(m.Tables()...)
	return nil
}

// note says what is carried, for the manifest.
func (r *remembers) note() (notes []string) {
	if r == nil || r.raw == nil {
		return nil
	}
	sum := sha256.Sum256(r.raw)
	m, err := runs.ReadMemory(r.raw)
	if err != nil { // the world was built over it
		return nil
	}
	return []string{fmt.Sprintf("memory carried from %s: run %s until %s, %d trades, %d beliefs, SHA-256 %s", r.file, m.Of.Run, m.Of.Until.Format(time.RFC3339), len(m.Trades), len(m.Beliefs), hex.EncodeToString(sum[:]))}
}

// remembered writes memory.jsonl of a run with a memory.
func (r *run) remembered() error {
	m, ok := r.memory.(*memory.Store)
	if !ok {
		return nil
	}
	file, err := m.File(context.Background(), runs.MemoryOf{Run: r.manifest.RunID, From: r.manifest.From, Until: m.Now()})
	if err != nil {
		return err
	}
	return r.folder.Memory(file)
}
