package main

import (
	"context"
	"fmt"
	"net/http"

	"pitwall"
	"pitwall/cache/replay"
	"pitwall/tools/external"
)

// openCache opens the replay cache: what models and external tools answered before.
// It is for simulated worlds only. nil keeps nothing.
func (s settings) openCache(o replay.Options) (*replay.Store, error) {
	if s.CacheDir == noCacheDir {
		return nil, nil
	}
	dir, err := s.cacheDir()
	if err != nil {
		return nil, err
	}
	store, err := replay.Open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("%w\n  the replay cache is in %s; PITWALL_CACHE_DIR names another folder, --no-cache runs without one", err, dir)
	}
	return store, nil
}

// recorder returns what external tools use of the replay cache; a strict run calls
// none of them.
func recorder(store *replay.Store, strict bool) external.Recorder {
	switch {
	case store == nil:
		return nil // a nil store must not become an interface that is not nil
	case strict:
		return replay.Strict{Store: store}
	}
	return store
}

// external makes a strategy's external tools for a kind of world.
func (a *app) external(ctx context.Context, m pitwall.Mode, specs []external.Spec, cfg settings, r external.Recorder) (*external.Set, error) {
	o := external.Options{Mode: m, Env: cfg.get, Log: a.logger(), Recorder: r}
	if a.transport != nil {
		o.Client = &http.Client{Transport: a.transport}
	}
	return external.Build(ctx, specs, o)
}
