package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// fields is a request as the loop makes one.
func fields() map[string]any {
	return map[string]any{
		"version": 1, "agent": "a", "prompt": "Trade.", "messages": []any{map[string]any{"role": "user", "content": "bar"}}, "model": "m", "fingerprint": "f1",
		"sampling": map[string]any{"temperature": 0, "top_p": 1}, "tools": []any{"clock_now"}, "skills": "d1", "rules": "d2", "sim_time": "2024-01-05T21:00:00Z",
		"state_digest": "d3", "data_digest": "d4", "wall": "w1", "code": "c1", "sample": 0,
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

// C2: each field changed alone is a miss, and Differs names it.
func TestC2EachFieldAlone(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	base := encode(t, fields())
	none, err := s.Differs("turn", "a 1", base)
	require.NoError(t, err)
	require.Empty(t, none, "nothing is in the slot")
	require.NoError(t, s.Put("turn", "a 1", base, []byte("body")))
	for name := range fields() {
		for _, other := range []any{"changed", nil, 1.5, true, []any{}, "delete"} {
			f := fields()
			if f[name] = other; other == "delete" {
				delete(f, name)
			}
			request := encode(t, f)
			require.Nil(t, get(t, s, "turn", "a 1", string(request)), name)
			d, err := s.Differs("turn", "a 1", request)
			require.NoError(t, err)
			require.Equal(t, name, d)
		}
	}
	f := fields()
	f["prompt"], f["state_digest"], f["new"] = "Hold.", "d9", 1
	d, err := s.Differs("turn", "a 1", encode(t, f))
	require.NoError(t, err)
	require.Equal(t, "new, prompt, state_digest", d)
	near := fields()
	near["prompt"] = "Hold."
	require.NoError(t, s.Put("turn", "a 1", encode(t, near), []byte("body")))
	d, err = s.Differs("turn", "a 1", encode(t, f))
	require.NoError(t, err)
	require.Equal(t, "new, state_digest", d, "the nearest")
	for _, c := range [][2]string{{"turn", "a 2"}, {"turn", ""}, {"reply", "a 1"}} {
		d, err = s.Differs(c[0], c[1], encode(t, f))
		require.NoError(t, err)
		require.Empty(t, d)
	}
	_, err = s.Differs("turn", "a 1", []byte(`[1]`))
	require.ErrorContains(t, err, "must be an object")
	require.Equal(t, "body", string(get(t, s, "turn", "a 1", string(base))))
}

// C14: what was answered at one simulated time is no answer at another.
func TestC14AnotherTimeMisses(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for day := 1; day <= 20; day++ {
		f := fields()
		f["sim_time"] = fmt.Sprintf("2024-01-%02dT21:00:00Z", day)
		slot := "a " + f["sim_time"].(string)
		require.Nil(t, get(t, s, "turn", slot, string(encode(t, f))))
		require.NoError(t, s.Put("turn", slot, encode(t, f), fmt.Appendf(nil, "day %d", day)))
	}
	for day := 1; day <= 20; day++ {
		f := fields()
		f["sim_time"] = fmt.Sprintf("2024-01-%02dT21:00:00Z", day)
		require.Equal(t, fmt.Sprintf("day %d", day), string(get(t, s, "turn", "a "+f["sim_time"].(string), string(encode(t, f)))))
		require.Nil(t, get(t, s, "turn", "a 2024-02-01T21:00:00Z", string(encode(t, f))), "the same request in another slot")
	}
}

// C16: entries cleared while they are read and written: whole or not at all.
func TestC16ClearWhileReading(t *testing.T) {
	h := &heard{}
	s := open(t, t.TempDir(), h.options())
	far := time.Now().Add(time.Hour)
	var workers sync.WaitGroup
	errs := make(chan error, 100)
	stop := make(chan struct{})
	var hits atomic.Int64
	for w := range 4 {
		workers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				request := fmt.Appendf(nil, `{"n":%d}`, n%7)
				want := bytes.Repeat(request, 3000)
				if w == 0 {
					if err := s.Put("turn", "s", request, want); err != nil {
						errs <- err
						return
					}
				}
				got, err := s.Get("turn", "s", request)
				if err != nil || got != nil && !bytes.Equal(got, want) {
					errs <- fmt.Errorf("%d bytes: %w", len(got), err)
					return
				}
				if got != nil {
					hits.Add(1)
				}
			}
		})
	}
	cleared := 0
	for end := time.Now().Add(time.Minute); (cleared < 100 || hits.Load() < 100) && time.Now().Before(end); {
		c, err := s.Clear("turn", far)
		require.NoError(t, err)
		cleared += c.Entries
	}
	close(stop)
	workers.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, cleared, 100)
	require.GreaterOrEqual(t, hits.Load(), int64(100))
	require.Zero(t, h.lines(), h.b.String())
}

func TestPutAndGet(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a", "b"), Options{})
	info, err := os.Stat(s.Dir())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.Nil(t, get(t, s, "turn", "", `{"a":1}`))
	require.NoError(t, s.Put("turn", "", []byte(`{"a":1}`), []byte("one")))
	require.Equal(t, "one", string(get(t, s, "turn", "", ` {"a": 1.0e0} `)), "the same request otherwise written")
	require.NoError(t, s.Put("turn", "", []byte(`{"a":1.0}`), []byte("one")))
	err = s.Put("turn", "", []byte(`{"a":1}`), []byte("two"))
	require.ErrorIs(t, err, ErrNondeterministic)
	require.Equal(t, "one", string(get(t, s, "turn", "", `{"a":1}`)))
	require.Nil(t, get(t, s, "reply", "", `{"a":1}`))
	require.Nil(t, get(t, s, "turn", "s", `{"a":1}`))

	require.NoError(t, s.Put("outside", "", []byte(`null`), nil))
	require.NotNil(t, get(t, s, "outside", "", `null`), "an empty body is a body")
	require.Empty(t, get(t, s, "outside", "", `null`))

	for _, kind := range []string{"", "Turn", "a/b", "..", "quarantine", "abcdefghijklmnopq", "a1"} {
		require.Equal(t, pitwall.InvalidInput, pitwall.CodeOf(s.Put(kind, "", []byte(`1`), nil)), kind)
	}
	for _, slot := range []string{"\xff", strings.Repeat("x", 1025)} {
		require.Error(t, s.Put("turn", slot, []byte(`1`), nil))
	}
	for _, slot := range []string{"../../x", "a\nb", `"`, "\x00", "<é>"} { // names no path
		require.NoError(t, s.Put("turn", slot, []byte(`1`), []byte(slot)))
		require.Equal(t, slot, string(get(t, s, "turn", slot, `1`)))
	}
	_, err = s.Get("turn", "", []byte(`{"a":1,"a":1}`))
	require.Error(t, err)
	require.Error(t, s.Put("turn", "", []byte(`1`), make([]byte, maxRaw)))
	require.NoError(t, s.Put("turn", "", []byte(`2`), make([]byte, maxRaw-1)))
	require.Len(t, get(t, s, "turn", "", `2`), maxRaw-1)

	_, err = Open("", Options{})
	require.Error(t, err)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Open(file, Options{})
	require.Error(t, err)
	_, err = Open(file, Options{ReadOnly: true})
	require.Error(t, err)
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	h := &heard{}
	o := h.options()
	o.ReadOnly = true
	ro := open(t, filepath.Join(dir, "none"), o)
	require.NoDirExists(t, ro.Dir())
	require.Nil(t, get(t, ro, "turn", "", `1`))
	require.NoError(t, ro.Put("turn", "", []byte(`1`), []byte("b")))
	require.NoDirExists(t, ro.Dir())

	s := open(t, dir, Options{})
	putFile(t, s, "turn", "", []byte(`1`), []byte("b"))
	ro = open(t, dir, o)
	require.Equal(t, "b", string(get(t, ro, "turn", "", `1`)))
	require.ErrorIs(t, ro.Put("turn", "", []byte(`1`), []byte("c")), ErrNondeterministic)
	path := pathOf(t, s, "turn", "", `1`)
	require.NoError(t, os.WriteFile(path, []byte("bad"), 0o600))
	for range 3 {
		require.Nil(t, get(t, ro, "turn", "", `1`))
	}
	require.Equal(t, 1, h.lines(), "said once")
	r, err := ro.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []Bad{{path, "it does not begin as an entry does", false}}, r.Bad)
	require.FileExists(t, path)
	_, err = ro.Clear("", time.Now())
	require.Error(t, err)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "no quarantine")
}

// Another writer between looking and writing wins.
func TestLostRace(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir, Options{}), open(t, dir, Options{})
	for body, want := range map[string]error{"theirs": nil, "mine": ErrNondeterministic} {
		request := fmt.Appendf(nil, `{"a":%q}`, body)
		require.Nil(t, get(t, s, "turn", "s", string(request)))
		require.NoError(t, other.Put("turn", "s", request, []byte("theirs")))
		require.ErrorIs(t, s.Put("turn", "s", request, []byte(body)), want)
		require.Equal(t, "theirs", string(get(t, s, "turn", "s", string(request))))
	}
}

// A person may remove the folder under a run: it goes on with a new log.
func TestFolderGoneMeanwhile(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for range 3 {
		require.NoError(t, s.Put("turn", "s", []byte(request1), []byte("body")))
		require.Equal(t, "body", string(get(t, s, "turn", "s", request1)))
		require.NoError(t, os.RemoveAll(filepath.Join(s.dir, logs)))
	}
	require.NoError(t, s.Put("turn", "s", []byte(request1), []byte("body")))
	require.NoError(t, s.Close())
	require.Equal(t, "body", string(get(t, open(t, s.dir, Options{}), "turn", "s", request1)))
}

// The files of older versions are listed, checked and cleared as ever.
func TestListVerifyClear(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	now := time.Now()
	for n := range 10 {
		for _, kind := range []string{"turn", "reply"} {
			request := fmt.Appendf(nil, `{"n":%d}`, n)
			putFile(t, s, kind, []string{"", "s"}[n%2], request, []byte("body"))
			require.NoError(t, os.Chtimes(pathOf(t, s, kind, []string{"", "s"}[n%2], string(request)), time.Time{}, now.Add(-time.Duration(n)*time.Hour)))
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "turn", groupOf("s", ""), "notes.txt"), nil, 0o600))
	var all []Info
	for i, err := range s.List(t.Context()) {
		require.NoError(t, err)
		all = append(all, i)
	}
	require.Len(t, all, 20)
	require.Equal(t, "reply", all[0].Kind)
	require.Positive(t, all[0].Bytes)

	require.NoError(t, os.Truncate(all[3].Path, 20))
	calls := 0
	r, err := s.Verify(t.Context(), func(done int) { calls = done })
	require.NoError(t, err)
	require.Equal(t, 20, calls)
	require.Equal(t, 19, r.Whole)
	require.Len(t, r.Bad, 1)
	require.True(t, r.Bad[0].Moved)
	require.Equal(t, 1, r.Strange)
	n, _, err := s.Held()
	require.NoError(t, err)
	require.Equal(t, 1, n)

	c, err := s.Clear("", time.Time{})
	require.NoError(t, err)
	require.Zero(t, c, "the zero time clears nothing")
	c, err = s.Clear("turn", now.Add(-4*time.Hour-time.Minute))
	require.NoError(t, err)
	require.Equal(t, 5, c.Entries)
	require.Positive(t, c.Bytes)
	c, err = s.Clear("", now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 14, c.Entries)
	require.FileExists(t, filepath.Join(s.dir, "turn", groupOf("s", ""), "notes.txt"))
	n, _, err = s.Held()
	require.NoError(t, err)
	require.Equal(t, 1, n, "the quarantine is cleared by name only")
	c, err = s.Clear(quarantine, now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, c.Entries)
	_, err = s.Clear("../x", now)
	require.Error(t, err)
	left, err := filepath.Glob(filepath.Join(s.dir, "*", "*", "*"))
	require.NoError(t, err)
	require.Len(t, left, 1)
}
