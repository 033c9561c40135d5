package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/tools/report"
)

// twoAgents leaves a run of two agents with turns at the same bars, main's first:
// both are denied with the same words, a bracket fills, one order is rejected, one
// never fills and is changed by the other agent, and one is canceled.
func twoAgents(t *testing.T) (dir string) {
	dir = t.TempDir()
	modelRun(t, dir, []*agentloop.Reply{
		calls("", "orders_submit", `{"symbol":"A","side":"buy","qty":101,"client_order_id":"d1"}`,
			"orders_submit", `{"symbol":"A","side":"buy","qty":50,"take_profit":110,"stop_loss_percent":5,"client_order_id":"b1","reason":"it rises"}`),
		says("RESULT: bought"),
		calls("", "orders_modify", `{"id":"low","limit":12}`),
		says("RESULT: changed what is not mine"),
		says("RESULT: waiting"),
	}, []*agentloop.Reply{
		calls("", "orders_submit", `{"symbol":"A","side":"buy","qty":101,"client_order_id":"d2"}`,
			"orders_submit", `{"symbol":"A","side":"sell","qty":1,"reduce_only":true,"client_order_id":"r"}`,
			"orders_submit", `{"symbol":"A","side":"buy","qty":1,"type":"limit","limit":10,"tif":"gtc","client_order_id":"low"}`,
			"orders_submit", `{"symbol":"A","side":"buy","qty":1,"type":"limit","limit":11,"tif":"gtc","client_order_id":"gone"}`),
		says("RESULT: ordered"),
		calls("", "orders_cancel", `{"id":"gone"}`, "orders_modify", `{"id":"low","qty":101}`, "orders_cancel", `{"id":"nope"}`, "orders_modify", `{"id":"b1.sl","stop":96}`),
		says("RESULT: canceled"),
		says("RESULT: waiting"),
	})
	return dir
}

// followed returns the ids that trace lists for a turn.
func followed(t *testing.T, dir string, turn int) (ids []string) {
	t.Helper()
	var x struct{ Orders []struct{ ID string } }
	require.NoError(t, json.Unmarshal([]byte(printed(t, dir, 0, "trace", "last", fmt.Sprint(turn), "--json")), &x))
	for _, o := range x.Orders {
		ids = append(ids, o.ID)
	}
	return ids
}

// Denied, rejected, never filled, changed and canceled orders and the legs of a
// bracket have their turn: in the journal, trace, why and the report.
func TestEveryOrderHasItsTurn(t *testing.T) {
	dir := twoAgents(t)
	run := filepath.Join(dir, "runs", "fake-1")
	r, err := report.Open(os.DirFS(run))
	require.NoError(t, err)
	var got []string
	for e := range r.Journal {
		if e.State != nil && !e.State.Status.Open() {
			got = append(got, fmt.Sprintf("%s %s %d", e.ID, e.State.Status, e.Turn))
		} else if e.Change != nil || e.Verb == "cancel" || e.Kind == pitwall.EntryFill {
			got = append(got, fmt.Sprintf("%s %s%s %d", e.ID, e.Kind, e.Verb, e.Turn))
		}
		require.Equal(t, e.Turn > 0, e.Kind == pitwall.EntryIntent || e.Kind == pitwall.EntryOrder || e.Kind == pitwall.EntryFill, "%+v", e)
	}
	require.Equal(t, []string{"d1 denied 1", "d2 denied 2", "r rejected 2", "b1 fill 1", "b1 filled 1", "low intentreplace 3", "gone intentcancel 4", "gone canceled 4",
		"low order 4", "nope intentcancel 4", "b1.sl intentreplace 4", "b1.tp fill 1", "b1.tp filled 1", "b1.sl canceled 1"}, got)

	for turn, want := range map[int][]string{1: {"d1", "b1", "b1.tp", "b1.sl"}, 2: {"d2", "r", "low", "gone"}, 3: {"low"}, 4: {"b1.sl", "low", "gone"}, 5: nil} {
		require.Equal(t, want, followed(t, dir, turn), "turn %d", turn)
	}
	require.Contains(t, printed(t, dir, 0, "trace", "last", "4"), `replace {"qty":101} by turn 4: change denied: MAX_ORDER_QTY`)

	denied := printed(t, dir, 0, "why", "last", "A", "2024-01-02")
	require.Regexp(t, `(?s)denied .*by turn 1: .*denied .*by turn 2: `, denied)
	require.Regexp(t, `(?s)rejected .*by turn 2: `, denied)
	never := printed(t, dir, 0, "why", "last", "A", "2024-01-09")
	require.Regexp(t, `(?s)order +low: buy 1 A limit at 12.*by turn 2: `, never)
	require.Contains(t, printed(t, dir, 0, "why", "last", "A", "2024-01-04"), "turn     1 of")

	s, err := r.Sheet()
	require.NoError(t, err)
	require.Len(t, s.Trades, 1)
	require.Equal(t, []any{1, "it rises", 1, "take_profit of b1"}, []any{s.Trades[0].EntryTurn, s.Trades[0].EntryReason, s.Trades[0].ExitTurn, s.Trades[0].ExitReason})
	page := filepath.Join(dir, "report.html")
	printed(t, dir, 0, "report", "last", "--out", page)
	require.FileExists(t, page)
}

// A folder of before the journal had turns opens: what filled has the turn of
// fills.csv, its legs too; of the rest nothing is guessed, and a note says so.
func TestFolderWithoutTurnsOpens(t *testing.T) {
	dir := twoAgents(t)
	file := filepath.Join(dir, "runs", "fake-1", "journal.jsonl")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	write(t, filepath.Dir(file), "journal.jsonl", regexp.MustCompile(`"turn":\d+,`).ReplaceAllString(string(raw), ""))
	require.Equal(t, []string{"b1", "b1.tp", "b1.sl"}, followed(t, dir, 1))
	require.Empty(t, followed(t, dir, 2))
	note := "note: the journal of this older run has no turns"
	require.Contains(t, printed(t, dir, 0, "trace", "last", "1"), "b1.tp")
	exit := printed(t, dir, 0, "why", "last", "A", "2024-01-04")
	require.Contains(t, exit, "turn     1 of")
	require.Contains(t, exit, note)
	require.Contains(t, printed(t, dir, 0, "why", "last", "A", "2024-01-02"), "denied")
	require.NotContains(t, printed(t, dir, 0, "why", "last", "A", "2024-01-02"), "by turn")
	require.Contains(t, printed(t, dir, 0, "trace", "last", "1"), "replace {\"stop\":96}\n", "its turn is not known")
	require.Contains(t, printed(t, dir, 0, "report", "last"), "older run has no turns")
}
