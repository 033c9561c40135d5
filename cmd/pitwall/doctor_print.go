package main

import (
	"fmt"
	"pitwall/cmd/pitwall/term"
	"runtime"
	"slices"
)

// print writes what was found: first how it stands and what is broken.
func (x *examination) print(asJSON bool) error {
	count := func(state string) (n int) {
		for _, f := range x.list {
			if f.State == state {
				n++
			}
		}
		return n
	}
	bad, missing := count(stateBad), count(stateMissing)
	if asJSON {
		err := x.app.printJSON(struct {
			Version string    `json:"version"`
			Go      string    `json:"go"`
			OS      string    `json:"os"`
			Arch    string    `json:"arch"`
			CPUs    int       `json:"cpus"`
			Memory  int64     `json:"memory_bytes,omitempty"`
			Bad     int       `json:"bad"`
			Missing int       `json:"missing"`
			List    []finding `json:"checks"`
		}{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), memory(), bad, missing, x.list})
		if err == nil && bad > 0 {
			err = errSaid
		}
		return err
	}
	p := term.NewPen(x.app.stdout)
	p.Put(term.Bold, "pitwall "+version())
	p.Line(term.Dim, "  %s", machineLine())
	verdict, s := "nothing is broken", term.Green
	if bad > 0 {
		verdict, s = fmt.Sprintf("%s broken", term.Plural(bad, "thing")), term.Red
	}
	p.Put(s, verdict)
	p.Line(term.Plain, "; %d not set up", missing)
	var areas []string
	for _, f := range x.list {
		if !slices.Contains(areas, f.Area) {
			areas = append(areas, f.Area)
		}
	}
	if bad > 0 {
		x.section(p, "broken", func(f finding) bool { return f.State == stateBad })
	}
	for _, area := range areas {
		x.section(p, area, func(f finding) bool { return f.Area == area && f.State != stateBad })
	}
	if err := p.Done(); err != nil || bad == 0 {
		return err
	}
	return errSaid
}

// section prints the findings of one kind.
func (x *examination) section(p *term.Pen, name string, match func(finding) bool) {
	styles := map[string]term.Style{stateOK: term.Green, stateMissing: term.Yellow, stateBad: term.Red}
	said := false
	for _, f := range x.list {
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
		if f.Fix != "" && f.State == stateBad || f.Fix != "" && f.Fix[:min(4, len(f.Fix))] != "set " {
			p.Put(term.Dim, fmt.Sprintf("%25s", "")) // that something not set is to be set goes without saying
			p.Hang(25, term.Dim, f.Fix)
		}
	}
}
