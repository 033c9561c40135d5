package driver_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// coins are daily bars of Bitcoin in January 2014 at these opens, with a volume.
func coins(volume int, opens ...int) fstest.MapFS {
	var file strings.Builder
	file.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	for i, o := range opens {
		fmt.Fprintf(&file, "BTC/USD,%s,%d,%d,%d,%d,%d\n", time.Date(2014, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.RFC3339), o, o+1, o-1, o, volume)
	}
	return fstest.MapFS{"data/coins.csv": {Data: []byte(file.String())}}
}

// An entry that did not fill ends with the next plan for its symbol: the desk does not buy
// after it decided to be flat. What the plan does not name stays.
func TestDeskCancelsItsOpenEntries(t *testing.T) {
	const entry, flat = `{"symbol":"BTC/USD","side":"buy","quantity":1,"entry":90,SIZE}`, `{"symbol":"BTC/USD","target_percent":0,SIZE}`
	opens := []int{100, 100, 100, 100, 100, 100, 100, 100, 80, 100, 100, 100}
	for name, x := range map[string]struct {
		lists    []string
		canceled string
		fills    int
	}{
		"flat":    {[]string{entry, flat, "", ""}, "canceled: o-", 0},
		"anew":    {[]string{entry, entry, entry, ""}, "canceled: o-", 1},
		"no word": {[]string{entry, "", "", ""}, "", 1},
	} {
		play := x.lists
		for i := range play {
			if play[i] == "" {
				play[i] = `{"symbol":"ETH/USD","target_percent":0,SIZE}`
			}
		}
		data := coins(1000, opens...)
		data["data/more.csv"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(data["data/coins.csv"].Data), "BTC/USD", "ETH/USD"))}
		d := &deskRun{desk: "{trader: {}}", turns: 4, every: 2, symbols: `"BTC/USD", "ETH/USD"`, data: data, play: plans(play...)}
		r, turns, err := d.run(t)
		require.NoError(t, err, name)
		require.Equal(t, x.fills, r.Fills, name)
		require.NotContains(t, turns[0].Result, "canceled", name)
		require.Contains(t, turns[1].Result, x.canceled, name)
		require.Equal(t, x.canceled != "", len(recordOf(t, turns[1]).Canceled) == 1, name)
	}
}

// What a market order of crypto leaves at the next bar ends there: the exit after it is
// neither refused nor outrun by the rest of the purchase.
func TestRuleSellsWhatAThinMarketGave(t *testing.T) {
	opens := make([]int, 20)
	for i := range opens {
		opens[i] = 100
	}
	c := idea{symbols: "[BTC/USD]", rule: "from: 2014-01-03\nrule: case when date < '2014-01-04' then 1 else 0 end"}.config(t, "data")
	c.Files = coins(1000, opens...)
	_, err := driver.Run(t.Context(), c)
	require.NoError(t, err)
	journal, err := runs.Strict{FS: os.DirFS(c.Dir)}.Journal()
	require.NoError(t, err)
	var held, bought pitwall.Dec
	for _, e := range journal {
		if e.Order != nil {
			require.Equal(t, pitwall.IOC, e.Order.TIF)
		}
		if e.Fill != nil && e.Fill.Side == pitwall.Buy {
			held, bought = held+e.Fill.Qty, bought+e.Fill.Qty
		} else if e.Fill != nil {
			held -= e.Fill.Qty
		}
	}
	require.Equal(t, pitwall.Int(100), bought, "a tenth of one bar")
	require.Zero(t, held)
}
