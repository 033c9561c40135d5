package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// bigRequest looks like a turn's: prompts, messages with JSON in strings, tools.
// It is about n bytes and not canonical.
func bigRequest(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	type message struct {
		Role    string         `json:"role"`
		Content string         `json:"content"`
		Args    map[string]any `json:"args,omitempty"`
	}
	q := struct {
		Version  int       `json:"version"`
		Model    string    `json:"model"`
		SimTime  string    `json:"sim_time"`
		Prompt   string    `json:"prompt"`
		Messages []message `json:"messages"`
	}{1, "m", "2024-01-05T21:00:00Z", "You trade bar by bar.\nSay what you do – and why.", nil}
	for size := 0; size < n; {
		inner, _ := json.Marshal(map[string]any{"symbol": fmt.Sprintf("S%d", r.IntN(50)), "close": r.Float64() * 100, "volume": r.IntN(1e7), "note": "a word or two about it, as tools say"})
		m := message{"tool", string(inner) + "\n" + string(inner), map[string]any{"qty": r.IntN(100), "limit": r.Float64()}}
		q.Messages = append(q.Messages, m)
		size += 2*len(inner) + 110
	}
	out, _ := json.Marshal(q)
	return out
}

func BenchmarkCanonical(b *testing.B) {
	for _, n := range []int{1 << 10, 30 << 10, 1 << 20} {
		request := bigRequest(n, 1)
		b.Run(fmt.Sprintf("%dKB", n>>10), func(b *testing.B) {
			b.SetBytes(int64(len(request)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := Canonical(request)
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, n := range []int{8 << 10, 30 << 10, 1 << 20} {
		for _, secret := range []string{"", "secret"} {
			b.Run(fmt.Sprintf("%dKB/hmac=%v", n>>10, secret != ""), func(b *testing.B) {
				s, err := Open(b.TempDir(), Options{Secret: []byte(secret)})
				require.NoError(b, err)
				request, body := bigRequest(n, 1), bytes.Repeat([]byte("a body. "), 256)
				require.NoError(b, s.Put("turn", "slot", request, body))
				b.SetBytes(int64(len(request)))
				b.ReportAllocs()
				for b.Loop() {
					got, err := s.Get("turn", "slot", request)
					require.NoError(b, err)
					require.Len(b, got, len(body))
				}
			})
		}
	}
}

func BenchmarkMiss(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	require.NoError(b, err)
	request := bigRequest(8<<10, 1)
	b.ReportAllocs()
	for b.Loop() {
		got, err := s.Get("turn", "slot", request)
		require.NoError(b, err)
		require.Nil(b, got)
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	require.NoError(b, err)
	body := bytes.Repeat([]byte("a body. "), 256)
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		require.NoError(b, s.Put("turn", "slot", bigRequest(8<<10, n), body))
	}
}
