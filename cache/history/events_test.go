package history

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func loadText(t *testing.T, files map[string]string) (*Store, error) {
	t.Helper()
	in := fstest.MapFS{}
	for name, text := range files {
		in["d/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return Load(context.Background(), []Input{{FS: in, Path: "d"}}, Options{})
}

// Events have two times: when they were announced and when they are.
func TestEvents(t *testing.T) {
	const bars = "symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,1,1,1,1,1\n"
	s, err := loadText(t, map[string]string{"bars.csv": bars, "events.csv": "known_at,event_at,symbol,kind,text,id\n" +
		"2024-01-02,2024-02-01,A,earnings,Q4,q\n2024-01-05T08:00:00-05:00,,A,earnings,called off,q\n2023-12-01T12:00:00Z,2024-01-31T14:00:00-05:00,,meeting,rates,\n2024-01-03,2024-01-10,BTC-USD,halving,,\n"})
	require.NoError(t, err)
	require.True(t, s.Has(pitwall.Event))
	require.False(t, s.Has(pitwall.News))
	got := map[string]pitwall.Record{}
	for _, r := range s.Records() {
		got[r.Series+r.Text] = r
	}
	require.Len(t, got, 4)
	utc := func(x time.Time) string { return x.UTC().Format(time.RFC3339) }
	q := got["earningsQ4"]
	require.Equal(t, []string{"2024-01-03T05:00:00Z", "2024-02-01T05:00:00Z", "true", "q"}, []string{utc(q.Known), utc(q.Event), q.Fields[pitwall.WholeDay], q.Fields[pitwall.EventID]}, "a date is known at its end")
	require.Equal(t, []string{"A"}, q.Symbols)
	require.True(t, got["earningscalled off"].Event.IsZero())
	m := got["meetingrates"]
	require.Equal(t, []string{"2023-12-01T12:00:00Z", "2024-01-31T19:00:00Z", ""}, []string{utc(m.Known), utc(m.Event), m.Fields[pitwall.WholeDay]})
	require.Empty(t, m.Symbols)
	require.Equal(t, "2024-01-04T00:00:00Z", utc(got["halving"].Known), "a day of crypto ends in UTC")
	require.Equal(t, "events", s.Files[1].Kind)

	for row, want := range map[string]string{
		"2024-01-02,,A,earnings,Q4,":    `d/events.csv:2: event_at: "" is not a time like`,
		",2024-02-01,A,earnings,Q4,":    `d/events.csv:2: known_at: "" is not a time like`,
		"2024-01-02,soon,A,earnings,Q,": `d/events.csv:2: event_at: "soon" is not a time like`,
	} {
		_, err := loadText(t, map[string]string{"bars.csv": bars, "events.csv": "known_at,event_at,symbol,kind,text,id\n" + row + "\n"})
		require.ErrorContains(t, err, want)
	}
	_, err = loadText(t, map[string]string{"bars.csv": bars, "events.csv": "known_at,event_at,symbol,kind,text,id\n2024-01-02,2024-02-01,A,earnings,Q4,q\n2024-01-02,,A,earnings,called off,q\n"})
	require.ErrorContains(t, err, "d/events.csv:3: known_at: two rows of the event q are known from 2024-01-03T00:00:00-05:00 on")
	c, err := Check(context.Background(), []Input{{FS: fstest.MapFS{"e.csv": {Data: []byte("known_at,event_at,symbol,kind,text\n2024-01-02,2024-01-01,A,earnings,Q4\n")}}, Path: "e.csv", Show: "e.csv"}})
	require.NoError(t, err)
	require.Contains(t, c.String(), "known after the event")
}
