package halt_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/brokers/halt"
)

// watch reads a latch every millisecond, as often as a process that sends could, and prints
// when it first saw each change, until its input ends.
func watch(dir string) {
	over := make(chan struct{})
	go func() { _, _ = bufio.NewReader(os.Stdin).ReadByte(); close(over) }()
	l, seen := halt.New(dir), false
	fmt.Println("ready")
	for {
		select {
		case <-over:
			return
		case <-time.After(time.Millisecond):
		}
		now := l.State().Level != halt.Off
		if now != seen {
			fmt.Println(time.Now().UnixNano())
		}
		seen = now
	}
}

// A raise is seen by every process on the machine within 50 ms: 4 of them, 20 raises, or as
// many as PITWALL_KILLS says. Half of the raises must be, since a busy machine may let a
// process wait; -v prints how long the last one of them took, from the call of Raise and
// from its return.
func TestRaiseIsSeenByEveryProcess(t *testing.T) {
	l, n := newLatch(t), 20
	if raises, err := strconv.Atoi(os.Getenv("PITWALL_KILLS")); err == nil {
		n = raises
	}
	var all []*bufio.Scanner
	for range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "HALT_WATCH="+l.Dir())
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = in.Close(); require.NoError(t, cmd.Wait()) })
		lines := bufio.NewScanner(out)
		require.True(t, lines.Scan())
		all = append(all, lines)
	}
	var fromCall, fromReturn []time.Duration
	for range n {
		called := time.Now()
		require.NoError(t, l.Raise(raise(halt.Halt, "seen?")))
		returned, last := time.Now(), time.Time{}
		for _, lines := range all {
			require.True(t, lines.Scan())
			at, err := strconv.ParseInt(strings.TrimSpace(lines.Text()), 10, 64)
			require.NoError(t, err)
			if seen := time.Unix(0, at); seen.After(last) {
				last = seen
			}
		}
		fromCall, fromReturn = append(fromCall, last.Sub(called)), append(fromReturn, max(0, last.Sub(returned)))
		require.NoError(t, l.Lower(l.State()))
		for _, lines := range all {
			require.True(t, lines.Scan())
		}
	}
	slices.Sort(fromCall)
	slices.Sort(fromReturn)
	within, _ := slices.BinarySearch(fromReturn, 50*time.Millisecond+1)
	t.Logf("%d raises, the last of 4 processes: p50 %v, p99 %v, at most %v after the call; p50 %v, p99 %v, at most %v after its return; %d within 50 ms", n,
		fromCall[n/2], fromCall[n*99/100], fromCall[n-1], fromReturn[n/2], fromReturn[n*99/100], fromReturn[n-1], within)
	require.LessOrEqual(t, fromReturn[n/2], 50*time.Millisecond)
}
