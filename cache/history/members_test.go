package history

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Members are known when the file says, or when their first day begins; a later row says
// how long.
func TestMembers(t *testing.T) {
	read := func(rows string) ([]pitwall.Membership, error) {
		return Members(context.Background(), Input{FS: fstest.MapFS{"m.csv": {Data: []byte("symbol,from,to,known_at\n" + rows)}}, Path: "m.csv", Show: "m.csv"})
	}
	for rows, want := range map[string]string{
		"A,2024-01-02,2024-01-31,\n":                                     "A 2024-01-02T00:00:00-05:00 2024-02-01T00:00:00-05:00\n",
		"A,2024-01-02,,\n":                                               "A 2024-01-02T00:00:00-05:00 \n",
		"A,2024-01-02,,2024-01-10T12:00:00-05:00\n":                      "A 2024-01-10T12:00:00-05:00 \n",                                                                                 // late data
		"A,2024-01-02,,2023-12-01\nA,2024-01-02,2024-03-01,2024-02-20\n": "A 2024-01-02T00:00:00-05:00 2024-02-21T00:00:00-05:00\nA 2024-02-21T00:00:00-05:00 2024-03-02T00:00:00-05:00\n", // one stretch in two
		"A,2024-01-02,,2023-12-01\nA,2024-01-02,2024-01-31,2024-02-20\n": "A 2024-01-02T00:00:00-05:00 2024-02-21T00:00:00-05:00\n",                                                        // its end known late
		"A,2024-01-02,2024-01-31,2024-02-20\n":                           "",                                                                                                               // known when it was over
		"A,2024-01-02,2024-01-31,\nA,2024-03-01,,\nB,2024-01-02,,\n":     "A 2024-01-02T00:00:00-05:00 2024-02-01T00:00:00-05:00\nA 2024-03-01T00:00:00-05:00 \nB 2024-01-02T00:00:00-05:00 \n",
	} {
		list, err := read(rows)
		require.NoError(t, err)
		got := ""
		for _, m := range list {
			until := ""
			if !m.Until.IsZero() {
				until = m.Until.Format(time.RFC3339)
			}
			got += m.Symbol + " " + m.From.Format(time.RFC3339) + " " + until + "\n"
		}
		require.Equal(t, want, got, rows)
	}
	for rows, want := range map[string]string{
		",2024-01-02,,\n":            "m.csv:2: symbol: is empty",
		"A,,,\n":                     "m.csv:2: from:",
		"A,2024-01-02,2024-01-01,\n": "m.csv:2: to: 2024-01-01 is before from 2024-01-02",
	} {
		_, err := read(rows)
		require.ErrorContains(t, err, want)
	}
	s, err := loadText(t, map[string]string{"b.csv": "symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,1,1,1,1,1\n", "m.csv": "symbol,from,to\nA,2024-01-02,\n"})
	require.NoError(t, err)
	require.Empty(t, s.Warnings, "a file of members among the data")
}
