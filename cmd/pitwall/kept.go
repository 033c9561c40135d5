package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/cache/replay"
	"pitwall/tools"
	"pitwall/tools/external"
)

// deciders are a run's agents, the tools that they have besides Pitwall's own, and
// what was answered before.
type deciders struct {
	agents []agentloop.Agent
	extra  *external.Set
	kept   *kept
}

// deciders makes them, and refuses what could not run before anything is written.
func (a *app) deciders(ctx context.Context, s *strategy, o runOptions) (*deciders, error) {
	cfg, err := a.settings()
	if err != nil {
		return nil, err
	}
	d := &deciders{}
	if d.agents, err = a.agents(s, cfg, o.strict); err != nil {
		return nil, err
	}
	if d.kept, err = a.openCache(cfg, o.noCache); err != nil {
		return nil, err
	}
	if d.extra, err = a.external(ctx, s, cfg, d.kept, o.strict); err != nil {
		return nil, err
	}
	set, err := tools.NewWith(slog.New(slog.DiscardHandler), nil, d.extra.Tools)
	if err == nil {
		err = s.checkTools(set)
	}
	if err != nil {
		return nil, errors.Join(err, d.extra.Close())
	}
	return d, nil
}

// kept is the replay cache, as the loop and the server's external tools see it. It
// is for simulated worlds only. nil keeps nothing.
type kept struct{ store *replay.Store }

// openCache opens what models and tools answered before; nil without one.
func (a *app) openCache(cfg settings, without bool) (*kept, error) {
	if without || cfg.CacheDir == noCacheDir {
		return nil, nil
	}
	dir, err := cfg.cacheDir()
	if err != nil {
		return nil, err
	}
	store, err := replay.Open(dir, replay.Options{Log: a.logger()})
	if err != nil {
		return nil, fmt.Errorf("%w\n  the replay cache is in %s; PITWALL_CACHE_DIR names another folder, --no-cache runs without one", err, dir)
	}
	return &kept{store}, nil
}

// cache is what the loop uses. A nil store must not become an interface that is
// not nil.
func (k *kept) cache() agentloop.Cache {
	if k == nil {
		return nil
	}
	return k.store
}

// recorder is what external tools use. Strict calls nothing.
func (k *kept) recorder(strict bool) external.Recorder {
	switch {
	case strict && k != nil:
		return strictRecorder{k.store}
	case k != nil:
		return k.store
	}
	return nil
}

// strictRecorder answers for external tools, or refuses: nothing is called.
type strictRecorder struct{ *replay.Store }

func (r strictRecorder) Get(kind, slot string, request []byte) ([]byte, error) {
	body, err := r.Store.Get(kind, slot, request)
	if err == nil && body == nil {
		err = pitwall.Errorf(pitwall.ReplayDiverged, "this call is not recorded").Hintf("leave out --strict-replay to make it")
	}
	return body, err
}

// external makes the strategy's external tools.
func (a *app) external(ctx context.Context, s *strategy, cfg settings, k *kept, strict bool) (*external.Set, error) {
	o := external.Options{Mode: pitwall.Sim, Env: cfg.get, Log: a.logger(), Recorder: k.recorder(strict)}
	if a.transport != nil {
		o.Client = &http.Client{Transport: a.transport}
	}
	return external.Build(ctx, s.Tools, o)
}

// elsewhereOnly says which tools of a strategy are not there in a backtest.
func elsewhereOnly(s *strategy) (notes []string) {
	for _, t := range s.Tools {
		if !t.When.In(pitwall.Sim) {
			notes = append(notes, "tool "+t.Name+" is for live runs only and is not offered")
		}
	}
	return notes
}
