package external

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"pitwall"
	"pitwall/tools"
)

// recordKind is the kind under which a [Recorder] keeps external answers. It names
// folders of existing caches.
const recordKind = "outside"

// recordedRequest is what an answer is recorded under. It never holds a secret:
// definitions name variables of the environment, not their values.
type recordedRequest struct {
	Tool       string                     `json:"tool"`
	Definition string                     `json:"definition"` // sha256
	Args       map[string]json.RawMessage `json:"args"`       // after the clamp
	AsOf       string                     `json:"as_of"`
	State      string                     `json:"state,omitempty"` // of the world, when answers depend on it
}

// payload returns the recorded answer, else calls the tool. What is kept is the raw
// answer: the wall comes after it, so that a recorded answer is no way around the
// wall. record keeps it; call it once the wall has found it to be an answer, so
// that errors are not kept: the next run may be luckier.
func (c *caller) payload(ctx context.Context, w *pitwall.World, now Moment, args map[string]json.RawMessage) (p Payload, record func(), err error) {
	record = func() {}
	if c.o.Recorder == nil || now.Mode != pitwall.Sim || c.Effect != tools.Read || c.Definition == nil {
		p, err = c.reach(ctx, now, args)
		return p, record, err
	}
	q := recordedRequest{Tool: c.Name, Definition: digest(c.Definition), Args: args, AsOf: w.Time(now.Now)}
	if c.World {
		q.State = w.Digest()
	}
	request, err := json.Marshal(q)
	if err != nil {
		return Payload{}, record, fmt.Errorf("encoding the request of %s: %w", c.Name, err)
	}
	slot := c.Name + "@" + q.AsOf
	body, err := c.o.recorded(ctx, slot, request)
	if err != nil {
		return Payload{}, record, err
	}
	if body != nil {
		if p, ok := unpack(body); ok {
			return p, record, nil
		}
		c.o.Log.ErrorContext(ctx, "a recorded answer is unreadable; calling the tool again", "tool", c.Name, "as_of", q.AsOf)
	}
	p, err = c.reach(ctx, now, args)
	return p, func() { c.o.record(ctx, slot, request, pack(p)) }, err
}

// recorded returns what the recorder holds, nil for nothing. Only a strict replay,
// which calls nothing, is an error.
func (o Options) recorded(ctx context.Context, slot string, request []byte) ([]byte, error) {
	body, err := o.Recorder.Get(recordKind, slot, request)
	switch {
	case pitwall.CodeOf(err) == pitwall.ReplayDiverged:
		return nil, err
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		o.Log.ErrorContext(ctx, "the recorder failed; calling instead", "what", slot, "err", err)
		return nil, nil
	}
	return body, nil
}

func (o Options) record(ctx context.Context, slot string, request, body []byte) {
	if err := o.Recorder.Put(recordKind, slot, request, body); err != nil {
		o.Log.ErrorContext(ctx, "the answer was not recorded", "what", slot, "err", err)
	}
}

// digest is a sha256 in hexadecimal.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// pack writes the form on the first line, then the body as it came.
func pack(p Payload) []byte { return append([]byte(string(p.Form)+"\n"), p.Body...) }

func unpack(b []byte) (Payload, bool) {
	form, body, ok := bytes.Cut(b, []byte("\n"))
	f := Form(form)
	return Payload{f, body}, ok && (f == JSON || f == CSV || f == Text)
}
