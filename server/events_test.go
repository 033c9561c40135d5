package server_test

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/server"
	"pitwall/tools"
)

// The tool of events is listed in worlds that have some; elsewhere the list is what it
// was, and with it every recorded answer.
func TestEventsListed(t *testing.T) {
	for _, has := range []bool{true, false} {
		cs, done, err := server.ServeInProcess(t.Context(), "v", &pitwall.World{Events: has}, nil, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		list, err := cs.ListTools(t.Context(), nil)
		require.NoError(t, err)
		var names []string
		for _, x := range list.Tools {
			names = append(names, x.Name)
		}
		require.Equal(t, has, slices.Contains(names, tools.EventsTool))
		require.Contains(t, names, "filings_search")
		require.NoError(t, done())
	}
}
