package server

import (
	"context"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"sync"

	"pitwall"
	"pitwall/tools"
)

// maxWorlds is how many worlds one principal may have at a time.
const maxWorlds = 32

// Main is the name of the world that a caller has without naming one.
const Main = "main"

var worldName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// Builder makes worlds: cmd wires one.
type Builder interface {
	// Build makes a world for a caller. A zero request is the default world.
	Build(ctx context.Context, by pitwall.Caller, name string, r tools.StartRequest) (*pitwall.World, error)
	// Offer says what worlds can be built over.
	Offer() []tools.OfferedData
}

// key names a world.
type key struct{ principal, name string }

// Registry holds every caller's worlds. It is safe for concurrent use; building
// one caller's world does not hold up another's calls.
type Registry struct {
	builder Builder

	mu     sync.Mutex
	worlds map[key]*slot
}

// slot is a world being built or built.
type slot struct {
	mu    sync.Mutex
	world *pitwall.World
}

// NewRegistry makes an empty registry.
func NewRegistry(b Builder) *Registry { return &Registry{builder: b, worlds: map[key]*slot{}} }

// World returns the caller's world of this name, building the default one on
// first use.
func (r *Registry) World(ctx context.Context, by pitwall.Caller, name string) (*pitwall.World, error) {
	s, err := r.slot(by, name)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.world == nil {
		if s.world, err = r.build(ctx, by, name, tools.StartRequest{}); err != nil {
			return nil, err
		}
	}
	return s.world, nil
}

// build makes a world with an id of its own, so that a caller can tell it from one
// before it.
func (r *Registry) build(ctx context.Context, by pitwall.Caller, name string, req tools.StartRequest) (*pitwall.World, error) {
	w, err := r.builder.Build(ctx, by, name, req)
	if err == nil {
		w.ID = strings.ToLower(rand.Text()[:8])
	}
	return w, err
}

// Put installs a world that was built elsewhere: a run's own.
func (r *Registry) Put(by pitwall.Caller, name string, w *pitwall.World) error {
	s, err := r.slot(by, name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world = w
	return nil
}

// Start implements tools.Starter: it replaces the caller's world. The new one
// is built before the old one is closed, so a bad request changes nothing.
func (r *Registry) Start(ctx context.Context, name string, req tools.StartRequest) (*pitwall.World, error) {
	by := pitwall.CallerFrom(ctx)
	s, err := r.slot(by, name)
	if err != nil {
		return nil, err
	}
	w, err := r.build(ctx, by, name, req)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	old := s.world
	s.world = w
	s.mu.Unlock()
	if old != nil {
		err = old.Close()
	}
	return w, err
}

// Offer implements tools.Starter.
func (r *Registry) Offer() []tools.OfferedData { return r.builder.Offer() }

// Close closes every world.
func (r *Registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.worlds {
		s.mu.Lock()
		if s.world != nil {
			errs = append(errs, s.world.Close())
		}
		s.mu.Unlock()
	}
	clear(r.worlds)
	return errors.Join(errs...)
}

func (r *Registry) slot(by pitwall.Caller, name string) (*slot, error) {
	if !worldName.MatchString(name) {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "a world cannot be named %q", name).Hintf("use lower-case letters, digits, - and _, at most 40")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k := key{by.Principal, name}
	if s, ok := r.worlds[k]; ok {
		return s, nil
	}
	n := 0
	for k := range r.worlds {
		if k.principal == by.Principal {
			n++
		}
	}
	if n >= maxWorlds {
		return nil, pitwall.Errorf(pitwall.TooManyWorlds, "%d worlds are in use", n).Hintf("use one of them again: sim_start starts it over")
	}
	s := &slot{}
	r.worlds[k] = s
	return s, nil
}
