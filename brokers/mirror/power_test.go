package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/halt"
	"pitwall/brokers/mirror"
	"pitwall/brokers/risk"
	"pitwall/cache/disk/disktest"
	"pitwall/cache/runs"
	"pitwall/sim"
)

// forgetful is a broker some of whose answers are lost, before an order arrives or after.
type forgetful struct {
	*sim.Venue
	r    *rand.Rand
	deaf bool // the process is over: nothing may be sent
	sent int
}

func (b *forgetful) Submit(ctx context.Context, o pitwall.Order) (pitwall.OrderState, error) {
	if b.deaf {
		panic("order " + o.ID + " was sent after the journal had failed")
	}
	b.sent++
	lost := pitwall.OrderState{Order: o, Status: pitwall.Unknown, Error: pitwall.Errorf(pitwall.Timeout, "no answer")}
	switch b.r.IntN(8) {
	case 0:
		return lost, nil
	case 1:
		_, err := b.Venue.Submit(ctx, o)
		return lost, err
	}
	return b.Venue.Submit(ctx, o)
}

// powered is an account, and the folder of a run and a latch on a disk that loses power.
type powered struct {
	*forgetful
	d      *disktest.Disk
	r      *rand.Rand
	run    string
	latch  *halt.Latch
	acked  []string
	raised bool // Raise has returned
}

type lostPower struct{}

func newPowered(t *testing.T, seed uint64) *powered {
	ctx := context.Background()
	v, err := sim.New(sim.Config{Source: source{flat()}, Symbols: []string{"AAPL"}, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Cash: pitwall.Int(100_000_000), Rules: pitwall.Rules{VolumeShare: pitwall.One}, Journal: &pitwall.MemoryJournal{}})
	require.NoError(t, err)
	_, err = v.Next(ctx, v.Now())
	require.NoError(t, err)
	root, r := t.TempDir(), rand.New(rand.NewPCG(seed, 8))
	p := &powered{forgetful: &forgetful{Venue: v, r: r}, d: disktest.New(root), r: r, run: filepath.Join(root, "runs", "one"), latch: halt.New(filepath.Join(root, "config", "pitwall", "halt"))}
	p.latch.Disk = p.d
	return p
}

// live is a process: it begins or goes on with the run, compares, and sends orders under
// new ids. It ends with the disk's loss of power, with an error, or by itself.
func (p *powered) live(life, orders int) (err error) {
	defer func() {
		if dead := recover(); dead != nil {
			if _, ok := dead.(lostPower); !ok {
				panic(dead)
			}
			err = errors.New("power was lost")
		}
	}()
	ctx := context.Background()
	folder, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	m, err := mirror.Open(ctx, mirror.Config{Broker: p.forgetful, Journal: folder, Pause: func(context.Context) error { return nil }}, p.Now())
	if err != nil {
		return err
	}
	sync := func() error {
		list, err := m.Sync(ctx, p.Now(), true)
		if err == nil && len(list) > 0 {
			err = errors.New("differs: " + strings.Join(list, "; "))
		}
		return err
	}
	if err := sync(); err != nil {
		return err
	}
	guard := risk.New(halt.NewGate(m, p.latch), folder, p, nil, nil, risk.NoLimits())
	for n := range orders {
		o := pitwall.Order{ID: fmt.Sprintf("%d.%d", life, n), Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.MarketOrder, Qty: pitwall.Int(1 + p.r.Int64N(3)), TIF: pitwall.GTC}
		if p.r.IntN(3) == 0 {
			o.Type, o.Limit = pitwall.LimitOrder, pitwall.Int(50)
		}
		s, err := guard.Submit(ctx, o)
		switch {
		case err != nil:
			return err
		case s.Status == pitwall.Denied && p.raised:
			return nil
		case s.Status != pitwall.Unknown:
			p.acked = append(p.acked, o.ID)
		}
		if p.r.IntN(4) == 0 {
			if _, err := guard.Cancel(ctx, o.ID); err != nil && pitwall.CodeOf(err) != pitwall.OrderClosed && pitwall.CodeOf(err) != pitwall.UnknownOrder {
				return err
			}
		}
		if n%4 == 3 {
			if _, err := p.Next(ctx, p.Now()); err != nil {
				return err
			}
			if err := sync(); err != nil {
				return err
			}
		}
	}
	return nil
}

// open makes the run's folder, or goes on with it. A folder whose manifest is lost is one
// from which nothing was sent.
func (p *powered) open(ctx context.Context) (*runs.Folder, error) {
	if err := p.latch.Prepare(); err != nil {
		return nil, err
	}
	folder, _, err := runs.Reopen(ctx, p.d, p.run, nil)
	if err == nil || p.sent > 0 {
		return folder, err
	}
	if err := p.d.Delete(p.run); err != nil {
		return nil, err
	}
	if folder, err = runs.Create(p.d, p.run, nil); err != nil {
		return nil, err
	}
	folder.Durable = true
	return folder, folder.WriteJSON(runs.ManifestFile, runs.Manifest{Mode: "paper", Status: "running"})
}

// check is that of the killed processes, over the venue itself.
func (p *powered) check(t *testing.T, seed uint64) (orders int) {
	ctx := context.Background()
	strict := runs.Strict{FS: os.DirFS(p.run)}
	journal, err := strict.Journal()
	require.NoError(t, err)
	state, intents, held, fills := map[string]pitwall.Status{}, map[string]int{}, pitwall.Dec(0), 0
	for _, e := range journal {
		switch {
		case e.Kind == pitwall.EntryIntent && e.Order != nil:
			intents[e.ID]++
			state[e.ID] = "no answer"
		case e.Kind == pitwall.EntryOrder && e.State != nil:
			state[e.ID] = e.State.Status
		case e.Fill != nil:
			fills++
			held += e.Fill.Qty
		}
	}
	rows, err := strict.Rows(runs.FillsFile)
	require.NoError(t, err)
	require.Len(t, rows, fills, "seed %d: fills.csv has what the journal has", seed)
	at := map[string]int{}
	all, err := p.Orders(ctx, pitwall.OrderQuery{})
	require.NoError(t, err)
	for _, s := range all {
		at[s.ID]++
		require.Equal(t, 1, intents[s.ID], "seed %d: order %s has one intent", seed, s.ID)
		require.Equal(t, s.Status, state[s.ID], "seed %d: order %s", seed, s.ID)
	}
	for id, s := range state {
		require.LessOrEqual(t, at[id], 1, "seed %d: order %s was sent twice", seed, id)
		if at[id] == 0 && s != pitwall.Denied {
			require.Equal(t, pitwall.Rejected, s, "seed %d: order %s is not at the broker", seed, id)
		}
	}
	for _, id := range p.acked {
		require.Equal(t, 1, at[id], "seed %d: order %s was acknowledged and is lost", seed, id)
	}
	a, err := p.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, a.Held("AAPL"), held, "seed %d", seed)
	return len(all)
}

// campaign is how often a test repeats: few, less in the short form, or as often as
// PITWALL_KILLS says.
func campaign(few int) int {
	if n, err := strconv.Atoi(os.Getenv("PITWALL_KILLS")); err == nil {
		return n
	}
	if testing.Short() {
		return few / 5
	}
	return few
}

// T8: a machine that loses power at random calls of the disk, and with it what was not
// synced, loses no acknowledged order, sends none twice, and stays halted once a raise has
// returned.
func TestPowerIsLost(t *testing.T) {
	crashes, orders, acks, raises := campaign(300), 0, 0, 0
	const each = 20 // lives of one account
	for seed := range uint64(crashes / each) {
		p := newPowered(t, seed)
		for life := range each {
			die := p.d.Ops() + 1 + p.r.IntN(80)
			p.d.Before = func(op disktest.Op) error {
				if op.N >= die {
					panic(lostPower{})
				}
				return nil
			}
			err := p.live(life, 12)
			if err != nil {
				require.EqualError(t, err, "power was lost", "seed %d, life %d", seed, life)
			}
			p.d.Before = nil
			if life == each-2 { // the last crash comes after it
				require.NoError(t, p.latch.Raise(halt.Raise{Level: halt.Halt, Reason: "test", By: "test", At: p.Now()}))
				p.raised = true
				raises++
			}
			require.NoError(t, p.d.Crash(p.r))
		}
		require.Equal(t, halt.Halt, p.latch.State().Level, "seed %d: the halt is lost", seed)
		require.NoError(t, p.live(each, 1), "seed %d", seed)
		require.Contains(t, p.latch.State().String(), "by test: test", "seed %d: the halt is lost", seed)
		orders, acks = orders+p.check(t, seed), acks+len(p.acked)
	}
	require.Greater(t, acks, crashes/2)
	t.Logf("%d losses of power, %d orders at the broker, %d acknowledged: 0 lost, 0 doubled; %d halts: 0 lost", crashes, orders, acks, raises)
}

// T10: a disk that fails at any call, once or from then on (full, broken, half a write),
// ends the process before its next order, and nothing is lost once it works again.
func TestDiskFails(t *testing.T) {
	cases, orders := 0, 0
	for nth := 1; ; nth++ {
		p := newPowered(t, uint64(nth))
		require.NoError(t, p.live(0, 5))
		begun, failed := p.d.Ops(), false
		why := []error{syscall.ENOSPC, syscall.EIO}[nth/2%2]
		p.d.Before = func(op disktest.Op) error {
			if op.N < begun+nth || nth%4 > 1 && op.N > begun+nth { // from then on, or once
				return nil
			}
			if p.deaf = p.deaf || op.Do == "write" || op.Do == "sync" && strings.HasSuffix(op.Path, runs.JournalFile); !failed {
				failed = true
			}
			return why
		}
		err := p.live(1, 12)
		if !failed {
			require.NoError(t, err)
			break
		}
		require.ErrorIs(t, err, why, "call %d", nth)
		p.deaf, p.d.Before = false, nil
		if nth%3 == 0 {
			require.NoError(t, p.d.Crash(p.r))
		}
		require.NoError(t, p.live(2, 5), "call %d", nth)
		require.NoError(t, p.live(3, 0), "call %d", nth)
		cases, orders = cases+1, orders+p.check(t, uint64(nth))
	}
	require.Greater(t, cases, 50)
	t.Logf("%d calls of the disk failed, %d orders: 0 sent after, 0 lost, 0 doubled", cases, orders)
}
