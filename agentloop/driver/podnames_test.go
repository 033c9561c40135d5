package driver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A level within a pod and a pod of the fund may not be called the same once names are joined.
func TestPodsOfOneName(t *testing.T) {
	within := Pod{Name: "a", own: &Strategy{Pods: []Pod{{Name: "a-b"}}}}
	require.Equal(t, "a-b", namesake([]Pod{within, {Name: "a-b"}}, map[string]bool{}))
	require.Empty(t, namesake([]Pod{within, {Name: "b"}}, map[string]bool{}))
}
