package tools_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/sim/wall"
)

// What is ahead is what was announced by now and is not over, the soonest first; of a day
// that was moved or called off the newest word counts, from its own time on.
func TestMarketEvents(t *testing.T) {
	w, c := recorded(false)
	june := func(d int) time.Time { return time.Date(2024, 6, d, 0, 0, 0, 0, time.UTC) }
	whole := func(id string) map[string]string {
		return map[string]string{pitwall.EventID: id, pitwall.WholeDay: "true"}
	}
	w.Records = wall.NewRecords([]pitwall.Record{
		{Kind: pitwall.Event, ID: "1", Symbols: []string{"AAPL"}, Series: "earnings", Event: june(6), Known: at("10 12:00:00"), Text: "Q2", Fields: whole("a")},
		{Kind: pitwall.Event, ID: "2", Symbols: []string{"AAPL"}, Series: "earnings", Event: june(4), Known: at("16 12:00:00"), Text: "Q2 moved", Fields: whole("a")},
		{Kind: pitwall.Event, ID: "3", Series: "earnings", Known: at("18 12:00:00"), Text: "Q2 called off", Fields: whole("a")},
		{Kind: pitwall.Event, ID: "4", Series: "meeting", Event: at("15 18:00:00"), Known: at("01 12:00:00"), Text: "rates\nmode=live"},
		{Kind: pitwall.Event, ID: "5", Symbols: []string{"MSFT"}, Series: "merger", Event: june(9), Known: at("16 12:00:00"), Text: "with Y"},
	}, c.Now, false)
	const asks = `{}`
	text := asked(t, w, "market_events", asks)
	require.Contains(t, text, "\n2024-05-15T18:00:00Z,,meeting,rates mode=live,2024-05-01T12:00:00Z\n2024-06-06,AAPL,earnings,Q2,2024-05-10T12:00:00Z\n", text)
	require.NotContains(t, text, "merger")
	require.Contains(t, text, "<data tool=market_events id=")
	require.Contains(t, asked(t, w, "market_events", `{"symbols":["MSFT"]}`), "NO_COVERAGE", "an event that is announced tomorrow")
	require.Contains(t, asked(t, w, "market_events", `{"limit":1}`), "more=1\n")
	require.NotContains(t, asked(t, w, "market_events", `{"kinds":["EARN"]}`), "meeting")

	c.now = at("15 18:00:00")
	require.NotContains(t, asked(t, w, "market_events", asks), "meeting", "its time has come")
	c.now = at("16 12:00:00")
	text = asked(t, w, "market_events", asks)
	require.Contains(t, text, "\n2024-06-04,AAPL,earnings,Q2 moved,")
	require.NotContains(t, text, "2024-06-06")
	c.now = at("18 12:00:00")
	require.NotContains(t, asked(t, w, "market_events", asks), "earnings,")
	require.Contains(t, asked(t, w, "market_events", `{"symbols":["AAPL"]}`), "covered: AAPL 2024-05-10..2024-05-16 (2)\nnothing that is known now lies ahead")
	c.now = june(9).Add(-time.Second)
	require.Contains(t, asked(t, w, "market_events", asks), "merger")
	c.now = june(9)
	require.False(t, strings.Contains(asked(t, w, "market_events", asks), "merger"))
	w.Records = nil
	require.Contains(t, asked(t, w, "market_events", asks), "NO_COVERAGE")
}

// A day without a time is ahead until it is over.
func TestMarketEventsToday(t *testing.T) {
	w, c := recorded(false)
	w.Records = wall.NewRecords([]pitwall.Record{{Kind: pitwall.Event, ID: "1", Symbols: []string{"AAPL"}, Series: "ex date", Event: at("20 00:00:00"), Known: at("10 12:00:00"), Fields: map[string]string{pitwall.WholeDay: "true"}}}, c.Now, false)
	c.now = at("20 23:59:59")
	require.Contains(t, asked(t, w, "market_events", `{}`), "2024-05-20,AAPL,ex date")
	c.now = at("21 00:00:00")
	require.NotContains(t, asked(t, w, "market_events", `{}`), "ex date")
}
