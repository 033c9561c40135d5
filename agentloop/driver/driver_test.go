package driver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/scripts"
	"pitwall/brokers/risk"
	"pitwall/cache/history"
	"pitwall/cache/runs"
	"pitwall/examples"
	"pitwall/tools/report"
)

func TestMain(m *testing.M) {
	driver.RunWorkerIfChild()
	os.Exit(m.Run())
}

// config is a short backtest of the buy-and-hold script over the bundled data.
func config(dir string) driver.Config {
	model, err := scripts.All()["buyhold"](nil)
	if err != nil {
		panic(err)
	}
	return driver.Config{
		Strategy: &driver.Strategy{Name: "short", Symbols: []string{"AAPL"}, Benchmark: "SPX", From: "2014-01-02", To: "2014-03-31", Data: []driver.DataEntry{{Path: "data"}}},
		Files:    examples.FS,
		Agents:   []agentloop.Agent{{Name: "main", Model: model, ModelName: "script/buyhold", Prompt: "Hold Apple.", Every: agentloop.Every{Bars: 20}}},
		Dir:      dir,
		Now:      time.Now,
	}
}

// A backtest in one call: the folder that it leaves is what pitwall report, trace,
// why and verify read.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "pitwall-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	result, err := driver.Run(context.Background(), config(filepath.Join(dir, "run")))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d bars, %d turns, %d fills, complete %v\n", result.Bars, result.Turns, result.Fills, result.Complete)
	// Output: 61 bars, 4 turns, 1 fills, complete true
}

// The same inputs give the same digest, and the folder can be read back.
func TestRunLeavesEvidence(t *testing.T) {
	dir := t.TempDir()
	first, err := driver.Run(t.Context(), config(filepath.Join(dir, "a")))
	require.NoError(t, err)
	second, err := driver.Run(t.Context(), config(filepath.Join(dir, "b")))
	require.NoError(t, err)
	require.Equal(t, first.Digest, second.Digest)
	require.NotEmpty(t, first.Digest)
	r := runs.Open(os.DirFS(first.Out))
	require.Empty(t, r.Notes)
	require.Equal(t, "complete", r.Manifest.Status)
	require.Equal(t, first.Digest, r.Manifest.Digest)
	require.Len(t, r.Manifest.Traded, 2, "the benchmark's bars too")
	require.Equal(t, runs.Open(os.DirFS(second.Out)).Manifest.TurnsDigest, r.Manifest.TurnsDigest)
	sums, err := runs.Strict{FS: os.DirFS(first.Out)}.Sums(r.Manifest)
	require.NoError(t, err)
	require.Equal(t, runs.Sums{Turns: first.Turns}, sums)
	read, err := report.Read(os.DirFS(first.Out), r.Manifest)
	require.NoError(t, err)
	require.Equal(t, read.Points, first.Report.Points, "figures are of what the files say, without a look at them")
	figures := func(bars map[string]*pitwall.Series) map[string]pitwall.Series { // no figure is of a file's name or of what may be ordered
		out := map[string]pitwall.Series{}
		for symbol, s := range bars {
			x := *s
			x.File, x.Instrument.Tradable = "", false
			out[symbol] = x
		}
		return out
	}
	require.Equal(t, figures(read.Bars), figures(first.Report.Bars))
	text := func(r *report.Run) string {
		body, err := json.Marshal(slices.Collect(r.Journal))
		require.NoError(t, err)
		return string(body)
	}
	require.Equal(t, text(read), text(first.Report))
}

// What cannot run leaves no folder behind, and a folder that holds something is
// never written to.
func TestRunThatCannotStart(t *testing.T) {
	for name, spoil := range map[string]func(*driver.Config){
		"no such symbol":   func(c *driver.Config) { c.Strategy.Symbols = []string{"NONE"} },
		"an index":         func(c *driver.Config) { c.Strategy.Symbols = []string{"SPX"} },
		"no bars":          func(c *driver.Config) { c.Strategy.From, c.Strategy.To = "1990-01-01", "1990-02-01" },
		"no such tool":     func(c *driver.Config) { c.Strategy.Agent.Tools = []string{"tea_make"} },
		"no data":          func(c *driver.Config) { c.Strategy.Data = nil },
		"a margin of zero": func(c *driver.Config) { zero := pitwall.Dec(0); c.Strategy.Account.Initial = &zero },
		"no host time":     func(c *driver.Config) { c.Now = nil },
		"no files":         func(c *driver.Config) { c.Files = nil },
		"no strategy":      func(c *driver.Config) { c.Strategy = nil },
		"borrowed unknown": func(c *driver.Config) {
			c.Strategy.Account = driver.Account{Type: pitwall.MarginAccount, NoBorrow: []string{"MSFT"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			c := config(dir)
			spoil(&c)
			result, err := driver.Run(t.Context(), c)
			require.Error(t, err)
			require.Nil(t, result)
			require.NoDirExists(t, dir)
		})
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine"), []byte("kept"), 0o644))
	_, err := driver.Run(t.Context(), config(dir))
	require.ErrorContains(t, err, "not empty")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

// failing is a model that never answers.
type failing struct{}

func (failing) Reply(context.Context, agentloop.Request) (agentloop.Reply, error) {
	return agentloop.Reply{}, errors.New("no model here")
}

// A run that began and failed has a result, an error and a folder that says so.
func TestRunThatFails(t *testing.T) {
	c := config(filepath.Join(t.TempDir(), "run"))
	c.Agents[0].Model = failing{}
	result, err := driver.Run(t.Context(), c)
	require.ErrorContains(t, err, "no model here")
	require.NotNil(t, result)
	require.False(t, result.Complete)
	require.Equal(t, "failed", runs.Open(os.DirFS(c.Dir)).Manifest.Status)
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"nam: x":                             `s.yaml:1: there is no key "nam"`,
		"symbols: AAPL":                      "s.yaml: line 1: unexpected value `AAPL`",
		"name: a\n---\nname: b":              "more than one document",
		"costs: {comission_bps: 1}":          `there is no key "comission_bps"`,
		"agent: {triggers: [{moves: 3}]}":    `there is no key "moves"`,
		"data: [{path: x, adjustment: raw}]": `there is no key "adjustment"`,
	} {
		_, err := driver.Parse("s.yaml", []byte(text))
		require.ErrorContains(t, err, want, text)
	}
	s, err := driver.Parse("s.yaml", []byte("# pitwall data fetch yahoo AAPL\nsymbols: [AAPL]\nrisk: {max_positions: 1}\n"))
	require.NoError(t, err)
	require.Equal(t, []string{"pitwall data fetch yahoo AAPL"}, s.Fetch)
	for text, want := range map[string]string{
		"costs: {maker_bps: -6000}": "maker_bps is -6000; use -5000 (a rebate) to 5000",
		"costs: {max_rate: 0}":      "leave it out for no cap",
	} {
		s, err := driver.Parse("s.yaml", []byte("symbols: [AAPL]\n"+text))
		require.NoError(t, err)
		require.ErrorContains(t, s.Check(), want, text)
	}
	s.Regime = &driver.Regime{Model: "magic"}
	require.ErrorContains(t, s.Check(), `regime: model is "magic"`)
}

// guarded returns a guard around the broker of a simulated world, the guard's
// journal, and that world.
func guarded(t *testing.T, change func(*driver.GuardConfig)) (pitwall.Broker, *pitwall.MemoryJournal, *pitwall.World) {
	t.Helper()
	store, err := history.Load(t.Context(), []history.Input{{FS: examples.FS, Path: "data"}}, history.Options{Symbols: []string{"AAPL"}})
	require.NoError(t, err)
	spec, err := (&driver.Strategy{Symbols: []string{"AAPL"}, From: "2014-01-02"}).Spec()
	require.NoError(t, err)
	s, err := driver.NewSim(store, spec, &pitwall.MemoryJournal{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	w, journal := s.World(), &pitwall.MemoryJournal{}
	_, err = w.Clock.Next(t.Context(), w.Clock.Now())
	require.NoError(t, err)
	c := driver.GuardConfig{Broker: w.Broker, Journal: journal, Market: w.Market, Instruments: w.Instruments, Limits: risk.NoLimits(), Now: w.Clock.Now, Halted: driver.NeverHalted, Approve: driver.ApproveAll}
	change(&c)
	g, err := driver.Guard(c)
	require.NoError(t, err)
	return g, journal, w
}

func TestGuard(t *testing.T) {
	buy := pitwall.Order{ID: "o1", Symbol: "AAPL", Side: pitwall.Buy, Qty: pitwall.Int(10), Type: pitwall.LimitOrder, Limit: pitwall.Int(60), TIF: pitwall.GTC}
	for name, c := range map[string]struct {
		change func(*driver.GuardConfig)
		order  func(*pitwall.Order)
		code   pitwall.Code // empty = sent
	}{
		"passes":             {},
		"zero limits refuse": {change: func(c *driver.GuardConfig) { c.Limits = risk.Limits{} }, code: pitwall.NotAllowed},
		"a limit": {change: func(c *driver.GuardConfig) {
			l, err := risk.Parse(map[string]any{"max_order_qty": 5})
			require.NoError(t, err)
			c.Limits = l
		}, code: "MAX_ORDER_QTY"},
		"a limit order without its price": {order: func(o *pitwall.Order) { o.Limit = 0 }, code: pitwall.InvalidInput},
		"an unknown symbol":               {order: func(o *pitwall.Order) { o.Symbol = "NONE" }, code: pitwall.UnknownSymbol},
		"halted":                          {change: func(c *driver.GuardConfig) { c.Halted = func() error { return errors.New("by Ann at 09:31") } }, code: pitwall.Halted},
		"not approved": {change: func(c *driver.GuardConfig) {
			c.Approve = func(context.Context, pitwall.Order) error { return errors.New("Ann said no") }
		}, code: pitwall.NotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			if c.change == nil {
				c.change = func(*driver.GuardConfig) {}
			}
			g, journal, w := guarded(t, c.change)
			o := buy
			if c.order != nil {
				c.order(&o)
			}
			state, err := g.Submit(t.Context(), o)
			require.NoError(t, err)
			open, err := w.Broker.Orders(t.Context(), pitwall.OrderQuery{})
			require.NoError(t, err)
			entries := journal.Entries()
			if c.code == "" {
				require.Equal(t, pitwall.Working, state.Status)
				require.Len(t, open, 1)
				require.Equal(t, pitwall.EntryIntent, entries[0].Kind, "journaled before it was sent")
				return
			}
			require.Equal(t, pitwall.Denied, state.Status)
			require.Equal(t, c.code, state.Error.Code, state.Error)
			require.Empty(t, open, "nothing was sent")
			require.Len(t, entries, 1)
			require.Equal(t, pitwall.Denied, entries[0].State.Status)
		})
	}
}

// A halt stops submissions and changes that raise a risk, and never a cancel.
func TestGuardHaltedCancels(t *testing.T) {
	var halt error
	g, _, _ := guarded(t, func(c *driver.GuardConfig) { c.Halted = func() error { return halt } })
	_, err := g.Submit(t.Context(), pitwall.Order{ID: "o1", Symbol: "AAPL", Side: pitwall.Buy, Qty: pitwall.Int(10), Type: pitwall.LimitOrder, Limit: pitwall.Int(60), TIF: pitwall.GTC})
	require.NoError(t, err)
	halt = errors.New("latched")
	_, err = g.Replace(t.Context(), "o1", pitwall.Change{Qty: pitwall.Int(20)})
	require.Equal(t, pitwall.Halted, pitwall.CodeOf(err))
	_, err = g.Replace(t.Context(), "o1", pitwall.Change{Qty: pitwall.Int(5)})
	require.NoError(t, err, "a smaller order lowers the risk")
	state, err := g.Cancel(t.Context(), "o1")
	require.NoError(t, err)
	require.Equal(t, pitwall.Canceled, state.Status)
}

func TestGuardNeedsEveryPart(t *testing.T) {
	_, err := driver.Guard(driver.GuardConfig{})
	require.ErrorContains(t, err, "needs Broker")
}
