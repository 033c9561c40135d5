package approval_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/cache/disk"
)

// What waits at the end of a journal: every line that ends a wait, and those that do not.
func TestWaiting(t *testing.T) {
	held := func(id string) pitwall.Entry {
		o := order(id, pitwall.Buy, 1)
		return pitwall.Entry{Kind: pitwall.EntryApproval, Verb: "hold", ID: id, Order: &o, Approval: &pitwall.Approval{Hash: "h" + id, Price: pitwall.Int(5)}, Cause: pitwall.Cause{Turn: 3}}
	}
	line := func(kind pitwall.EntryKind, verb string) pitwall.Entry {
		return pitwall.Entry{Kind: kind, Verb: verb, ID: "one"}
	}
	of := func(status pitwall.Status) pitwall.Entry {
		e := line(pitwall.EntryOrder, "")
		e.State = &pitwall.OrderState{Status: status}
		return e
	}
	submit, replace := line(pitwall.EntryIntent, "submit"), line(pitwall.EntryIntent, "replace")
	submit.Order, replace.Change = &pitwall.Order{}, &pitwall.Change{}
	noOrder, noApproval, another := held("one"), held("one"), held("one")
	noOrder.Order, noApproval.Approval, another.Kind = nil, nil, pitwall.EntryOrder
	for name, x := range map[string]struct {
		lines []pitwall.Entry
		want  string
	}{
		"none":                 {nil, ""},
		"held":                 {[]pitwall.Entry{held("one"), held("two")}, "one two "},
		"held twice":           {[]pitwall.Entry{held("one"), held("two"), held("one")}, "two "}, // any other line about one that waits ends it
		"approved":             {[]pitwall.Entry{held("one"), held("two"), line(pitwall.EntryApproval, "approve")}, "one! two "},
		"the second is":        {[]pitwall.Entry{held("two"), held("one"), line(pitwall.EntryApproval, "approve")}, "two one! "},
		"approved, not held":   {[]pitwall.Entry{line(pitwall.EntryApproval, "approve"), held("one")}, "one "},
		"denied":               {[]pitwall.Entry{held("one"), line(pitwall.EntryApproval, "deny")}, ""},
		"lapsed":               {[]pitwall.Entry{held("two"), held("one"), line(pitwall.EntryApproval, "lapse")}, "two "},
		"sent":                 {[]pitwall.Entry{held("one"), submit}, ""},
		"a change":             {[]pitwall.Entry{held("one"), replace}, "one "},
		"denied by the guard":  {[]pitwall.Entry{held("one"), of(pitwall.Denied)}, ""},
		"another state":        {[]pitwall.Entry{held("one"), of(pitwall.Working)}, "one "},
		"a request failed":     {[]pitwall.Entry{held("one"), line(pitwall.EntryOrder, "")}, "one "},
		"a warning":            {[]pitwall.Entry{held("one"), line(pitwall.EntryWarning, "approve")}, "one "},
		"without order":        {[]pitwall.Entry{noOrder}, ""},
		"without approval":     {[]pitwall.Entry{noApproval}, ""},
		"of another kind":      {[]pitwall.Entry{another}, ""},
		"a verb that is not":   {[]pitwall.Entry{func() pitwall.Entry { e := held("one"); e.Verb = "deny"; return e }()}, ""},
		"denied, of none held": {[]pitwall.Entry{line(pitwall.EntryApproval, "deny"), of(pitwall.Denied), submit}, ""},
	} {
		got := ""
		for _, o := range approval.Waiting(x.lines) {
			got += o.ID + map[bool]string{true: "!"}[o.Approved] + " "
			require.Equal(t, []any{"h" + o.ID, pitwall.Int(5), 3}, []any{o.Hash, o.Price, o.Cause.Turn}, name)
		}
		require.Equal(t, x.want, got, name)
	}
}

// What a person decides about holds every price of an order and of its exits.
func TestWhatAPersonSees(t *testing.T) {
	n := pitwall.Int
	o := order("one", pitwall.Sell, 3)
	o.Type, o.Limit, o.Stop, o.Trail, o.TrailPercent = pitwall.StopLimit, n(1), n(2), n(3), n(4)
	o.Legs = []pitwall.Leg{{Role: pitwall.TakeProfit, Limit: n(5)}, {Role: pitwall.StopLoss, Stop: n(6), Limit: n(7)}, {Role: pitwall.StopLoss, Percent: n(8)}, {Role: pitwall.StopLoss, Trail: n(9)}, {Role: pitwall.StopLoss, TrailPercent: n(10)}}
	require.Equal(t, "sell 3 A stop_limit, limit 1, stop 2, trail 3, trail_percent 4, take_profit 5, stop_loss 6 7, stop_loss 8 %, stop_loss trailing 9, stop_loss trailing 10 %, gtc; last price 11",
		approval.Order{Order: o, Approval: pitwall.Approval{Price: n(11)}}.String())
}

// An approval outlives the process that journaled it, also where the decision's file is gone;
// one that the guard refused when it was sent does not wait after a restart.
func TestApprovedBeforeARestart(t *testing.T) {
	r := newRoom(t, approval.Entries)
	r.send(t, order("one", pitwall.Buy, 10))
	r.send(t, order("two", pitwall.Buy, 20))
	_, err := r.journal.Append(context.Background(), pitwall.Entry{Kind: pitwall.EntryApproval, Verb: "approve", ID: "one"})
	require.NoError(t, err)
	r.start(t)
	require.True(t, r.Ready(context.Background()))
	r.work(t)
	require.Equal(t, []int{1, 0, 1}, []int{r.sent(t, "one"), r.sent(t, "two"), r.Waiting()})
	r.decide(t, r.told[1].Hash, true)
	r.refuse = pitwall.Errorf(pitwall.Halted, "halted")
	r.work(t)
	r.start(t)
	require.Zero(t, r.Waiting())
	require.Zero(t, r.sent(t, "two"))
}

// One reading of the decisions settles every order that waits, and stops at the first that
// the journal cannot record.
func TestWorkSettlesAll(t *testing.T) {
	r := newRoom(t, approval.Entries)
	for i, id := range []string{"one", "two", "three"} {
		r.send(t, order(id, pitwall.Buy, int64(10+i)))
		r.decide(t, r.told[i].Hash, i != 1)
	}
	r.work(t)
	require.Equal(t, []int{1, 0, 1, 0}, []int{r.sent(t, "one"), r.sent(t, "two"), r.sent(t, "three"), r.Waiting()})
	require.EqualError(t, r.status(t, "two").Error, "APPROVAL_DENIED: ann did not approve it; nothing was sent; do not send the same order again")
	r.send(t, order("four", pitwall.Buy, 40))
	r.decide(t, r.told[3].Hash, true)
	r.full = true
	require.ErrorContains(t, r.Work(context.Background()), "JOURNAL_FAILED: the journal could not be written, so nothing is held or sent")
	require.Equal(t, []int{0, 1}, []int{r.sent(t, "four"), r.Waiting()})
}

// What a decision's file holds but its name is for people: a broken one still decides, in
// the name of nobody known; one that cannot be read is a no. A no goes before a yes.
func TestDecisionFiles(t *testing.T) {
	now := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, x := range map[string]struct {
		spoil func(t *testing.T, dir, hash string)
		sent  int
		by    string
	}{
		"as it is written": {func(t *testing.T, dir, hash string) {
			require.NoError(t, approval.Decide(disk.OS{}, dir, approval.Decision{Hash: hash, Approve: true, By: "ann", At: now}))
			body, err := os.ReadFile(filepath.Join(dir, hash+".approve"))
			require.NoError(t, err)
			require.JSONEq(t, `{"by":"ann","at":"2024-01-02T03:04:05Z"}`, string(body))
		}, 1, "ann"},
		"half a file": {func(t *testing.T, dir, hash string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, hash+".approve"), []byte(`{"by":"an`), 0o600))
		}, 1, "unknown"},
		"no name": {func(t *testing.T, dir, hash string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, hash+".approve"), []byte(`{}`), 0o600))
		}, 1, "unknown"},
		"a name that is none": {func(t *testing.T, dir, hash string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, hash+".approve"), []byte(`{"by":"ann","at":5}`), 0o600))
		}, 1, "unknown"},
		"unreadable": {func(t *testing.T, dir, hash string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, hash+".approve"), 0o700))
		}, 0, "unknown"},
		"both": {func(t *testing.T, dir, hash string) {
			for _, verb := range []string{"approve", "deny"} {
				require.NoError(t, os.WriteFile(filepath.Join(dir, hash+"."+verb), []byte(`{"by":"`+verb+`r"}`), 0o600))
			}
		}, 0, "denyr"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, approval.Entries)
			r.send(t, order("one", pitwall.Buy, 10))
			x.spoil(t, r.dir, r.told[0].Hash)
			require.True(t, r.Ready(context.Background()))
			r.work(t)
			require.Equal(t, x.sent, r.sent(t, "one"))
			last := ""
			for _, e := range entries(t, r.journal) {
				if e.Kind == pitwall.EntryApproval && e.Verb != "hold" {
					last = fmt.Sprint(e.Verb, " ", e.By.Principal, " ", e.By.Role)
				}
			}
			require.Equal(t, map[int]string{0: "deny", 1: "approve"}[x.sent]+" "+x.by+" person", last)
		})
	}
	dir := filepath.Join(t.TempDir(), "new")
	require.NoError(t, approval.Decide(disk.OS{}, dir, approval.Decision{Hash: "0123456789abcdef", By: "ann"}))
	require.FileExists(t, filepath.Join(dir, "0123456789abcdef.deny"))
	require.ErrorIs(t, approval.Decide(disk.OS{}, dir, approval.Decision{Hash: "0123456789abcdef", Approve: true}), approval.ErrDecided)
	require.EqualError(t, approval.Decide(disk.OS{}, dir, approval.Decision{Hash: "../456789abcdef0"}), `INVALID_INPUT: "../456789abcdef0" is no hash of an order; pitwall approve lists them`)
}
