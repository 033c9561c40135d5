package tools

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
)

// OutsideKind is the kind under which a [Recorder] keeps what outside tools said.
const OutsideKind = "outside"

// recordedRequest is what an answer is recorded under. It never holds a secret:
// definitions name variables of the environment, not their values.
type recordedRequest struct {
	Tool       string                     `json:"tool"`
	Definition string                     `json:"definition"` // sha256
	Args       map[string]json.RawMessage `json:"args"`       // after the clamp
	AsOf       string                     `json:"as_of"`
	State      string                     `json:"state,omitempty"` // of the world, when answers depend on it
}

// payload asks the recorder, else the tool. What is kept is the raw answer: the
// wall stands behind it, so that a recorded answer is no way round it. record keeps
// it: called when the wall found it to be an answer.
func (f *foreign) payload(ctx context.Context, w *pitwall.World, now Moment, args map[string]json.RawMessage) (p Payload, record func(), err error) {
	record = func() {}
	r := f.set.recorder
	if r == nil || now.Mode != pitwall.Sim || f.Effect != Read || f.Definition == nil {
		p, err = f.reach(ctx, now, args)
		return p, record, err
	}
	sum := sha256.Sum256(f.Definition)
	q := recordedRequest{Tool: f.Name, Definition: hex.EncodeToString(sum[:]), Args: args, AsOf: w.Time(now.Now)}
	if f.World {
		q.State = w.Digest()
	}
	request, err := json.Marshal(q)
	if err != nil {
		return Payload{}, record, fmt.Errorf("encoding the request of %s: %w", f.Name, err)
	}
	slot := f.Name + "@" + q.AsOf
	body, err := r.Get(OutsideKind, slot, request)
	switch {
	case err == nil && body != nil:
		if p, ok := unpack(body); ok {
			return p, record, nil
		}
		f.set.log.ErrorContext(ctx, "a recorded answer cannot be read; asking again", "tool", f.Name, "as_of", q.AsOf)
	case pitwall.CodeOf(err) == pitwall.ReplayDiverged:
		return Payload{}, record, err // a strict replay: nothing may be asked anew
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		f.set.log.ErrorContext(ctx, "the recorder failed; asking the tool", "tool", f.Name, "err", err)
	}
	if p, err = f.reach(ctx, now, args); err != nil || isError(p) {
		return p, record, err // errors are not kept: the next run may have better luck
	}
	return p, func() {
		if err := r.Put(OutsideKind, slot, request, pack(p)); err != nil {
			f.set.log.ErrorContext(ctx, "the answer was not recorded", "tool", f.Name, "err", err)
		}
	}, nil
}

// isError reports whether a payload is no answer: broken, or with a top-level error.
func isError(p Payload) bool {
	if p.Form != JSON {
		return false
	}
	var v any
	return json.Unmarshal(p.Body, &v) != nil || errorOf(v) != ""
}

// pack writes the form on the first line, then the body as it came.
func pack(p Payload) []byte { return append([]byte(string(p.Form)+"\n"), p.Body...) }

func unpack(b []byte) (Payload, bool) {
	form, body, ok := bytes.Cut(b, []byte("\n"))
	f := Form(form)
	return Payload{f, body}, ok && (f == JSON || f == CSV || f == Text)
}
