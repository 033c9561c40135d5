package pitwall

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoryJournalFollows(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var j MemoryJournal
	_, err := j.Append(ctx, Entry{Kind: EntryStart})
	require.NoError(t, err)
	got := make(chan int64, 3)
	go func() {
		for e, err := range j.Follow(ctx, 1) {
			if err != nil {
				break
			}
			got <- e.Seq
		}
		close(got)
	}()
	require.EqualValues(t, 1, <-got)
	seq, err := j.Append(ctx, Entry{Kind: EntryEnd})
	require.NoError(t, err)
	require.EqualValues(t, 2, seq)
	require.EqualValues(t, 2, <-got, "a follower sees what is appended later")
	require.EqualValues(t, 2, j.Last())
	cancel()
	_, open := <-got
	require.False(t, open, "a follower ends with its context")
}

func TestCallerDefaultsToReading(t *testing.T) {
	require.True(t, CallerFrom(context.Background()).ReadOnly, "a call without a caller may only read")
	require.Equal(t, "ann", CallerFrom(WithCaller(context.Background(), Caller{Principal: "ann"})).Principal)
}

func TestOrderIdentity(t *testing.T) {
	a := Order{ID: "x", Symbol: "A", Side: Buy, Qty: One, Legs: []Leg{{Role: "stop_loss", Stop: One}}}
	b := a
	b.Reason, b.By = "another", Caller{Principal: "someone"}
	require.True(t, a.SameAs(b), "who and why do not make another order")
	b.Legs = []Leg{{Role: "stop_loss", Stop: 2 * One}}
	require.False(t, a.SameAs(b))
	b = a
	b.Qty++
	require.False(t, a.SameAs(b))
}

func TestSessionClose(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	stock, coin := Instrument{Zone: zone}, Instrument{Calendar: AlwaysOpen}
	day := time.Date(2024, 3, 10, 10, 0, 0, 0, zone) // clocks changed that night
	require.Equal(t, "2024-03-10T16:00:00-04:00", stock.SessionClose(day).Format(time.RFC3339))
	require.Equal(t, "2024-03-11T00:00:00-04:00", stock.SessionClose(day.Add(7*time.Hour)).Format(time.RFC3339), "extended hours end at midnight")
	require.Equal(t, "2024-03-11T00:00:00Z", coin.SessionClose(time.Date(2024, 3, 10, 23, 59, 0, 0, time.UTC)).Format(time.RFC3339))
}

// What a memory journal gives back is what it was given, whatever form it keeps.
func TestMemoryJournalKeepsEntriesWhole(t *testing.T) {
	var j MemoryJournal
	at := time.Date(2024, 1, 2, 16, 0, 0, 0, time.UTC)
	given := []Entry{{AsOf: at, Kind: EntryStart}, {AsOf: at, Kind: EntryMark, Book: "main", Mark: &EquityPoint{at, One, One}}, {AsOf: at, Kind: EntryMark, Book: "b", Mark: &EquityPoint{at.Add(1), One, 2}},
		{AsOf: at, Kind: EntryMark, Cause: Cause{Turn: 4}, Mark: &EquityPoint{at, 1, 1}}, {AsOf: at.Add(2), Kind: EntryMark, Book: "main", Mark: &EquityPoint{at.Add(2), 3, 4}}, {AsOf: at, Kind: EntryEnd, Note: "n"}}
	for i := range given {
		seq, err := j.Append(context.Background(), given[i])
		require.NoError(t, err)
		given[i].Seq = seq
	}
	require.Equal(t, given, j.Entries())
	require.EqualValues(t, 6, j.Last())
}
