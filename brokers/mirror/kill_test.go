package mirror_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/alpaca"
	"pitwall/brokers/alpacafake"
	"pitwall/brokers/mirror"
	"pitwall/brokers/risk"
	"pitwall/cache/disk"
	"pitwall/cache/runs"
)

// TestMain lets a test start this program again as the trader that dies.
func TestMain(m *testing.M) {
	if os.Getenv("MIRROR_DIR") != "" {
		if err := trade(); err != nil && pitwall.CodeOf(err) != pitwall.Timeout { // a busy machine is one more fault
			fmt.Println("error", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// mortal is a journal whose process is killed at one of its writes: before it, or after it
// and before what it announces.
type mortal struct {
	*runs.Folder
	left   int
	before bool
}

func (j *mortal) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	j.left--
	if j.left == 0 && j.before {
		die()
	}
	n, err := j.Folder.Append(ctx, e)
	if j.left == 0 {
		die()
	}
	return n, err
}

// die ends this process as kill -9 does.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil && p.Kill() == nil {
		select {}
	}
}

// account is the broker of the process that trades.
func account(url string) (*alpaca.Broker, error) {
	in := pitwall.Instrument{Symbol: "AAPL", Kind: pitwall.Equity, Tick: pitwall.One / 100, Lot: pitwall.One, Tradable: true}
	return alpaca.New(alpaca.Config{Key: "k", Secret: "s", BaseURL: url, DataURL: url, Prefix: "pw1-", Instruments: []pitwall.Instrument{in}, Now: time.Now, Timeout: 300 * time.Millisecond, PerMinute: 1_000_000, PollEvery: time.Millisecond,
		Sleep: func(ctx context.Context, d time.Duration) error { return ctx.Err() }})
}

// trade goes on with the journal, reconciles, and sends orders until it dies.
func trade() error {
	ctx := context.Background()
	b, err := account(os.Getenv("MIRROR_URL"))
	if err != nil {
		return err
	}
	folder, _, err := runs.Reopen(ctx, disk.OS{}, os.Getenv("MIRROR_DIR"), nil)
	if err != nil {
		return err
	}
	seed, _ := strconv.ParseUint(os.Getenv("MIRROR_SEED"), 10, 64)
	r := rand.New(rand.NewPCG(seed, 7))
	j := &mortal{Folder: folder, left: 1 + r.IntN(25), before: r.IntN(2) == 0}
	lives := os.Getenv("MIRROR_LIVES") != ""
	if lives {
		j.left = -1
	}
	m, err := mirror.Open(ctx, mirror.Config{Broker: b, Journal: j, Pause: func(context.Context) error { return nil }}, time.Unix(0, 0))
	if err != nil {
		return err
	}
	sync := func() error {
		differences, err := m.Sync(ctx, time.Unix(int64(seed), 0), true)
		if err == nil && len(differences) > 0 {
			err = errors.New(strings.Join(differences, "; "))
		}
		return err
	}
	if err := sync(); err != nil {
		return err
	}
	if lives {
		return folder.Close()
	}
	guard := risk.New(m, j, still{}, nil, nil, risk.NoLimits())
	for n := range 12 {
		o := pitwall.Order{ID: fmt.Sprintf("%d.%d", seed, n), Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(1 + int64(r.IntN(3))), TIF: pitwall.GTC}
		if r.IntN(3) == 0 {
			o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(50)
		}
		s, err := guard.Submit(ctx, o)
		if err != nil {
			return err
		}
		if s.Status != pitwall.Unknown {
			fmt.Println("ack", o.ID, s.Status)
		}
		if r.IntN(4) == 0 {
			if _, err := guard.Cancel(ctx, o.ID); err != nil && pitwall.CodeOf(err) != pitwall.OrderClosed && pitwall.CodeOf(err) != pitwall.Timeout {
				return err
			}
		}
		if n%4 == 3 {
			if err := sync(); err != nil {
				return err
			}
		}
	}
	return nil
}

// still is a clock that does not move.
type still struct{}

func (still) Now() time.Time { return time.Unix(0, 0) }
func (still) Next(context.Context, time.Time) (time.Time, error) {
	return time.Unix(0, 0), nil
}

// flat are days of a share at 100.
func flat() *pitwall.Series {
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "AAPL", Kind: pitwall.Equity, Lot: pitwall.One, Tick: pitwall.One / 100, Zone: time.UTC, Tradable: true}, Size: 24 * time.Hour}
	for day := range 400 {
		start, p := time.Date(2024, 1, 1+day, 14, 30, 0, 0, time.UTC), pitwall.Int(100)
		_ = s.Append(pitwall.Bar{Open: p, High: p, Low: p, Close: p, Volume: 1e9, Start: start, End: start.Add(6 * time.Hour), Known: start.Add(6 * time.Hour)})
	}
	return s
}

type source []*pitwall.Series

func (s source) Series() []*pitwall.Series { return s }
func (source) Actions() []pitwall.Action   { return nil }

// world is a fake broker and the folder of a run that trades there.
type world struct {
	*alpacafake.Server
	url, dir string
}

func newWorld(t *testing.T, faults ...alpacafake.Fault) *world {
	s, err := alpacafake.New(alpacafake.Config{Source: source{flat()}, Symbols: []string{"AAPL"}, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(100_000_000), Rules: pitwall.Rules{VolumeShare: pitwall.One}, Faults: faults})
	require.NoError(t, err)
	require.NoError(t, s.Step(context.Background()))
	web := httptest.NewServer(s)
	w := &world{Server: s, url: web.URL, dir: filepath.Join(t.TempDir(), "run")}
	t.Cleanup(func() { s.Close(); web.CloseClientConnections(); web.Close() })
	folder, err := runs.Create(disk.OS{}, w.dir, nil)
	require.NoError(t, err)
	require.NoError(t, folder.WriteJSON(runs.ManifestFile, runs.Manifest{Mode: "paper", Status: "running"}))
	require.NoError(t, folder.Close())
	return w
}

// run starts a trader and returns what was acknowledged before it died.
func (w *world) run(t *testing.T, seed int, env ...string) (acked []string) {
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), "MIRROR_DIR="+w.dir, "MIRROR_URL="+w.url, fmt.Sprint("MIRROR_SEED=", seed)), env...)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		require.NotContains(t, lines.Text(), "error")
		if id, ok := strings.CutPrefix(lines.Text(), "ack "); ok {
			acked = append(acked, strings.Fields(id)[0])
		}
	}
	_ = c.Wait()
	return acked
}

// check compares what the account has with what the journal says and what was
// acknowledged: nothing lost, nothing twice.
func (w *world) check(t *testing.T, acked []string) (orders int) {
	ctx := context.Background()
	journal, err := runs.Strict{FS: os.DirFS(w.dir)}.Journal()
	require.NoError(t, err)
	state, intents, held := map[string]pitwall.Status{}, map[string]int{}, pitwall.Dec(0)
	for _, e := range journal {
		switch {
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			intents[e.ID]++
			state[e.ID] = "no answer"
		case e.Kind == pitwall.EntryOrder && e.State != nil:
			state[e.ID] = e.State.Status
		case e.Fill != nil && e.Fill.Side == pitwall.Buy:
			held += e.Fill.Qty
		}
	}
	at := map[string]int{}
	all, err := w.Venue().Orders(ctx, pitwall.OrderQuery{})
	require.NoError(t, err)
	b, err := account(w.url)
	require.NoError(t, err)
	listed, err := b.Orders(ctx, pitwall.OrderQuery{})
	require.NoError(t, err)
	require.Len(t, listed, len(all))
	for _, s := range listed {
		at[s.ID]++
		require.Equal(t, 1, intents[s.ID], "order %s has one intent", s.ID)
		require.Equal(t, s.Status, state[s.ID], "order %s", s.ID)
	}
	for id, s := range state {
		require.LessOrEqual(t, at[id], 1, "order %s was sent twice", id)
		require.NotEqual(t, pitwall.Status("no answer"), s, id)
		if at[id] == 0 {
			require.Equal(t, pitwall.Rejected, s, "order %s is not at the broker", id)
		}
	}
	for _, id := range acked {
		require.Equal(t, 1, at[id], "order %s was acknowledged and is lost", id)
	}
	a, err := w.Venue().Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, a.Held("AAPL"), held)
	return len(listed)
}

// A process that is killed at random writes of its journal loses no acknowledged order
// and doubles none: 60 kills, or as many as PITWALL_KILLS says (the
// campaign's are 10,000).
func TestKilledAtJournalWrites(t *testing.T) {
	kills := 60
	if testing.Short() {
		kills = 12
	}
	if n, err := strconv.Atoi(os.Getenv("PITWALL_KILLS")); err == nil {
		kills = n
	}
	const each = 30 // lives of one account
	orders, acks := 0, 0
	for first := 0; first < kills; first += each {
		w := newWorld(t, alpacafake.Fault{On: "POST /v2/orders", Nth: 5, Do: alpacafake.HangAfter}, alpacafake.Fault{On: "POST /v2/orders", Nth: 11, Do: alpacafake.CutAfter}, alpacafake.Fault{On: "POST /v2/orders", Nth: 17, Do: alpacafake.CutBefore})
		var acked []string
		for n := range min(each, kills) {
			acked = append(acked, w.run(t, first+n+1)...)
			if n%2 == 1 {
				require.NoError(t, w.Step(context.Background()))
			}
		}
		require.Empty(t, w.run(t, 1_000_000+first, "MIRROR_LIVES=1"))
		orders, acks = orders+w.check(t, acked), acks+len(acked)
	}
	require.Greater(t, acks, kills/2)
	t.Logf("%d kills, %d orders at the broker, %d acknowledged: 0 lost, 0 doubled", kills, orders, acks)
}
