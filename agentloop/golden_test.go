package agentloop_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Recorded answers of earlier versions are found, and records compare with theirs:
// keys, entries and records of an agent without roles are the bytes that they were.
// A change of any must raise recordVersion.
func TestRecordsAreTheBytesThatTheyWere(t *testing.T) {
	cache := &memory{m: map[string]string{}}
	_, k, err := (&desk{days: 2}).run(t, &trader{}, cache, nil)
	require.NoError(t, err)
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(cache.m)) {
		fmt.Fprintln(h, key, cache.m[key])
	}
	fmt.Fprintln(h, k.bytes)
	require.Equal(t, "c1281a73bd490817af2dee7b6f6ae77e34f4062f55d8f9a22172de7ecc089929", hex.EncodeToString(h.Sum(nil)))
}
