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
func (a *app) openCache(cfg settings, without bool) (*replay.Store, error) {
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
	return store, nil
}

// recorder returns what external tools use of the replay cache; a strict run calls
// none of them.
func recorder(store *replay.Store, strict bool) external.Recorder {
	switch {
	case store == nil:
		return nil // a nil store must not become an interface that is not nil
	case strict:
		return strictRecorder{store}
	}
	return store
}

// strictRecorder answers for external tools or refuses: nothing is called.
type strictRecorder struct{ *replay.Store }

func (r strictRecorder) Get(kind, slot string, request []byte) ([]byte, error) {
	body, err := r.Store.Get(kind, slot, request)
	switch {
	case err != nil:
		err = &pitwall.Error{Code: pitwall.MachineFailed, Message: "the replay cache could not be read: " + err.Error(), Hint: "leave out --strict-replay to make the call", Err: err}
	case body == nil:
		err = pitwall.Errorf(pitwall.ReplayDiverged, "this call is not recorded").Hintf("leave out --strict-replay to make it")
	}
	return body, err
}

// external makes a strategy's external tools.
func (a *app) external(ctx context.Context, specs []external.Spec, cfg settings, r external.Recorder) (*external.Set, error) {
	o := external.Options{Mode: pitwall.Sim, Env: cfg.get, Log: a.logger(), Recorder: r}
	if a.transport != nil {
		o.Client = &http.Client{Transport: a.transport}
	}
	return external.Build(ctx, specs, o)
}
