//go:build unix

package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// steps are the points of a write where a helper can be stopped.
var steps = []string{"begin", "append", "index", "name"}

// helpers are what this test program does when it is started again.
var helpers = map[string]func() error{
	"die": func() error { // at one step of a write
		s, err := Open(os.Getenv("REPLAY_DIR"), Options{})
		if err != nil {
			return err
		}
		s.step = func(name string) error {
			if name == os.Getenv("REPLAY_ARG") {
				return syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return nil
		}
		return errors.Join(s.Put("turn", "s", []byte(request1), []byte("body")), s.Close())
	},
	"write": func() error { // until killed
		s, err := Open(os.Getenv("REPLAY_DIR"), Options{})
		for n := uint64(0); err == nil; n++ {
			err = s.Put("turn", "s", bigRequest(200_000, uint64(os.Getpid())<<20+n), []byte("body"))
		}
		return err
	},
	"race": race,
	"full": func() error { // no file may grow over 50 KB
		signal.Ignore(syscall.SIGXFSZ)
		s, err := Open(os.Getenv("REPLAY_DIR"), Options{})
		if err != nil {
			return err
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 50_000, Max: 50_000}); err != nil {
			return err
		}
		fmt.Println(s.Put("turn", "s", []byte(request1), noise(100_000)))
		fmt.Println(s.Put("turn", "s", []byte(request1), []byte("short")))
		return nil
	},
	"barred": func() error { // by the folder's mode, which does not bind root
		s, err := Open(os.Getenv("REPLAY_DIR"), Options{})
		if err != nil {
			return err
		}
		if os.Getuid() == 0 {
			if err := syscall.Setuid(65534); err != nil {
				return err
			}
		}
		body, err := s.Get("turn", "s", []byte(request1))
		fmt.Println(string(body), err)
		fmt.Println(s.Put("turn", "s", []byte(`{"another":1}`), []byte("b")))
		fmt.Println(s.Put("turn", "other", []byte(request1), []byte("b")))
		return nil
	},
}

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(9, 9))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func helper(t testing.TB, role, dir, arg string) *exec.Cmd {
	exe, err := os.Executable()
	require.NoError(t, err)
	c := exec.Command(exe)
	c.Env = append(os.Environ(), "REPLAY_TEST_HELPER="+role, "REPLAY_DIR="+dir, "REPLAY_ARG="+arg, "GOMAXPROCS=1")
	c.Stderr = os.Stderr
	return c
}

// C5: a writer that is killed at any step leaves the entry whole or absent, and
// what it leaves hinders nobody.
func TestC5KilledAtEveryStep(t *testing.T) {
	for _, step := range steps {
		dir := t.TempDir()
		err := helper(t, "die", dir, step).Run()
		require.ErrorContains(t, err, "signal: killed", step)
		whole := step == "index" || step == "name"
		ro := open(t, dir, Options{ReadOnly: true})
		require.Equal(t, whole, get(t, ro, "turn", "s", request1) != nil, step)
		s := open(t, dir, Options{})
		require.Equal(t, whole, get(t, s, "turn", "s", request1) != nil, step)
		require.NoError(t, s.Put("turn", "s", []byte(request1), []byte("body")), step)
		require.Equal(t, "body", string(get(t, s, "turn", "s", request1)), step)
		require.NoError(t, s.Close())
		r, err := open(t, dir, Options{}).Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, Report{Whole: 1, Bytes: r.Bytes}, r, step)
		require.Len(t, inLogs(t, s), 1, step)
	}
}

// inLogs are the names of logs and segments, and of whatever else lies there.
func inLogs(t testing.TB, s *Store) (names []string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(s.dir, logs))
	require.NoError(t, err)
	for _, f := range files {
		if f.Name() != lockFile {
			names = append(names, f.Name())
		}
	}
	return names
}

// C5 at no step in particular.
func TestC5KilledAtAnyTime(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(5, 5))
	bytesOf := func() (n int64) {
		require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				if info, err := d.Info(); err == nil {
					n += info.Size()
				}
			}
			return nil // what is being renamed may be gone
		}))
		return n
	}
	for range often(4, 12) {
		before := bytesOf()
		c := helper(t, "write", dir, "")
		require.NoError(t, c.Start())
		require.Eventually(t, func() bool { return bytesOf() > before+10_000 }, time.Minute, time.Millisecond, "it has begun to write")
		time.Sleep(time.Duration(r.IntN(60_000)) * time.Microsecond)
		require.NoError(t, c.Process.Kill())
		require.ErrorContains(t, c.Wait(), "killed")
	}
	report, err := open(t, dir, Options{}).Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Bad)
	require.Positive(t, report.Whole)
}

// race puts a body of its own and then reads, all writers at once.
func race() error {
	s, err := Open(os.Getenv("REPLAY_DIR"), Options{})
	if err != nil {
		return err
	}
	mine := bytes.Repeat([]byte(os.Getenv("REPLAY_ARG")+";"), 30_000)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil { // until the others are there
		return err
	}
	put := s.Put("turn", "s", []byte(request1), mine)
	if put != nil && !errors.Is(put, ErrNondeterministic) {
		return put
	}
	for range 50 {
		body, err := s.Get("turn", "s", []byte(request1))
		if err != nil {
			return err
		}
		who, _, _ := bytes.Cut(body, []byte(";"))
		if !bytes.Equal(body, bytes.Repeat(append(who, ';'), 30_000)) {
			return fmt.Errorf("a torn read of %d bytes", len(body))
		}
		if put == nil && !bytes.Equal(body, mine) {
			return fmt.Errorf("%s won and reads what %s wrote", os.Getenv("REPLAY_ARG"), who)
		}
	}
	if put == nil {
		fmt.Print("won")
	}
	return nil
}

// often returns few, or all with PITWALL_LONG=1, as .ci/run does.
func often(few, all int) int {
	if os.Getenv("PITWALL_LONG") != "" {
		return all
	}
	return few
}

// C6: of 32 processes with one key one wins, and nobody reads a torn entry.
func TestC6ThirtyTwoWriters(t *testing.T) {
	for range often(1, 3) {
		dir := t.TempDir()
		var all []*exec.Cmd
		var gates []io.Closer
		var outs []*bytes.Buffer
		for n := range 32 {
			c := helper(t, "race", dir, fmt.Sprint("w", n))
			gate, err := c.StdinPipe()
			require.NoError(t, err)
			out := new(bytes.Buffer)
			c.Stdout = out
			require.NoError(t, c.Start())
			all, gates, outs = append(all, c), append(gates, gate), append(outs, out)
		}
		time.Sleep(300 * time.Millisecond)
		for _, g := range gates {
			require.NoError(t, g.Close())
		}
		won := 0
		for n, c := range all {
			require.NoError(t, c.Wait(), "%s", outs[n])
			won += strings.Count(outs[n].String(), "won")
		}
		require.Equal(t, 1, won)
		s := open(t, dir, Options{})
		r, err := s.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, Report{Whole: 1, Bytes: r.Bytes}, r)
		require.Len(t, inLogs(t, s), 1, "no other log is left")
	}
}

// C7: a full disk and a folder that may not be written: Put says so, leaves no
// half entry, and the store goes on.
func TestC7FullDisk(t *testing.T) {
	dir := t.TempDir()
	out, err := helper(t, "full", dir, "").Output()
	require.NoError(t, err, "%s", out)
	lines := strings.Split(string(out), "\n")
	require.Contains(t, lines[0], "file too large")
	require.Equal(t, "<nil>", lines[1])
	s := open(t, dir, Options{})
	require.Equal(t, "short", string(get(t, s, "turn", "s", request1)))
	require.Len(t, inLogs(t, s), 1)
}

func TestC7ErrorsOfTheDiskAtEveryStep(t *testing.T) {
	for _, errno := range []error{syscall.ENOSPC, syscall.EIO} {
		for _, step := range steps {
			s := open(t, t.TempDir(), Options{})
			s.step = func(name string) error {
				if name == step {
					return errno
				}
				return nil
			}
			err := errors.Join(s.Put("turn", "s", []byte(request1), []byte("body")), s.Close())
			require.ErrorIs(t, err, errno, step)
			s.step = func(string) error { return nil }
			require.NoError(t, s.Put("turn", "s", []byte(request1), []byte("body")), step)
		}
	}
}

func TestC7FolderThatMayNotBeWritten(t *testing.T) {
	dir, err := os.MkdirTemp("", "replay-")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	s := open(t, dir, Options{})
	require.NoError(t, s.Put("turn", "s", []byte(request1), []byte("body")))
	require.NoError(t, s.Close())
	folders := []string{filepath.Join(dir, logs), dir}
	for _, name := range append(inLogs(t, s), lockFile) {
		require.NoError(t, os.Chmod(filepath.Join(dir, logs, name), 0o444))
	}
	for _, d := range folders {
		require.NoError(t, os.Chmod(d, 0o555))
	}
	out, err := helper(t, "barred", dir, "").Output()
	for _, d := range folders {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	require.NoError(t, err, "%s", out)
	lines := strings.Split(string(out), "\n")
	require.Equal(t, "body <nil>", lines[0])
	require.Contains(t, lines[1], "permission denied")
	require.Contains(t, lines[2], "permission denied")
}

// C9: what is no regular file is refused without waiting for it.
func TestC9NotARegularFile(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	for name, plant := range map[string]func(path string, good []byte) error{
		"link to a good entry": func(path string, good []byte) error {
			return errors.Join(os.WriteFile(outside, good, 0o600), os.Symlink(outside, path))
		},
		"link to nothing":  func(path string, _ []byte) error { return os.Symlink("/nowhere", path) },
		"link to a device": func(path string, _ []byte) error { return os.Symlink("/dev/zero", path) },
		"pipe":             func(path string, _ []byte) error { return syscall.Mkfifo(path, 0o600) },
		"folder":           func(path string, _ []byte) error { return os.Mkdir(path, 0o700) },
		"folder with a file": func(path string, good []byte) error {
			return errors.Join(os.Mkdir(path, 0o700), os.WriteFile(path+"/x", good, 0o600))
		},
		"huge": func(path string, _ []byte) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40))
		},
	} {
		h := &heard{}
		s := open(t, t.TempDir(), h.options())
		putFile(t, s, "turn", "s", []byte(request1), []byte("body"))
		path := pathOf(t, s, "turn", "s", request1)
		good, err := os.ReadFile(path)
		require.NoError(t, err)
		for round := range 2 {
			_ = os.Remove(path)
			require.NoError(t, plant(path, good), name)
			began := time.Now()
			if round == 0 {
				require.Nil(t, get(t, s, "turn", "s", request1), name)
			} else {
				r, err := s.Verify(t.Context(), nil)
				require.NoError(t, err, name)
				require.Len(t, r.Bad, 1, name)
				require.True(t, r.Bad[0].Moved, name)
			}
			require.Less(t, time.Since(began), time.Minute, name)
			_, err := os.Lstat(path)
			require.ErrorIs(t, err, os.ErrNotExist, name)
			require.Len(t, held(t, s), round+1, name)
			require.Equal(t, round+1, h.lines(), name)
			require.NoError(t, os.RemoveAll(outside))
		}
	}
}

// C9: a folder that is a link leads nowhere.
func TestC9LinkedFolders(t *testing.T) {
	for _, level := range []string{"turn", "turn/" + groupOf("s", ""), logs} {
		s := open(t, t.TempDir(), Options{})
		elsewhere := t.TempDir()
		link := filepath.Join(s.dir, level)
		require.NoError(t, os.MkdirAll(filepath.Dir(link), 0o700))
		require.NoError(t, os.Symlink(elsewhere, link))
		if level == logs {
			require.ErrorContains(t, s.Put("turn", "s", []byte(request1), []byte("body")), "is not a folder")
			_, err := s.Verify(t.Context(), nil)
			require.ErrorContains(t, err, "is not a folder")
		} else {
			require.NoError(t, s.Put("turn", "s", []byte(request1), []byte("body")))
			r, err := s.Verify(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, Report{Whole: 1, Bytes: r.Bytes}, r)
		}
		list, err := os.ReadDir(elsewhere)
		require.NoError(t, err)
		require.Empty(t, list)
	}
}
