package halt_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/halt"
)

var at = time.Date(2024, 3, 4, 15, 0, 0, 0, time.UTC)

func raise(level halt.Level, reason string) halt.Raise {
	return halt.Raise{Level: level, Reason: reason, By: "test", At: at}
}

func newLatch(t *testing.T) *halt.Latch {
	l := halt.New(filepath.Join(t.TempDir(), "halt"))
	require.NoError(t, l.Prepare())
	return l
}

func TestLatch(t *testing.T) {
	l := newLatch(t)
	require.Equal(t, halt.Off, l.State().Level)
	require.Nil(t, l.State().Err())
	require.NoError(t, l.Raise(raise(halt.Flatten, "one")))
	require.NoError(t, l.Raise(raise(halt.ReduceOnly, "two"))) // never lowers
	s := halt.New(l.Dir()).State()
	require.Equal(t, halt.Flatten, s.Level)
	require.Len(t, s.Raises, 2)
	require.Equal(t, "flatten since 2024-03-04T15:00:00Z by test: one; reduce_only since 2024-03-04T15:00:00Z by test: two", s.String())
	require.Equal(t, pitwall.Halted, s.Err().Code)
	require.NoError(t, l.Raise(raise(halt.Halt, "three")))
	require.NoError(t, l.Lower(s))
	require.Equal(t, halt.Halt, l.State().Level, "a raise that the person has not seen stays")
	require.NoError(t, l.Lower(l.State()))
	require.Equal(t, halt.Off, l.State().Level)
	for _, r := range []halt.Raise{raise(halt.Off, "x"), raise(halt.Flatten+1, "x"), raise(halt.Halt, "")} {
		require.Error(t, l.Raise(r))
	}
}

// What cannot be read or understood halts.
func TestLatchFailsClosed(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"missing":      func(t *testing.T, dir string) { require.NoError(t, os.Remove(dir)) },
		"a file":       func(t *testing.T, dir string) { require.NoError(t, os.Remove(dir)); write(t, dir, "off") },
		"another file": func(t *testing.T, dir string) { write(t, filepath.Join(dir, "off"), "") },
		"a later version": func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "20240304T150000.000000000Z.0.stop"), "{}")
		},
		"level off": func(t *testing.T, dir string) { write(t, filepath.Join(dir, "20240304T150000.000000000Z.0.off"), "{}") },
		"no time":   func(t *testing.T, dir string) { write(t, filepath.Join(dir, "Z.0.reduce_only"), "{}") },
		"a folder":  func(t *testing.T, dir string) { require.NoError(t, os.Mkdir(filepath.Join(dir, "x"), 0o755)) },
	} {
		l := newLatch(t)
		spoil(t, l.Dir())
		require.Equal(t, halt.Halt, l.State().Level, name)
		require.NotEmpty(t, l.State().Err().Message, name)
	}
	l := newLatch(t)
	write(t, filepath.Join(l.Dir(), "20240304T150000.000000000Z.0.flatten"), `{"by":"te`)
	require.Equal(t, "flatten since 2024-03-04T15:00:00Z by unknown: the reason cannot be read", l.State().String(), "half a file halts as a whole one")
}

func write(t *testing.T, name, text string) {
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

func TestRaisesAtOnceKeepTheHighest(t *testing.T) {
	l := newLatch(t)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			level := halt.ReduceOnly
			if i == 40 {
				level = halt.Flatten
			}
			if err := l.Raise(raise(level, strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, halt.Flatten, l.State().Level)
	require.Len(t, l.State().Raises, 64)
}

// counter is a broker that only counts what it is sent.
type counter struct {
	pitwall.Broker
	sent atomic.Int64
}

func (c *counter) Submit(_ context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	c.sent.Add(1)
	return pitwall.OrderState{Order: o, Status: pitwall.Working}, nil
}

func (c *counter) Orders(context.Context, pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	return nil, pitwall.Errorf(pitwall.UnknownOrder, "none")
}

// after sends from several goroutines, raises at a random instant and returns how many
// orders were sent after the raise had returned.
func after(t *testing.T, gate func(pitwall.Broker, *halt.Latch) pitwall.Broker) int64 {
	l, c := newLatch(t), &counter{}
	b := gate(c, l)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var tries atomic.Int64
	for g := range 2 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				tries.Add(1)
				if s, err := b.Submit(context.Background(), pitwall.Order{ID: fmt.Sprint(g, ".", i)}); err != nil || s.Status == pitwall.Denied && s.Error.Code != pitwall.Halted {
					t.Error(s, err)
				}
			}
		})
	}
	time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	require.NoError(t, l.Raise(raise(halt.Halt, "test")))
	at, enough := c.sent.Load(), tries.Load()+300
	for tries.Load() < enough {
		time.Sleep(50 * time.Microsecond)
	}
	close(stop)
	wg.Wait()
	return c.sent.Load() - at
}

// TestAtMostOneSendAfterARaise raises at random instants: 60 of them, or as many as
// PITWALL_KILLS says (the campaign's are 10,000).
func TestAtMostOneSendAfterARaise(t *testing.T) {
	n, late := 60, 0
	if raises, err := strconv.Atoi(os.Getenv("PITWALL_KILLS")); err == nil {
		n = raises
	}
	for range n {
		got := after(t, func(b pitwall.Broker, l *halt.Latch) pitwall.Broker { return halt.NewGate(b, l) })
		require.LessOrEqual(t, got, int64(1))
		late += int(got)
	}
	t.Logf("%d raises, %d orders were under way", n, late)
}

// forgetful reads the latch once: the fault that the test above must be able to see.
type forgetful struct {
	pitwall.Broker
	state func() halt.State
}

func (f *forgetful) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	if f.state().Level != halt.Off {
		return pitwall.OrderState{Order: o, Status: pitwall.Denied, Error: pitwall.Errorf(pitwall.Halted, "halted")}, nil
	}
	return f.Broker.Submit(ctx, o)
}

func TestAForgetfulGateIsSeen(t *testing.T) {
	var most int64
	for range 3 {
		most = max(most, after(t, func(b pitwall.Broker, l *halt.Latch) pitwall.Broker { return &forgetful{b, sync.OnceValue(l.State)} }))
	}
	require.Greater(t, most, int64(1))
}

// TestMain lets a test start this program again to raise and die, or to watch.
func TestMain(m *testing.M) {
	if dir := os.Getenv("HALT_WATCH"); dir != "" {
		watch(dir)
		os.Exit(0)
	}
	if dir := os.Getenv("HALT_DIR"); dir != "" {
		if err := halt.New(dir).Raise(raise(halt.Cancel, "from a process that dies")); err != nil {
			os.Exit(3)
		}
		if p, err := os.FindProcess(os.Getpid()); err == nil && p.Kill() == nil {
			select {}
		}
		os.Exit(4)
	}
	os.Exit(m.Run())
}

// A raise is seen by another process and outlives the one that made it, killed the
// moment after.
func TestRaiseSurvivesKill9(t *testing.T) {
	l := newLatch(t)
	for i := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "HALT_DIR="+l.Dir())
		require.ErrorContains(t, cmd.Run(), "killed")
		require.Equal(t, halt.Cancel, l.State().Level)
		require.Len(t, l.State().Raises, i+1)
	}
}

func BenchmarkState(b *testing.B) {
	l := halt.New(b.TempDir())
	for b.Loop() {
		if l.State().Level != halt.Off {
			b.Fatal("halted")
		}
	}
}
