package outside

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"pitwall"
	"pitwall/tools"
)

// Options say where the tools run.
type Options struct {
	Mode     pitwall.Mode
	Env      func(string) string // of .env and the environment; empty is not set
	Client   *http.Client        // nil is a plain one; its redirects, cookies and timeout are ours
	Log      *slog.Logger
	Recorder tools.Recorder // of listings, in simulations; may be nil
}

// Set is what specs became.
type Set struct {
	Tools    []tools.Foreign
	Warnings []string

	servers []*server
}

// Close ends the connections.
func (s *Set) Close() error {
	var errs []error
	for _, x := range s.servers {
		errs = append(errs, x.close())
	}
	return errors.Join(errs...)
}

// orDefault is a timeout, or the one where none is given.
func orDefault(d time.Duration) time.Duration {
	if d <= 0 {
		return 30 * time.Second
	}
	return d
}

// maxBytes is the most that one answer may hold.
const maxBytes = 10 << 20

// Build makes the tools of a strategy file. Entries for other worlds are left
// out; nothing is connected before every declaration is known to hold.
func Build(ctx context.Context, specs []Spec, o Options) (*Set, error) {
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var here []Spec
	for _, s := range specs {
		if err := s.Check(); err != nil {
			return nil, err
		}
		if !tools.When(s.When).In(o.Mode) {
			continue
		}
		if err := s.timeSafe(o.Mode); err != nil {
			return nil, err
		}
		here = append(here, s)
	}
	set := &Set{}
	for _, s := range here {
		v := resolve(s, o.Env)
		for _, name := range v.missing {
			set.Warnings = append(set.Warnings, "tool "+s.Name+": "+name+" is not set; its calls answer MISSING_KEY")
		}
		set.Warnings = append(set.Warnings, v.short...)
		if s.REST != nil {
			set.Tools = append(set.Tools, rest(s, v, o))
			continue
		}
		x := newServer(s, v, o)
		set.servers = append(set.servers, x)
		list, err := x.start(ctx)
		if err != nil {
			return nil, errors.Join(v.redactError(err), set.Close())
		}
		set.Tools = append(set.Tools, list...)
	}
	return set, nil
}

// timeSafe refuses what declares nothing before anything is connected.
func (s Spec) timeSafe(m pitwall.Mode) error {
	if s.REST != nil {
		return wall(s.Clamp, s.Known, s.Timeless).Declared(s.Name, m)
	}
	for _, tool := range s.MCP.Allow {
		if err := s.wallOf(tool).Declared(s.local(tool), m); err != nil {
			return err
		}
	}
	return nil
}
