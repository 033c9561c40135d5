package main

import (
	"fmt"
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
		err := x.app.printSafeJSON(struct {
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
	p := x.app.newPen()
	p.put(bold, "pitwall "+version())
	p.linef(dim, "  %s", machineLine())
	verdict, s := "nothing is broken", green
	if bad > 0 {
		verdict, s = fmt.Sprintf("%s broken", plural(bad, "thing")), red
	}
	p.put(s, verdict)
	p.linef(plainText, "; %d not set up", missing)
	var areas []string
	for _, f := range x.list {
		if !slices.Contains(areas, f.Area) {
			areas = append(areas, f.Area)
		}
	}
	if bad > 0 {
		x.area(p, "broken", func(f finding) bool { return f.State == stateBad })
	}
	for _, area := range areas {
		x.area(p, area, func(f finding) bool { return f.Area == area && f.State != stateBad })
	}
	if err := p.done(); err != nil || bad == 0 {
		return err
	}
	return errSaid
}

// area prints the findings of one kind.
func (x *examination) area(p *pen, name string, match func(finding) bool) {
	styles := map[string]style{stateOK: green, stateMissing: yellow, stateBad: red}
	said := false
	for _, f := range x.list {
		if !match(f) {
			continue
		}
		if !said {
			section(p, name)
			said = true
			if name == "network" {
				p.linef(dim, "  hosts were connected to; the keys are not tested")
			}
		}
		p.put(styles[f.State], fmt.Sprintf("  %-8s", f.State))
		p.put(plainText, fmt.Sprintf("%-14s", f.Name)+" ")
		if name != f.Area {
			p.put(plainText, f.Area+": ")
		}
		p.hang(25, plainText, f.Detail)
		if f.Mend != "" && f.State == stateBad || f.Mend != "" && f.Mend[:min(4, len(f.Mend))] != "set " {
			p.put(dim, fmt.Sprintf("%25s", "")) // that something not set is to be set goes without saying
			p.hang(25, dim, f.Mend)
		}
	}
}
