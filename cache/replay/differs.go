package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"pitwall"
)

// maxNear bounds how many entries of a slot Differs reads.
const maxNear = 64

// Differs says in which top-level parts of the request (a JSON object) the
// nearest entry of the same kind and slot differs, such as "prompt, state_digest";
// "" when there is none in that slot, or the same request. The nearest is the
// one with the fewest differences. Entries without a slot are not compared.
func (s *Store) Differs(kind, slot string, request []byte) (string, error) {
	b := s.borrow()
	defer s.giveBack(b)
	p, err := s.place(b, kind, slot, request)
	if err != nil || slot == "" {
		return "", err
	}
	asked, err := parts(p.request)
	if err != nil {
		return "", pitwall.Errorf(pitwall.InvalidInput, "a request to compare must be an object")
	}
	near, err := s.near(p)
	if err != nil {
		return "", err
	}
	other := s.borrow()
	defer s.giveBack(other)
	var nearest []string
	found := false
	for _, f := range near[:min(len(near), maxNear)] { // sorted by key, so that a tie has one winner
		var e entry
		if f.segment != nil {
			e, err = s.decode(other, f.segment, f.row)
		} else {
			e, _, err = s.load(other, f.Path)
		}
		if err != nil || e.Kind != kind || e.Slot != slot || e.Key != f.Key {
			continue // Get and Verify judge it
		}
		kept, err := parts(e.request)
		if err != nil {
			continue
		}
		if d := differences(asked, kept); !found || len(d) < len(nearest) {
			nearest, found = d, true
		}
	}
	return strings.Join(nearest, ", "), nil
}

// near returns the entries of the same kind and slot.
func (s *Store) near(p place) ([]found, error) {
	list, err := s.rows()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(f found) bool { return f.Kind != p.kind || f.group != p.group })
	s.walkGroup(p.kind, p.group, func(f found, bad error) bool {
		if err = bad; err == nil && validKey(f.Key) {
			list = append(list, f)
		}
		return err == nil
	})
	return once(list), err
}

// parts are the members of a canonical object.
func parts(canonical []byte) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	err := json.Unmarshal(canonical, &m)
	if err == nil && m == nil {
		err = errors.New("null")
	}
	return m, err
}

// differences are the names, sorted, that do not have the same value in both.
func differences(a, b map[string]json.RawMessage) []string {
	var names []string
	for name, v := range a {
		if w, ok := b[name]; !ok || !bytes.Equal(v, w) {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// validKey tells an entry's name from anything else in its folder.
func validKey(name string) bool {
	for _, c := range name {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(name) == 64
}
