package replay

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

const request1 = `{"agent":"a","sim_time":"2024-01-05T21:00:00Z","prompt":"Trade.","sample":0}`

// C3: every flipped bit and every length of a real entry is found, quarantined
// and missed.
func TestC3EveryBitAndEveryLength(t *testing.T) {
	for _, secret := range []string{"", "a secret"} {
		t.Run("secret="+secret, func(t *testing.T) {
			s := open(t, memoryDir(t), Options{Secret: []byte(secret)})
			body := make([]byte, 90) // does not compress: the frame is long too
			r := rand.New(rand.NewPCG(1, 1))
			for i := range body {
				body[i] = byte(r.Uint32())
			}
			putFile(t, s, "turn", "a 2024", []byte(request1), body)
			path := pathOf(t, s, "turn", "a 2024", request1)
			require.Equal(t, body, get(t, s, "turn", "a 2024", request1), "it is whole before")
			good, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Greater(t, len(good), 450)
			for bit := range 8 * len(good) {
				bad := bytes.Clone(good)
				bad[bit/8] ^= 1 << (bit % 8)
				if _, err := s.codec.decode(bad, nil); err == nil || errors.Is(err, errOther) {
					t.Fatalf("bit %d: %v", bit, err)
				}
				if secret != "" && bit%10 != 0 { // files take the time
					continue
				}
				missed(t, s, path, bad, "bit %d", bit)
			}
			for n := range good {
				missed(t, s, path, good[:n], "length %d", n)
			}
			missed(t, s, path, append(bytes.Clone(good), 0), "a byte more")
			missed(t, s, path, append(bytes.Clone(good), good...), "twice")
			require.NoError(t, os.WriteFile(path, good, 0o600))
			require.Equal(t, body, get(t, s, "turn", "a 2024", request1), "and after")
		})
	}
}

// missed puts bytes in an entry's place: nothing is returned and the bytes are in
// the quarantine.
func missed(t testing.TB, s *Store, path string, bad []byte, what string, arg ...any) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, bad, 0o600))
	body, err := s.Get("turn", "a 2024", []byte(request1))
	if err != nil || body != nil {
		t.Fatalf("%s: %q %v", fmt.Sprintf(what, arg...), body, err)
	}
	to := filepath.Join(s.dir, quarantine, filepath.Base(path)+".0")
	moved, err := os.ReadFile(to)
	require.NoError(t, err, what, arg)
	if !bytes.Equal(bad, moved) {
		t.Fatalf("%s: the quarantine holds other bytes", fmt.Sprintf(what, arg...))
	}
	if _, err := os.Lstat(path); err == nil {
		t.Fatalf("%s: the entry is still in its place", fmt.Sprintf(what, arg...))
	}
	require.NoError(t, os.Remove(to))
}

// memoryDir is a folder in memory where there is one: thousands of small files
// are written.
func memoryDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "replay-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestC3SampledBitsOfALargeEntry(t *testing.T) {
	s := open(t, memoryDir(t), Options{})
	big := strings.Replace(request1, "Trade.", strings.Repeat("Trade well. ", 20_000), 1)
	r := rand.New(rand.NewPCG(3, 1))
	body := make([]byte, 300_000)
	for i := range body {
		body[i] = byte(r.Uint32() % 90)
	}
	putFile(t, s, "turn", "s", []byte(big), body)
	path := pathOf(t, s, "turn", "s", big)
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	for range 300 {
		bad := bytes.Clone(good)
		if i := r.IntN(len(bad)); r.IntN(2) == 0 {
			bad[i] ^= 1 << r.IntN(8)
		} else {
			bad = bad[:i]
		}
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		require.Nil(t, get(t, s, "turn", "s", big))
		require.NoFileExists(t, path)
	}
	require.Len(t, held(t, s), 300)
}

// forge seals what it is given with a right digest: what an attacker without the
// secret can do.
func forge(s *Store, mac string, head any, frame []byte) []byte {
	line, err := json.Marshal(head)
	if err != nil {
		panic(err)
	}
	rest := append([]byte("\n"+mac+"\n"+string(line)+"\n"), frame...)
	return append([]byte(s.codec.first+s.codec.digest(rest)), rest...)
}

// C4: an entry under another key, slot or kind is nobody's answer.
func TestC4AnEntryInAnotherPlace(t *testing.T) {
	request2 := strings.Replace(request1, "Trade.", "Hold.", 1)
	for name, to := range map[string][3]string{"key": {"turn", "s", request2}, "slot": {"turn", "other", request1}, "kind": {"reply", "s", request1}, "no slot": {"turn", "", request1}} {
		s := open(t, t.TempDir(), Options{})
		putFile(t, s, "turn", "s", []byte(request1), []byte("body"))
		data, err := os.ReadFile(pathOf(t, s, "turn", "s", request1))
		require.NoError(t, err)
		path := pathOf(t, s, to[0], to[1], to[2])
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, data, 0o600))
		require.Nil(t, get(t, s, to[0], to[1], to[2]), name)
		require.Equal(t, []string{filepath.Base(path) + ".0"}, held(t, s), name)
		require.Equal(t, "body", string(get(t, s, "turn", "s", request1)), name)
	}
	// The header may lie about the key, with a right digest.
	s := open(t, t.TempDir(), Options{})
	key2 := filepath.Base(pathOf(t, s, "turn", "s", request2))
	canonical1, err := Canonical([]byte(request1))
	require.NoError(t, err)
	lie, err := s.codec.encode("turn", "s", key2, canonical1, []byte("body"))
	require.NoError(t, err)
	path := pathOf(t, s, "turn", "s", request2)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, lie, 0o600))
	require.Nil(t, get(t, s, "turn", "s", request2))
	require.NoError(t, os.WriteFile(path, lie, 0o600))
	r, err := s.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, r.Bad, 1)
	require.Equal(t, "its request is not the one of its key", r.Bad[0].Why)
}

// C8: another format is a miss, stays, and is not written over.
func TestC8AnotherFormat(t *testing.T) {
	for _, v := range []string{"0", "2", "17"} {
		s := open(t, t.TempDir(), Options{})
		path := pathOf(t, s, "turn", "s", request1)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(checkedLine(magic+v)+"whatever"), 0o600))
		require.Nil(t, get(t, s, "turn", "s", request1))
		require.ErrorContains(t, s.Put("turn", "s", []byte(request1), []byte("b")), "another format")
		r, err := s.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, Report{Other: 1}, r)
		require.FileExists(t, path)
		require.Empty(t, held(t, s))
	}
}

// C9: bombs: what a frame says of its size, and what it is.
func TestC9ZipBombs(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	zeros := make([]byte, maxRaw+1)
	copy(zeros, request1)
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	defer enc.Close()
	bomb := enc.EncodeAll(zeros, nil)
	require.Less(t, len(bomb), 50_000)
	small := enc.EncodeAll(zeros[:1000], nil)
	var stream bytes.Buffer // does not say how large it is
	w, err := zstd.NewWriter(&stream, zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	_, err = w.Write(zeros)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	sum := sha256.Sum256(nil)
	key := filepath.Base(pathOf(t, s, "turn", "a 2024", request1))
	head := func(request, body int) header {
		return header{"turn", "a 2024", key, request, body, hex.EncodeToString(sum[:])}
	}
	path := pathOf(t, s, "turn", "a 2024", request1)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	within := enc.EncodeAll(zeros[:maxRaw-2000], nil)
	for name, data := range map[string][]byte{
		"more than the cap":         forge(s, "-", head(len(zeros), 0), bomb),
		"more than the header says": forge(s, "-", head(1000, 0), bomb),
		"within the cap":            forge(s, "-", head(1000, 0), within),
		"less than the header says": forge(s, "-", head(2000, 0), small),
		"negative":                  forge(s, "-", head(2000, -1000), small),
		"overflow":                  forge(s, "-", head(math.MaxInt, math.MaxInt), small),
		"size unsaid":               forge(s, "-", head(1000, 0), stream.Bytes()),
		"two frames":                forge(s, "-", head(1000, 0), append(bytes.Clone(small), within...)),
		"small and another byte":    forge(s, "-", head(1000, 0), append(bytes.Clone(small), 1)),
		"unknown field":             forge(s, "-", map[string]any{"kind": "turn", "secret": 1}, small),
		"header without end":        forge(s, "-", header{Slot: strings.Repeat("x", maxHeader)}, small),
		"body of another digest":    forge(s, "-", head(900, 100), small),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		missed(t, s, path, data, "%s", name)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), "%s: the bomb went off", name)
	}
	// The digest of the body is looked at on its own.
	canonical, err := Canonical([]byte(request1))
	require.NoError(t, err)
	raw := append(bytes.Clone(canonical), "body"...)
	missed(t, s, path, forge(s, "-", head(len(canonical), 4), s.codec.enc.EncodeAll(raw, nil)), "another body")
	sum = sha256.Sum256([]byte("body"))
	require.NoError(t, os.WriteFile(path, forge(s, "-", head(len(canonical), 4), s.codec.enc.EncodeAll(raw, nil)), 0o600))
	require.Equal(t, "body", string(get(t, s, "turn", "a 2024", request1)), "the forger can make a whole one")
}

// C13: in a shared cache an entry without the right signature is refused.
func TestC13UnsignedEntriesAreRefused(t *testing.T) {
	dir := t.TempDir()
	poison := open(t, dir, Options{})
	putFile(t, poison, "turn", "s", []byte(request1), []byte("sell everything"))
	require.Equal(t, "sell everything", string(get(t, poison, "turn", "s", request1)))
	shared := open(t, dir, Options{Secret: []byte("right")})
	require.Nil(t, get(t, shared, "turn", "s", request1))
	require.Len(t, held(t, shared), 1)
	putFile(t, shared, "turn", "s", []byte(request1), []byte("hold"))
	require.Equal(t, "hold", string(get(t, shared, "turn", "s", request1)))
	require.Equal(t, "hold", string(get(t, poison, "turn", "s", request1)), "a signed entry is readable without the secret")

	other := open(t, dir, Options{Secret: []byte("wrong"), ReadOnly: true})
	require.Nil(t, get(t, other, "turn", "s", request1))
	// A right digest over a changed body does not help.
	path := pathOf(t, shared, "turn", "s", request1)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	mac := strings.Split(string(data), "\n")[2]
	require.Len(t, mac, 64)
	e, err := shared.codec.decode(data, nil)
	require.NoError(t, err)
	sum := sha256.Sum256([]byte("sell"))
	e.header.SHA256 = hex.EncodeToString(sum[:])
	raw := append(bytes.Clone(e.request), "sell"...)
	require.NoError(t, os.WriteFile(path, forge(shared, mac, e.header, shared.codec.enc.EncodeAll(raw, nil)), 0o600))
	require.Equal(t, "sell", string(get(t, poison, "turn", "s", request1)), "without a secret nothing tells")
	require.Nil(t, get(t, shared, "turn", "s", request1))
}

// C17: the same entry has the same bytes on every machine, after any other
// entries, and whatever the folder is called.
func TestC17TheSameBytesEverywhere(t *testing.T) {
	var first [2][]byte
	for run := range 3 {
		for i, secret := range []string{"", "a secret"} {
			s := open(t, t.TempDir(), Options{Secret: []byte(secret)})
			for n := range 40 * run { // what the compressor saw before must not matter
				putFile(t, s, "turn", "x", bigRequest(100*n, uint64(n)), []byte("y"))
			}
			request := bigRequest(30_000, 1)
			putFile(t, s, "turn", "a 2024-01-05", request, bytes.Repeat([]byte("buy 10 AAPL; "), 400))
			data, err := os.ReadFile(pathOf(t, s, "turn", "a 2024-01-05", string(request)))
			require.NoError(t, err)
			if run == 0 {
				first[i] = data
			}
			require.True(t, bytes.Equal(first[i], data))
		}
	}
	sums := ""
	for _, data := range first {
		sum := sha256.Sum256(data)
		sums += hex.EncodeToString(sum[:]) + "\n"
	}
	golden := filepath.Join("testdata", "golden.sha256")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(sums), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), sums, "the format changed: existing caches would be read, but not be written alike; raise the version")
}

// FuzzEntry decodes arbitrary bytes, as they are and with a right digest.
func FuzzEntry(f *testing.F) {
	c, err := newCodec(nil)
	require.NoError(f, err)
	good, err := c.encode("turn", "s", strings.Repeat("a", 64), []byte(request1), []byte("body"))
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[len(c.first)+65:])
	f.Add([]byte("-\n" + `{"kind":"","slot":"","key":"","request_bytes":0,"body_bytes":0,"body_sha256":""}` + "\n"))
	f.Add([]byte(checkedLine(magic + "2")))
	f.Fuzz(func(t *testing.T, data []byte) {
		rest := append([]byte("\n"), data...)
		for _, file := range [][]byte{data, append([]byte(c.first+c.digest(rest)), rest...)} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			e, err := c.decode(file, nil)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(maxRaw+(16<<20)))
			if err == nil {
				require.Len(t, e.body, e.Body)
				require.Len(t, e.request, e.Request)
			}
		}
	})
}
