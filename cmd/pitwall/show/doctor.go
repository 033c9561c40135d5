package show

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"pitwall/cmd/pitwall/term"
)

// Finding is one thing that pitwall doctor looked at. It never holds the value of a key.
type Finding struct {
	Area   string `json:"area"`
	Name   string `json:"name"`
	State  string `json:"state"` // ok, missing or bad
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"` // what works
}

// The states. Missing is what one may do without; bad is broken.
const (
	StateOK      = "ok"
	StateMissing = "missing"
	StateBad     = "bad"
)

// Examination is what pitwall doctor found on this machine.
type Examination struct {
	Version string    `json:"version"`
	Go      string    `json:"go"`
	OS      string    `json:"os"`
	Arch    string    `json:"arch"`
	CPUs    int       `json:"cpus"`
	Memory  int64     `json:"memory_bytes,omitempty"`
	Bad     int       `json:"bad"`
	Missing int       `json:"missing"`
	List    []Finding `json:"checks"`
}

// Examine counts findings and adds the machine.
func Examine(version string, list []Finding) Examination {
	count := func(state string) (n int) {
		for _, f := range list {
			if f.State == state {
				n++
			}
		}
		return n
	}
	return Examination{version, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), memory(), count(StateBad), count(StateMissing), list}
}

// Print writes what was found: first how it stands and what is broken.
func (x Examination) Print(p *term.Pen) {
	p.Put(term.Bold, "pitwall "+x.Version)
	machine := fmt.Sprintf("%s, %s/%s, %s", x.Go, x.OS, x.Arch, term.Plural(x.CPUs, "core"))
	if x.Memory > 0 {
		machine += ", " + Size(x.Memory) + " memory"
	}
	p.Line(term.Dim, "  %s", machine)
	verdict, s := "nothing is broken", term.Green
	if x.Bad > 0 {
		verdict, s = fmt.Sprintf("%s broken", term.Plural(x.Bad, "thing")), term.Red
	}
	p.Put(s, verdict)
	p.Line(term.Plain, "; %d not set up", x.Missing)
	var areas []string
	for _, f := range x.List {
		if !slices.Contains(areas, f.Area) {
			areas = append(areas, f.Area)
		}
	}
	if x.Bad > 0 {
		x.section(p, "broken", func(f Finding) bool { return f.State == StateBad })
	}
	for _, area := range areas {
		x.section(p, area, func(f Finding) bool { return f.Area == area && f.State != StateBad })
	}
}

// section prints the findings of one kind.
func (x Examination) section(p *term.Pen, name string, match func(Finding) bool) {
	styles := map[string]term.Style{StateOK: term.Green, StateMissing: term.Yellow, StateBad: term.Red}
	said := false
	for _, f := range x.List {
		if !match(f) {
			continue
		}
		if !said {
			p.Section(name)
			said = true
			if name == "network" {
				p.Line(term.Dim, "  hosts were connected to; the keys are not tested")
			}
		}
		p.Put(styles[f.State], fmt.Sprintf("  %-8s", f.State))
		p.Put(term.Plain, fmt.Sprintf("%-14s", f.Name)+" ")
		if name != f.Area {
			p.Put(term.Plain, f.Area+": ")
		}
		p.Hang(25, term.Plain, f.Detail)
		if f.Fix != "" && f.State == StateBad || f.Fix != "" && f.Fix[:min(4, len(f.Fix))] != "set " {
			p.Put(term.Dim, fmt.Sprintf("%25s", "")) // that something not set is to be set goes without saying
			p.Hang(25, term.Dim, f.Fix)
		}
	}
}

// memory is the machine's; 0 where the system does not say it in a file.
func memory() int64 {
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kb int64
	for line := range strings.Lines(string(raw)) {
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}

// Size writes bytes for a person.
func Size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
}
