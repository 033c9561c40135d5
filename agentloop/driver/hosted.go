package driver

import (
	"context"
	"errors"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/runs"
	"pitwall/tools"
)

// Hosted is the world of a live run whose decisions come from outside: a host that calls
// the tools over MCP. It implements server.Builder for a server of this one world.
type Hosted struct {
	run  *run
	stop chan struct{}
}

// hostModel is the model of a manifest whose decisions came from an MCP host.
const hostModel = "an MCP host"

// Host opens the world of a run on the live clock, as [Run] does, without a loop: the same
// gates, guard, lease, journal and recovery. Agents and Stop of c are not used. The caller
// ends it with [Hosted.Close].
func Host(ctx context.Context, c Config) (*Hosted, error) {
	h := &Hosted{stop: make(chan struct{})}
	c.Agents, c.Stop = nil, h.stop
	spec, err := c.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if h.run, err = openLive(ctx, c, spec, c.Now()); err != nil {
		return nil, err
	}
	r := h.run
	r.manifest = r.describe()
	r.manifest.Model = hostModel
	r.warm = r.warmup()
	w := r.session.World()
	w.ID = r.manifest.RunID // it stays the same world when this program starts again
	for range turnsOf(r.past.Journal) {
		w.BeginTurn()
	}
	if err := r.folder.WriteJSON(runs.ManifestFile, r.manifest); err != nil {
		_, cerr := h.Close(ctx)
		return nil, errors.Join(err, cerr)
	}
	return h, nil
}

// turnsOf returns the newest turn of a journal: a caller's turns are counted on.
func turnsOf(past []pitwall.Entry) (n int) {
	for _, e := range past {
		n = max(n, e.Turn)
	}
	return n
}

// World returns the world that the server serves.
func (h *Hosted) World() *pitwall.World { return h.run.session.World() }

// Build implements server.Builder: there is no second world.
func (h *Hosted) Build(_ context.Context, _ pitwall.Caller, name string, _ tools.StartRequest) (*pitwall.World, error) {
	w := h.World()
	return nil, pitwall.Errorf(pitwall.Unsupported, "there is no world %q: this server has one %s world, %s", name, w.Mode, w.Name).Hintf("use /mcp")
}

// Offer implements server.Builder.
func (h *Hosted) Offer() []tools.OfferedData { return nil }

// Close ends the world after the call that is under way, and writes what a run leaves.
// Open orders stay open; a run of the same folder goes on from there.
func (h *Hosted) Close(ctx context.Context) (result *Result, err error) {
	close(h.stop)
	ctx = context.WithoutCancel(ctx)
	var failed error
	err = h.World().Serialize(ctx, func() {
		result, failed = h.run.finish(agentloop.Outcome{}, nil)
		failed = errors.Join(failed, h.run.closeLive())
	})
	return result, errors.Join(err, failed)
}
