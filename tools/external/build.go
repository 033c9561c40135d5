package external

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"pitwall"
	"pitwall/tools"
)

// Options say where the tools run.
type Options struct {
	Mode     pitwall.Mode        // of the worlds to come: in Sim each tool must have a time policy
	Env      func(string) string // of .env and the environment; empty is not set
	Client   *http.Client        // nil is a plain one; its redirects, cookies and timeout are replaced
	Log      *slog.Logger
	Recorder Recorder // of answers and listings, in simulations only; may be nil
}

// Set holds the tools of a strategy file and their connections.
type Set struct {
	Tools    []tools.External
	Warnings []string

	servers []*server
}

// Close ends the connections. It returns nil, as an io.Closer.
func (s *Set) Close() error {
	for _, x := range s.servers {
		x.close()
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Build makes the tools of a strategy file. Entries for other worlds are left
// out; nothing is connected before every declaration is known to hold.
func Build(ctx context.Context, specs []Spec, o Options) (*Set, error) {
	o = o.withDefaults()
	var here []Spec
	for _, s := range specs {
		if err := s.Check(); err != nil {
			return nil, err
		}
		if !s.When.In(o.Mode) {
			continue
		}
		if err := s.timeSafe(o.Mode); err != nil {
			return nil, err
		}
		here = append(here, s)
	}
	set := &Set{}
	var all []Tool
	for _, s := range here {
		v := resolve(s, o.Env)
		for _, name := range v.missing {
			set.Warnings = append(set.Warnings, "tool "+s.Name+": "+name+" is not set; its calls answer MISSING_KEY")
		}
		set.Warnings = append(set.Warnings, v.short...)
		if s.REST != nil {
			all = append(all, rest(s, v, o))
			continue
		}
		x := newServer(s, v, o)
		set.servers = append(set.servers, x)
		list, err := x.start(ctx)
		if err != nil {
			return nil, errors.Join(v.redactError(err), set.Close())
		}
		all = append(all, list...)
	}
	var err error
	if set.Tools, err = New(o, all...); err != nil {
		return nil, errors.Join(err, set.Close())
	}
	return set, nil
}

// timeSafe refuses what declares nothing before anything is connected.
func (s Spec) timeSafe(m pitwall.Mode) error {
	if s.REST != nil {
		return s.timePolicy("").declared(s.Name, m)
	}
	for _, tool := range s.MCP.Allow {
		if err := s.timePolicy(tool).declared(s.local(tool), m); err != nil {
			return err
		}
	}
	return nil
}
