package agentloop

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Some turns must not stand in for the same turn of a later run: those that failed or
// ran out of money, and those in which something failed that may succeed next time, such
// as an external tool. They are kept all the same, for strict replays only, which repeat
// a run as it was. The same turn may fail in several ways: each is kept, and the newest
// counts.

const strictKind = "strict"

// strictKey names one of the ways in which the turn of a request ended.
type strictKey struct {
	Turn   string `json:"turn"` // digest of the turn's request
	Number int    `json:"number"`
}

// newest returns the last of these turns that was kept, nil without one, and the key of
// the next.
func (t *turnRun) newest(request []byte, slot string) (body, next []byte, err error) {
	for n := 1; ; n++ {
		if next, err = json.Marshal(strictKey{sum(request), n}); err != nil {
			return nil, nil, fmt.Errorf("encoding the key of the turn: %w", err)
		}
		found, err := t.recorded(strictKind, slot, next)
		if err != nil || found == nil {
			return body, next, err
		}
		body = found
	}
}

// keepForStrict keeps a turn for strict replays, unless the newest one is the same.
func (t *turnRun) keepForStrict(request []byte, slot string, body []byte) error {
	old, next, err := t.newest(request, slot)
	if err != nil || bytes.Equal(old, body) {
		return err
	}
	return t.Cache.Put(strictKind, slot, next, body)
}

// forOthers reports whether the turn may stand in for the same turn of another run.
func (t *turnRun) forOthers() bool {
	switch t.rec.Status {
	case StatusBudget, StatusModelError, StatusTimeout:
		return false // what stopped it may not be there the next time
	}
	return !t.uncacheable
}

// skipped books a turn without a decision, now or as it was recorded, and returns what
// ends the run. stops says that every further turn would fail the same way.
func (t *turnRun) skipped(status Status, why error, stops bool) error {
	switch {
	case status == StatusBudget:
		t.out.Stopped = why.Error()
		t.warn("budget", t.out.Stopped)
		return errBudget
	case status != StatusModelError && status != StatusTimeout:
		return nil
	}
	t.warn("model_skipped", why.Error())
	if stops {
		return fmt.Errorf("asking the model %s: %w", t.agent.ModelName, why)
	}
	return t.again(why)
}
