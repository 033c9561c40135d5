package driver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

const lookerFile = "name: looker\nsymbols: [AAPL]\nbenchmark: SPX\ndata: [data]\nfrom: 2014-01-02\nto: 2014-03-31\nevery: 5\nagent: {model: script/buyhold, prompt: Buy.}\n"

// looker is a model that looks at three things and buys by what it saw; it counts how
// often it is asked.
type looker struct{ asked *[]string }

func (m looker) Reply(_ context.Context, r agentloop.Request) (agentloop.Reply, error) {
	*m.asked = append(*m.asked, strings.SplitN(r.Messages[0].User, ".", 2)[0])
	call := func(id, name, args string) agentloop.Reply {
		return agentloop.Reply{Stop: agentloop.StopCalls, Calls: []agentloop.Call{{ID: id, Name: name, Arguments: json.RawMessage(args)}}}
	}
	switch n := len(r.Messages); n {
	case 1:
		return call("a", "market_last_price", `{"symbols":["AAPL"]}`), nil
	case 2:
		return call("b", "market_indicators", `{"symbols": ["AAPL"], "names": ["sma:20"]}`), nil
	case 3:
		price, size := r.Messages[1].Results[0], "1"
		if price.IsError {
			size = "2"
		}
		if strings.Contains(r.System, "Sell.") {
			return call("c", "orders_submit", `{"symbol":"AAPL","target_percent":0}`), nil
		}
		return call("c", "orders_submit", `{"symbol":"AAPL","side":"buy","qty":`+size+`}`), nil
	}
	return agentloop.Reply{Text: "RESULT: done", Stop: agentloop.StopEnd}, nil
}

// forkOf runs a fork of the folder of a run, or the parent where f is nil. It returns whose
// turns asked the model, once for each reply.
func forkOf(t *testing.T, f *driver.Fork) (*driver.Result, []string, error) {
	t.Helper()
	var asked []string
	s, err := driver.Parse("looker.yaml", []byte(lookerFile))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	if f != nil {
		if err := f.Prepare(s); err != nil {
			return nil, nil, err
		}
	}
	c := config(filepath.Join(t.TempDir(), "run"))
	c.Strategy, c.Fork = s, f
	c.Agents, err = s.Deciders([]driver.Model{{Model: looker{&asked}, Name: "test/looker", Free: true}}, nil)
	require.NoError(t, err)
	r, err := driver.Run(t.Context(), c)
	if err == nil {
		v, err := driver.Verify(os.DirFS(r.Out))
		require.NoError(t, err)
		require.Empty(t, v.Differences)
	}
	return r, asked, err
}

// turnsOf lists which turns asked, each once.
func turnsOf(asked []string) (list []string) {
	for _, a := range asked {
		if len(list) == 0 || list[len(list)-1] != a {
			list = append(list, a)
		}
	}
	return list
}

func TestForkAsksFromItsTurnOn(t *testing.T) {
	parent, asked, err := forkOf(t, nil)
	require.NoError(t, err)
	require.Equal(t, 13, parent.Turns)
	require.Len(t, asked, 4*13)
	before := turnsIn(t, parent.Out)
	for name, c := range map[string]struct {
		fork   driver.Fork
		asks   []string // the turns that ask
		first  int      // replies asked at turn 5
		change string
		same   bool // as the parent, to the end
	}{
		"nothing":      {driver.Fork{}, []string{"Turn 5", "Turn 6", "Turn 7", "Turn 8", "Turn 9", "Turn 10", "Turn 11", "Turn 12", "Turn 13"}, 4, "none", true},
		"another word": {driver.Fork{Prompt: "Sell."}, []string{"Turn 5", "Turn 6", "Turn 7", "Turn 8", "Turn 9", "Turn 10", "Turn 11", "Turn 12", "Turn 13"}, 4, "another prompt", false},
		"hold":         {driver.Fork{Hold: true}, []string{"Turn 6", "Turn 7", "Turn 8", "Turn 9", "Turn 10", "Turn 11", "Turn 12", "Turn 13"}, 0, "answer hold", false},
		"no price":     {driver.Fork{Without: "market_last_price"}, []string{"Turn 5", "Turn 6", "Turn 7", "Turn 8", "Turn 9", "Turn 10", "Turn 11", "Turn 12", "Turn 13"}, 3, "no answer to call 1, market_last_price", false},
		"no average":   {driver.Fork{Without: "2"}, []string{"Turn 5", "Turn 6", "Turn 7", "Turn 8", "Turn 9", "Turn 10", "Turn 11", "Turn 12", "Turn 13"}, 2, "no answer to call 2, market_indicators", true},
		"lower":        {driver.Fork{Price: "AAPL=-3%"}, []string{"Turn 5", "Turn 6", "Turn 7", "Turn 8", "Turn 9", "Turn 10", "Turn 11", "Turn 12", "Turn 13"}, 4, "the price AAPL=-3%", false},
	} {
		t.Run(name, func(t *testing.T) {
			c.fork.Parent, c.fork.Turn = os.DirFS(parent.Out), 5
			r, asked, err := forkOf(t, &c.fork)
			require.NoError(t, err)
			require.Equal(t, c.asks, turnsOf(asked))
			require.Equal(t, c.first+4*8, len(asked))
			require.Equal(t, c.same, parent.Digest == r.Digest)
			require.Equal(t, &runs.Fork{Parent: parent.RunID, Digest: parent.Digest, Turn: 5, Change: c.change}, r.Manifest.Fork)
			now := turnsIn(t, r.Out)
			require.Equal(t, before[:4], now[:4])
			a, err := runs.Open(os.DirFS(parent.Out)).RawTurn(3)
			require.NoError(t, err)
			b, err := runs.Open(os.DirFS(r.Out)).RawTurn(3)
			require.NoError(t, err)
			require.True(t, bytes.Equal(a, b))
			require.Equal(t, "parent", runs.Open(os.DirFS(r.Out)).Timing()[4].Cache)
			calls, was := now[4].Calls(), before[4].Calls()
			switch name {
			case "nothing":
				require.Equal(t, parent.Manifest.TurnsDigest, r.Manifest.TurnsDigest)
			case "hold":
				require.Empty(t, calls)
				require.Equal(t, agentloop.StatusNoAction, now[4].Status)
			case "no price":
				require.Equal(t, "error NO_COVERAGE: there is no answer", calls[0].Result.Text)
				require.Equal(t, was[1].Result, calls[1].Result, "no other answer is touched")
				require.Contains(t, string(calls[2].Arguments), `"qty": 2`)
			case "no average":
				require.Equal(t, was[0], calls[0])
				require.Equal(t, "error NO_COVERAGE: there is no answer", calls[1].Result.Text)
			case "lower":
				require.NotEqual(t, was[0].Result.Text, calls[0].Result.Text)
				require.InEpsilon(t, lastClose(t, before[4])*0.97, lastClose(t, now[4]), 1e-9)
				require.InEpsilon(t, lastClose(t, before[9])*0.97, lastClose(t, now[9]), 1e-9)
			}
		})
	}
}

// lastClose reads the close that a turn was given.
func lastClose(t *testing.T, x agentloop.Turn) float64 {
	t.Helper()
	_, rest, ok := strings.Cut(x.Messages[1].Results[0].Text, "AAPL,")
	require.True(t, ok, x.Messages[1].Results[0].Text)
	text, _, _ := strings.Cut(rest, ",")
	d, err := pitwall.ParseDec(text)
	require.NoError(t, err)
	return d.Float()
}

func TestForkRefusesWhatDoesNotFit(t *testing.T) {
	parent, _, err := forkOf(t, nil)
	require.NoError(t, err)
	for want, f := range map[string]driver.Fork{
		"has no turn 99":                 {Turn: 99},
		"changes one thing; 2 are given": {Turn: 5, Hold: true, Price: "AAPL=1%"},
		"turn 5 has no call news_search": {Turn: 5, Without: "news_search"},
		"call 3 orders_submit changes":   {Turn: 5, Without: "3"},
		`the price is "AAPL=3"`:          {Turn: 5, Price: "AAPL=3"},
		"there is no data for NOPE":      {Turn: 5, Price: "NOPE=3%"},
	} {
		f.Parent = os.DirFS(parent.Out)
		_, _, err := forkOf(t, &f)
		require.ErrorContains(t, err, want)
	}
	// A record that is not what happens now: planted in the parent's turn 3.
	raw, err := os.ReadFile(filepath.Join(parent.Out, runs.TurnsFile))
	require.NoError(t, err)
	for planted, want := range map[string]string{"2014-01-24": "time is 2014-01-24", "order ": "answered other than recorded"} {
		text := string(raw)
		i := strings.Index(text, "turn 000003 ")
		switch planted {
		case "order ":
			at := i + strings.Index(text[i:], `"name": "orders_submit",`)
			at += strings.Index(text[at:], `"text": "`) + len(`"text": "`)
			text = text[:at] + "#" + text[at+1:]
		default:
			at := i + strings.Index(text[i:], `"as_of": "`) + len(`"as_of": "`)
			text = text[:at] + planted + text[at+10:]
		}
		require.NotEqual(t, string(raw), text)
		require.NoError(t, os.WriteFile(filepath.Join(parent.Out, runs.TurnsFile), []byte(text), 0o600))
		_, _, err := forkOf(t, &driver.Fork{Parent: os.DirFS(parent.Out), Turn: 5})
		require.ErrorContains(t, err, want)
		require.Equal(t, pitwall.ReplayDiverged, pitwall.CodeOf(err))
		require.ErrorContains(t, err, "that the parent ran with")
	}
}

// What an order rested on: the looker buys two where it lacks the price, and the rest
// changes nothing.
func TestEvidenceOfAnOrder(t *testing.T) {
	parent, _, err := forkOf(t, nil)
	require.NoError(t, err)
	f := &driver.Fork{Parent: os.DirFS(parent.Out)}
	_, err = f.AtOrder("o-nothing")
	require.ErrorContains(t, err, `has no order "o-nothing"`)
	var order string
	for _, e := range runs.Open(f.Parent).Journal() {
		if e.Kind == pitwall.EntryIntent && e.Turn == 6 {
			order = e.ID
		}
	}
	symbol, err := f.AtOrder(order)
	require.NoError(t, err)
	require.Equal(t, 6, f.Turn)
	var asked []string
	s, err := driver.Parse("looker.yaml", []byte(lookerFile))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	require.NoError(t, f.Prepare(s))
	c := config(t.TempDir())
	c.Strategy, c.Fork = s, f
	c.Agents, err = s.Deciders([]driver.Model{{Model: looker{&asked}, Name: "test/looker", Free: true}}, nil)
	require.NoError(t, err)
	e, err := driver.FindEvidence(t.Context(), c, order, symbol)
	require.NoError(t, err)
	require.Equal(t, []driver.WithoutAnswer{
		{Call: 1, Tool: "market_last_price", Arguments: `{"symbols":["AAPL"]}`, Qty: pitwall.Int(2), Changed: "size"},
		{Call: 2, Tool: "market_indicators", Arguments: `{"names":["sma:20"],"symbols":["AAPL"]}`, Qty: pitwall.Int(1), Changed: "none"},
	}, e.Rows)
	require.Equal(t, pitwall.Int(1), e.Qty)
	require.Equal(t, 3+2, e.Asked, "replies before the answer that lacks stand")
	require.Equal(t, 5, len(asked))
	require.Equal(t, []string{"Turn 6"}, turnsOf(asked))
}

// Replies that a turn keeps from its parent count for usd_per_turn: with what they used in
// the replay cache the turn ends where the parent's did, and without it the fork refuses.
func TestKeptRepliesCountForTheTurn(t *testing.T) {
	used := agentloop.Usage{Input: 80_000, Output: 100} // 0.24 USD: the turn can pay two
	play := func(role string, r agentloop.Request) (agentloop.Reply, error) {
		if role == "technical" && len(r.Messages) == 1 {
			return agentloop.Reply{Usage: used, Stop: agentloop.StopCalls, Calls: []agentloop.Call{{ID: "a", Name: "market_last_price", Arguments: json.RawMessage(`{"symbols":["AAPL"]}`)}}}, nil
		}
		return agentloop.Reply{Text: usual(role), Usage: used}, nil
	}
	limit := func(a *agentloop.Agent) {
		a.Budget.USDPerTurn = pitwall.One / 2
		for i := range a.Roles {
			a.Roles[i].Price = &agentloop.Price{In: pitwall.Int(3), Out: pitwall.Int(15)}
		}
	}
	cache := &deskCache{m: map[string][]byte{}}
	parent := &deskRun{desk: "{parallel: 1, analysts: [technical], trader: {}}", turns: 1, play: play, cache: cache, change: limit}
	p, turns, err := parent.run(t)
	require.NoError(t, err)
	require.Contains(t, turns[0].Result, "trader absent", "usd_per_turn is used")
	for _, kept := range []bool{true, false} {
		d := &deskRun{desk: parent.desk, turns: 1, play: play, change: limit, fork: &driver.Fork{Parent: os.DirFS(p.Out), Turn: 1, Without: "market_last_price"}}
		if kept {
			d.cache = cache
		}
		r, turns, err := d.run(t)
		if !kept {
			require.ErrorContains(t, err, "turn 1 keeps reply 1 of its parent, whose cost counts for usd_per_turn")
			continue
		}
		require.NoError(t, err)
		require.Contains(t, turns[0].Result, "trader absent")
		require.Positive(t, *r.CostUSDRecorded)
	}
}
