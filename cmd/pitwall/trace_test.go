package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/cache/runs"
)

func TestTraceGolden(t *testing.T) {
	dir := inMomentum(t)
	goldenText(t, "trace_run", printed(t, dir, 0, "trace", "runs/momentum-1"))
	goldenText(t, "trace_turn", printed(t, dir, 0, "trace", "last", "21"))
	require.Equal(t, printed(t, dir, 0, "trace", "momentum-1"), printed(t, dir, 0, "trace", "last"))
	full := printed(t, dir, 0, "trace", "last", "21", "--full")
	require.Contains(t, full, "You are a trader inside Pitwall")
	require.NotContains(t, full, "more lines")
	require.Contains(t, printed(t, dir, 0, "trace", "last", "2013-10-05"), "turn 21 of")
	require.Contains(t, printed(t, dir, 0, "trace", "last", "last"), "turn 41 of")
}

// A model that thinks, is refused, brackets, fails and writes escape codes.
func TestTraceOfAModel(t *testing.T) {
	dir := t.TempDir()
	modelRun(t, dir, bracketReplies())
	table := printed(t, dir, 0, "trace", "last")
	goldenText(t, "trace_model", table)
	harmless(t, table)
	turn := printed(t, dir, 0, "trace", "last", "1")
	goldenText(t, "trace_model_turn", turn)
	for _, want := range []string{"I look at the account first.", "b1.tp", "b1.sl", "denied: max_order_qty: qty 101", "buy 50 at 100", "0.0054 USD"} {
		require.Contains(t, turn, want)
	}
	failed := printed(t, dir, 0, "trace", "last", "3")
	goldenText(t, "trace_model_failed", failed)
	require.Contains(t, failed, "HTTP 429: slow down; waited 2s")
	bad := printed(t, dir, 0, "trace", "last", "4", "--full")
	require.Contains(t, bad, "evil")
	harmless(t, bad)
}

func TestTraceJSON(t *testing.T) {
	dir := t.TempDir()
	modelRun(t, dir, bracketReplies())
	var run struct {
		Turns []struct {
			Turn   int
			Timing *agentloop.Timing
			Result string
		}
		Total runs.Totals
	}
	out := printed(t, dir, 0, "trace", "last", "--json")
	harmless(t, out)
	require.NoError(t, json.Unmarshal([]byte(out), &run))
	require.Len(t, run.Turns, 7)
	require.Equal(t, 3, run.Turns[0].Timing.Asked)
	require.Equal(t, 1, run.Total.Warnings["model_skipped"])
	require.Equal(t, hostile, run.Turns[3].Result, "JSON keeps every byte, escaped")
	var turn struct {
		Turn   struct{ Messages []any }
		Orders []struct {
			ID, Status string
			Fills      []any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(printed(t, dir, 0, "trace", "last", "1", "--json")), &turn))
	require.Len(t, turn.Turn.Messages, 4)
	require.Len(t, turn.Orders, 4, "the denied one, the entry and its two exits")
	require.Len(t, turn.Orders[1].Fills, 1)
}

func TestTraceRefuses(t *testing.T) {
	dir := inMomentum(t)
	for _, c := range []struct {
		want string
		code int
		args []string
	}{
		{"there are turns 1 to 41", 1, []string{"trace", "last", "999"}},
		{"there are turns 1 to 41", 2, []string{"trace", "last", "x"}},
		{"did you mean momentum-1?", 1, []string{"trace", "momentun-1"}},
		{"its agents are main", 1, []string{"trace", "last", "--agent", "risk"}},
		{"the first is of 2013-05-13", 1, []string{"trace", "last", "2001-01-01"}},
		{"is not a run's folder", 1, []string{"trace", "."}},
		{"usage:", 2, []string{"trace"}},
	} {
		require.Contains(t, printed(t, dir, c.code, c.args...), c.want)
	}
	require.Contains(t, printed(t, t.TempDir(), 1, "trace", "last"), "there is no run in runs/")
}

// What a killed writer leaves can be read.
func TestTraceAfterACrash(t *testing.T) {
	dir := inMomentum(t)
	run := filepath.Join(dir, "runs", "momentum-1")
	torn := func(name string, cut int) {
		raw, err := os.ReadFile(filepath.Join(run, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(run, name), raw[:len(raw)-cut], 0o644))
	}
	torn("summaries.jsonl", 30)
	torn("timing.jsonl", 20)
	torn("journal.jsonl", 15)
	torn("fills.csv", 10)
	raw, err := os.ReadFile(filepath.Join(run, "manifest.json"))
	require.NoError(t, err)
	write(t, run, "manifest.json", strings.Replace(string(raw), `"complete"`, `"running"`, 1))
	turns, err := os.OpenFile(filepath.Join(run, runs.TurnsFile), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = turns.WriteString("turn 000042 9")
	require.NoError(t, errors.Join(err, turns.Close()))
	require.NoError(t, os.Remove(filepath.Join(run, "usage.json")))
	out := printed(t, dir, 0, "trace", "last")
	require.Contains(t, out, "note: the run has not ended")
	require.Contains(t, out, "summaries.jsonl ends in half a line")
	require.Contains(t, out, "41 turns", "the last turn's line is torn, its record is whole")
	require.Contains(t, printed(t, dir, 0, "trace", "last", "41"), "turn 41 of")
	require.Contains(t, printed(t, dir, 0, "trace", "last", "21"), "buy 1416 at 69.1574")
	require.Contains(t, printed(t, dir, 0, "why", "last", "AAPL", "2013-10-04"), "turn     21 of")

	// Made by hand, with less than any version of ours wrote.
	hand := t.TempDir()
	write(t, hand, "summaries.jsonl", "{\"turn\":1,\"as_of\":\"x\",\"status\":\"no_action\"}\nnot json\n{\"turn\":3,\"as_of\":\"2024-01-03T16:00:00Z\"}\n{\"turn\":")
	out = printed(t, hand, 0, "trace", ".")
	require.Contains(t, out, "line 2 of summaries.jsonl cannot be read")
	require.Contains(t, printed(t, hand, 1, "trace", ".", "2"), "there are turns 1, 3")
	require.Contains(t, printed(t, hand, 1, "trace", ".", "3"), "no turn 3")
	empty := t.TempDir()
	write(t, empty, "journal.jsonl", "")
	require.Contains(t, printed(t, empty, 0, "trace", "."), "no turns yet")
}

// Several agents: a column for them, and one of them alone.
func TestTraceAgents(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "summaries.jsonl", `{"turn":1,"as_of":"2024-01-02T16:00:00-05:00","agent":"trader","why":"first","status":"ordered","calls":["orders_submit"],"orders":1,"result":"bought"}
{"turn":2,"as_of":"2024-01-02T16:00:00-05:00","agent":"risk","why":"first","status":"no_action","calls":[],"orders":0,"result":"fine"}
{"turn":3,"as_of":"2024-01-03T16:00:00-05:00","agent":"trader","why":"fill","status":"budget","calls":[],"orders":0,"result":""}
`, "timing.jsonl", `{"turn":1,"asked":2,"cached":0,"usage":{"input":10,"output":5},"usd":null,"recorded_usd":null}
{"turn":2,"cache":"turn","asked":0,"cached":1,"usage":{},"usd":0,"recorded_usd":0.5}
`, "manifest.json", `{"status":"running"}`)
	out := printed(t, dir, 0, "trace", ".")
	goldenText(t, "trace_agents", out)
	require.Contains(t, out, "cost not known", "a sum with a part that is not known is not known")
	one := printed(t, dir, 0, "trace", ".", "--agent", "risk")
	require.NotContains(t, one, "bought")
	require.Contains(t, one, "1 turn: 1 no_action")
	require.Contains(t, printed(t, dir, 1, "trace", ".", "1", "--agent", "risk"), "there are turns 2")
}

// 98 % of 100,000 at the close of 100 are 980 shares; at the next open of 150 they cost
// 147,000 and the venue rejects them. The turn looks as if it had bought.
func TestTraceShowsWhatTheFillRejected(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.csv"), []byte("symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,100,101,99,100,100000\nA,2024-01-03,150,151,149,150,100000\nA,2024-01-04,100,101,99,100,100000\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "s.yaml"), []byte("name: rej\nsymbols: [A]\ndata: [p.csv]\ncosts: {commission_bps: 0, slippage_bps: 0}\nagent: {model: script/buyhold, prompt: hold}\n"), 0o644))
	printed(t, dir, 0, "backtest", "s.yaml")
	want := "buy 980 A market day: rejected: BUYING_POWER at the fill 980 A at 150 cost 147000 with fee 0; cash is 100000"
	table := strings.Join(strings.Fields(printed(t, dir, 0, "trace", "last")), " ")
	require.Contains(t, table, "turn 1 o-3 "+want)
	require.Equal(t, 1, strings.Count(table, "rejected:"))
	var out struct {
		Late []runs.Order `json:"rejected_at_fill"`
	}
	require.NoError(t, json.Unmarshal([]byte(printed(t, dir, 0, "trace", "last", "--json")), &out))
	require.Len(t, out.Late, 1)
	require.Equal(t, 1, out.Late[0].Turn)
}
