package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	files, err := os.ReadDir(filepath.Dir(p.path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the replay cache: %w", err)
	}
	other := s.borrow()
	defer s.giveBack(other)
	var nearest []string
	found, read := false, 0
	for _, f := range files { // sorted by name, so that a tie has one winner
		if !validKey(f.Name()) {
			continue
		}
		if read++; read > maxNear {
			break
		}
		e, _, err := s.load(other, filepath.Join(filepath.Dir(p.path), f.Name()))
		if err != nil || e.Kind != kind || e.Slot != slot || e.Key != f.Name() {
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
