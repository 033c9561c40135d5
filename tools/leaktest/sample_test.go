package leaktest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// sampleDays is how long the sample is.
const sampleDays = 70

// The tests of cmd/pitwall read the sample from a file.
func TestSampleFile(t *testing.T) {
	const file = "testdata/sample.json"
	body, err := json.Marshal(Sample())
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(file, append(body, '\n'), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(body)+"\n", "go test ./tools/leaktest -run SampleFile -update")
}

// Sample is made-up data with a case of each kind: a symbol that lists late and
// one that ends early, a split and dividends, news with a correction, vintages, a
// series of which only revised values exist, restated statements, filings, events that
// are moved and called off.
func Sample() Data {
	r := rand.New(rand.NewPCG(11, 13))
	zone, err := pitwall.LoadZone("America/New_York")
	if err != nil {
		zone = time.FixedZone("EST", -5*3600)
	}
	day := func(n int) time.Time { return time.Date(2023, 3, 1+n, 0, 0, 0, 0, zone) }
	var d Data
	for _, x := range []struct {
		symbol      string
		first, last int
	}{{"AAA", 0, sampleDays}, {"BBB", 0, sampleDays}, {"GONE", 0, 40}, {"LATE", 35, sampleDays}} {
		s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: x.symbol, Kind: pitwall.Equity, Currency: "USD", Lot: pitwall.One, Zone: zone}, Size: pitwall.OneDay, Adjusted: pitwall.Raw}
		cents := int64(10_000)
		for n := x.first; n < x.last; n++ {
			open := cents + r.Int64N(201) - 100
			cents = max(1000, open+r.Int64N(401)-200)
			at := day(n)
			b := pitwall.Bar{Symbol: x.symbol, Start: at.Add(9*time.Hour + 30*time.Minute), End: at.Add(16 * time.Hour), Known: at.Add(16 * time.Hour),
				Open: pitwall.Dec(open) * pitwall.One / 100, Close: pitwall.Dec(cents) * pitwall.One / 100, Volume: float64(100_000 + r.IntN(900_000))}
			b.High, b.Low = max(b.Open, b.Close)+pitwall.One/2, min(b.Open, b.Close)-pitwall.One/2
			if err := s.Append(b); err != nil {
				panic(err) // the sample is ours
			}
		}
		d.Series = append(d.Series, s)
	}
	d.Actions = []pitwall.Action{{Symbol: "AAA", Ex: day(20), Type: "dividend", Value: pitwall.One}, {Symbol: "AAA", Ex: day(45), Type: "split", Value: pitwall.Int(2)}, {Symbol: "BBB", Ex: day(50), Type: "dividend", Value: pitwall.One}}
	for n := range sampleDays {
		at := day(n)
		words := []string{"earnings", "the merger", "a recall", "an upgrade"}[r.IntN(4)]
		id := fmt.Sprintf("n%03d", n)
		item := pitwall.Record{Kind: pitwall.News, ID: id, Symbols: []string{[]string{"AAA", "BBB"}[n%2]}, Event: at, Known: at.Add(time.Duration(8+r.IntN(12)) * time.Hour), Title: fmt.Sprintf("%s %d: the first text", words, n), Text: "as published", Source: "wire"}
		d.Records = append(d.Records, item)
		if n%5 == 0 {
			item.ID, item.Title, item.Known = id+"-corrected", fmt.Sprintf("%s %d: the corrected text", words, n), item.Known.Add(50*time.Hour)
			d.Records = append(d.Records, item)
		}
		if n%7 == 0 {
			for v := range 3 {
				d.Records = append(d.Records, pitwall.Record{Kind: pitwall.Macro, ID: fmt.Sprintf("GDP/%d@%d", n, v), Series: "GDP", Event: at, Known: at.AddDate(0, 0, 3+9*v).Add(8*time.Hour + 30*time.Minute), Value: fmt.Sprintf("%d.%d", 100+n, r.IntN(10)), Source: "FRED"})
			}
			d.Records = append(d.Records, pitwall.Record{Kind: pitwall.Macro, ID: fmt.Sprintf("HOUST/%d", n), Series: "HOUST", Event: at, Known: at.AddDate(0, 0, 5), Value: fmt.Sprint(1000 + r.IntN(99)), Revised: true})
			for v, lag := range []int{4, 16} {
				d.Records = append(d.Records, pitwall.Record{Kind: pitwall.Fundamental, ID: fmt.Sprintf("f%d-%d", n, v), Symbols: []string{"AAA"}, Series: "revenues", Event: at, Known: at.AddDate(0, 0, lag).Add(17 * time.Hour), Value: fmt.Sprint(5000 + r.IntN(500)),
					Fields: map[string]string{"period": fmt.Sprintf("2023P%d", n/7), "statement": "income", "unit": "USD"}})
			}
		}
		if n%4 == 0 {
			d.Records = append(d.Records, pitwall.Record{Kind: pitwall.Filing, ID: fmt.Sprintf("s%d", n), Symbols: []string{"BBB"}, Event: at, Known: at.AddDate(0, 0, 10), Title: "Purchase BBB", Source: "Senator S", Fields: map[string]string{"amount": fmt.Sprintf("$%d", 1000*r.IntN(50)), "owner": "Self"}})
		}
	}
	for n := 0; n < sampleDays; n += 3 { // a date that is announced, moved and called off
		id := map[string]string{pitwall.EventID: fmt.Sprintf("e%d", n), pitwall.WholeDay: "true"}
		for v, at := range []time.Time{day(n + 20), day(n + 23), {}} {
			d.Records = append(d.Records, pitwall.Record{Kind: pitwall.Event, ID: fmt.Sprintf("e%d-%d", n, v), Symbols: []string{"AAA"}, Series: "earnings", Event: at, Known: day(n + 4*v).Add(17 * time.Hour), Text: fmt.Sprintf("quarter %d, day %d", n, n*7%9), Fields: id})
		}
	}
	return d
}
