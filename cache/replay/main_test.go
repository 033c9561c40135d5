package replay

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// Each test whose name has C and a number is that item of the reliability
// report's section 6. C10, C11, C12, C15 and C18 belong to who uses the store.

func TestMain(m *testing.M) {
	if role := os.Getenv("REPLAY_TEST_HELPER"); role != "" {
		if err := helpers[role](); err != nil {
			fmt.Println("helper:", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	if err := flag.Set("rapid.checks", "10000"); err != nil { // the command line may raise it
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// heard keeps what a store logged.
type heard struct {
	mu sync.Mutex
	b  strings.Builder
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(p)
}

func (h *heard) lines() int { return strings.Count(h.b.String(), "\n") }

func (h *heard) options() Options { return Options{Log: slog.New(slog.NewTextHandler(h, nil))} }

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// putFile keeps an entry as older versions did: a file of its own.
func putFile(t testing.TB, s *Store, kind, slot string, request, body []byte) {
	t.Helper()
	p, err := s.place(new(scratch), kind, slot, request)
	require.NoError(t, err)
	data, err := s.codec.encode(kind, slot, p.key, p.request, body)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(p.path), 0o700))
	require.NoError(t, os.WriteFile(p.path, data, 0o600))
}

// pathOf is where a request's entry of an older version lies.
func pathOf(t testing.TB, s *Store, kind, slot, request string) string {
	t.Helper()
	p, err := s.place(new(scratch), kind, slot, []byte(request))
	require.NoError(t, err)
	return p.path
}

func get(t testing.TB, s *Store, kind, slot, request string) []byte {
	t.Helper()
	body, err := s.Get(kind, slot, []byte(request))
	require.NoError(t, err)
	return body
}

// held are the names in the quarantine.
func held(t testing.TB, s *Store) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(s.dir, quarantine, "*"))
	require.NoError(t, err)
	for i, name := range list {
		list[i] = filepath.Base(name)
	}
	return list
}
