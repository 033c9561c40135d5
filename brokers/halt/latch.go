package halt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/disk"
)

// Level is how far trading is stopped.
type Level int

// The levels, from none to all.
const (
	Off Level = iota
	ReduceOnly
	Halt
	Cancel
	Flatten
)

var levels = [...]string{Off: "off", ReduceOnly: "reduce_only", Halt: "halt", Cancel: "cancel", Flatten: "flatten"}

// String returns the level's name.
func (l Level) String() string {
	if l < Off || l > Flatten {
		return fmt.Sprintf("level %d", int(l))
	}
	return levels[l]
}

// Raise is one reason to stop.
type Raise struct {
	Level  Level     `json:"-"` // the file's name holds it
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	Doubt  bool      `json:"doubt,omitempty"` // Pitwall found what it does not understand, such as an account that differs: no strategy's policy acts on that

	file string
}

// State is what a latch says. Level is the highest of Raises, oldest first.
type State struct {
	Level  Level
	Raises []Raise
}

// String names the level and every reason.
func (s State) String() string {
	if s.Level == Off {
		return s.Level.String()
	}
	var list []string
	for _, r := range s.Raises {
		list = append(list, fmt.Sprintf("%s since %s by %s: %s", r.Level, r.At.Format(time.RFC3339), r.By, r.Reason))
	}
	return strings.Join(list, "; ")
}

// Err returns why nothing may be sent, nil when the latch is off.
func (s State) Err() *pitwall.Error {
	if s.Level == Off {
		return nil
	}
	return pitwall.Errorf(pitwall.Halted, "trading is halted: %v; nothing was sent", s).Hintf("open orders can be canceled; only a person can resume: pitwall kill off")
}

// Latch is a folder of raises. It keeps nothing in memory: every State is read anew.
type Latch struct {
	Disk disk.Disk // where raises are written
	dir  string
}

// New returns the latch in a folder, which need not be there: it halts then.
func New(dir string) *Latch { return &Latch{disk.OS{}, dir} }

// Dir returns the folder.
func (l *Latch) Dir() string { return l.dir }

// Prepare makes the folder where there is none.
func (l *Latch) Prepare() error {
	if err := disk.MkdirAll(l.Disk, l.dir); err != nil {
		return fmt.Errorf("making the halt latch: %w", err)
	}
	return nil
}

// stamp begins a raise's name, so that names sort by time.
const stamp = "20060102T150405.000000000Z"

// Raise stops trading until a person lowers the latch. It returns when the raise is on
// the disk; other processes see it before that. An error means that it may not last.
func (l *Latch) Raise(r Raise) error {
	if r.Level <= Off || r.Level > Flatten || r.Reason == "" {
		return pitwall.Errorf(pitwall.InvalidInput, "a raise to %v for the reason %q", r.Level, r.Reason).Hintf("give a level from reduce_only to flatten and a reason")
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding a halt: %w", err)
	}
	if err := l.Prepare(); err != nil {
		return err
	}
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s.%d.%s", r.At.UTC().Format(stamp), n, r.Level)
		f, err := l.Disk.Open(filepath.Join(l.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY)
		if errors.Is(err, fs.ErrExist) {
			continue // another raise at the same instant
		}
		if err != nil {
			return fmt.Errorf("raising the halt: %w", err)
		}
		_, err = f.Write(body)
		if err = errors.Join(err, f.Sync(), f.Close(), l.Disk.SyncDir(l.dir)); err != nil {
			return fmt.Errorf("raising the halt: it is seen, but may not outlast a loss of power: %w", err)
		}
		return nil
	}
}

// State reads the latch. What cannot be read or understood halts.
func (l *Latch) State() State {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return State{Halt, []Raise{{Level: Halt, By: "pitwall", Doubt: true, Reason: fmt.Sprintf("the latch cannot be read (%v); pitwall kill off recreates it", err)}}}
	}
	s := State{}
	for _, e := range entries {
		r := l.read(e.Name())
		s.Level, s.Raises = max(s.Level, r.Level), append(s.Raises, r)
	}
	return s
}

// read returns the raise of one file. Its name alone is enough: a file half written
// halts as much as a whole one.
func (l *Latch) read(name string) Raise {
	at, rest, _ := strings.Cut(name, "Z.")
	_, level, _ := strings.Cut(rest, ".")
	r := Raise{Level: Level(slices.Index(levels[:], level)), file: name}
	body, err := os.ReadFile(filepath.Join(l.dir, name))
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	named, bad := time.Parse(stamp, at+"Z")
	if bad == nil {
		r.At = named
	}
	switch {
	case r.Level <= Off || bad != nil:
		r.Level, r.By, r.Doubt, r.Reason = Halt, "pitwall", true, fmt.Sprintf("the latch holds %q, which is not understood", name)
	case err != nil:
		r.By, r.Reason = "unknown", "the reason cannot be read"
	}
	return r
}

// Lower removes the raises of a state that a person has seen, and makes a latch that is
// missing. A raise made since then stays.
func (l *Latch) Lower(seen State) error {
	if err := l.Prepare(); err != nil {
		return err
	}
	for _, r := range seen.Raises {
		if r.file == "" {
			continue
		}
		if err := l.Disk.Remove(filepath.Join(l.dir, r.file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("lowering the halt: %w", err)
		}
	}
	return l.Disk.SyncDir(l.dir)
}
