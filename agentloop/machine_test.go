package agentloop_test

import (
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
)

// faultyCache fails to read or to write.
type faultyCache struct {
	memory
	get, put error
}

func (c *faultyCache) Get(kind, slot string, request []byte) ([]byte, error) {
	if c.get != nil {
		return nil, c.get
	}
	return c.memory.Get(kind, slot, request)
}

func (c *faultyCache) Put(kind, slot string, request, body []byte) error {
	if c.put != nil {
		return c.put
	}
	return c.memory.Put(kind, slot, request, body)
}

// What the server's machine could not do is no answer to an order: neither a model nor
// the record gets to see it, and a replay does not compare it.
func TestMachineFaultsStopARun(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	_, _, err := (&desk{days: 3}).run(t, &trader{}, cache, nil)
	require.NoError(t, err)
	recorded := len(cache.m)
	for _, code := range []pitwall.Code{pitwall.MachineFailed, pitwall.JournalFailed} {
		d := &desk{days: 3, orderError: "error " + string(code) + ": the disk is full; free it", orderFault: code}
		out, k, err := d.run(t, &trader{fail: func(int) error { panic("asked") }}, cache, nil)
		require.Equal(t, code, pitwall.CodeOf(err), "replayed")
		require.ErrorContains(t, err, "turn 1 at 2024-01-02T16:00:00Z: repeating orders_submit: "+string(code)+": orders_submit: the disk is full; free it")
		require.Zero(t, out.Warnings["replay_diverged"])
		require.Empty(t, k.turns)

		fresh, asked := &memory{m: map[string]string{}}, &trader{}
		_, k, err = d.run(t, asked, fresh, nil)
		require.Equal(t, code, pitwall.CodeOf(err), "asked anew")
		require.ErrorContains(t, err, "the disk is full")
		require.Equal(t, 2, asked.asked, "the model does not go on from it")
		require.Empty(t, k.turns)
		for key, body := range fresh.m {
			require.True(t, strings.HasPrefix(key, "reply"), key)
			require.NotContains(t, body, "disk is full")
		}
	}
	for _, text := range []string{"error TIMEOUT: too slow", "error INTERNAL: no idea", "error SQL_EXHAUSTED: too much"} {
		out, _, err := (&desk{days: 3, orderError: text}).run(t, &trader{}, cache, nil)
		require.Equal(t, pitwall.MachineFailed, pitwall.CodeOf(err), text)
		require.ErrorContains(t, err, "repeating orders_submit had no answer: "+text)
		require.Zero(t, out.Warnings["replay_diverged"], text)
	}
	require.Len(t, cache.m, recorded, "nothing of it is recorded")
}

// A cache that this machine cannot read is not an empty one: to ask the model again
// would cost money and may give another answer. One that cannot be written costs a
// warning, since what was answered is in the run's folder.
func TestMachineFaultsOfTheCache(t *testing.T) {
	never := &trader{fail: func(int) error { panic("asked") }}
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		_, _, err := (&desk{days: 1}).run(t, never, &faultyCache{get: fmt.Errorf("reading: %w", &fs.PathError{Op: "open", Path: "x", Err: errno})}, nil)
		require.Equal(t, pitwall.MachineFailed, pitwall.CodeOf(err), errno)
		require.ErrorContains(t, err, "the replay cache could not be read: this machine: "+errno.Error())
	}
	denied := &faultyCache{get: &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}}
	_, _, err := (&desk{days: 1}).run(t, never, denied, func(c *agentloop.Config) { c.Strict = true })
	require.ErrorIs(t, err, fs.ErrPermission)
	require.NotEqual(t, pitwall.NotRecorded, pitwall.CodeOf(err), "it may be recorded")
	out, _, err := (&desk{days: 1}).run(t, &trader{}, &faultyCache{memory: memory{m: map[string]string{}}, put: syscall.ENOSPC}, nil)
	require.NoError(t, err)
	require.True(t, out.Ended)
	require.Contains(t, out.First, "cache_failed: no space left on device")
}
