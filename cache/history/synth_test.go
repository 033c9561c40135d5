package history

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func synth(t *testing.T, s Synth) string {
	t.Helper()
	var b bytes.Buffer
	_, err := s.Write(&b)
	require.NoError(t, err)
	return b.String()
}

func loadMadeUp(t *testing.T, text string) *Store {
	t.Helper()
	s, err := Load(context.Background(), []Input{{FS: fstest.MapFS{"m.csv": {Data: []byte(text)}}, Path: "m.csv"}}, Options{})
	require.NoError(t, err)
	return s
}

// Made-up bars are loaded as any others, on the sessions of each symbol's exchange, move
// as stated, and are marked. A seed gives the same bytes on every machine.
func TestSynth(t *testing.T) {
	day := func(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }
	want := Synth{Symbols: []string{"AAPL", "VOD.L", "BTC-USD"}, From: day(2010, 1, 1), To: day(2019, 12, 31), Seed: 42, Volatility: 2 * pitwall.One / 100}
	text := synth(t, want)
	s := loadMadeUp(t, text)
	bars := map[string]int{"AAPL": 2516, "BTC-USD": 3652, "VOD.L": 2526} // sessions of New York, days, sessions of London
	for _, x := range s.Series() {
		require.Equal(t, bars[x.Instrument.Symbol], x.Len(), x.Instrument.Symbol)
		var sum, squares float64
		for i := 1; i < x.Len(); i++ {
			r := math.Log(x.Close[i].Float() / x.Close[i-1].Float())
			sum, squares = sum+r, squares+r*r
			require.Positive(t, x.Volume[i])
		}
		n := float64(x.Len() - 1)
		require.InDelta(t, 0.02, math.Sqrt(squares/n-sum*sum/n/n), 0.001, x.Instrument.Symbol)
		require.Less(t, math.Abs(sum/n+0.0002), 4*0.02/math.Sqrt(n), "%s drifts", x.Instrument.Symbol)
	}
	require.Len(t, s.MadeUp(), 3)
	require.Equal(t, pitwall.Warning{Known: s.Series()[0].Bar(0).Known, Code: pitwall.MadeUp, Text: "prices of AAPL are made up (random walk; seed 42; volatility 0.02 a day): the result says nothing about a market"}, s.MadeUp()[0])

	sum := sha256.Sum256([]byte(text))
	require.Equal(t, "0ccdd438c46da987", hex.EncodeToString(sum[:8]))
	alone, other := want, want
	alone.Symbols, other.Seed = []string{"VOD.L"}, 43
	require.Contains(t, text, strings.SplitN(synth(t, alone), "\n", 2)[1], "a symbol's bars depend on the others")
	require.NotEqual(t, text, synth(t, other))
}

// The mark survives another order of columns, another separator and a spreadsheet.
func TestSynthMark(t *testing.T) {
	const rows = "made_up;Date;Open;High;Low;Close;Ticker\nwalk;03.01.2024;1,5;2,5;1,5;2,5;X\nwalk;04.01.2024;1,5;2,5;1,5;2,5;X\nwalk;15.01.2024;1,5;2,5;1,5;2,5;X\n"
	require.Equal(t, "prices of X are made up (walk): the result says nothing about a market", loadMadeUp(t, rows).MadeUp()[0].Text)
	require.Empty(t, loadMadeUp(t, strings.ReplaceAll(rows, "walk", "")).MadeUp())

	l := &Local{Dir: t.TempDir(), Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }}
	_, err := l.Import(context.Background(), Input{FS: fstest.MapFS{"m.csv": {Data: []byte(rows)}}, Path: "m.csv", Show: "m.csv"})
	require.ErrorContains(t, err, "m.csv: its prices are made up, and the store keeps only those of markets")
}

func TestSynthRefuses(t *testing.T) {
	day := time.Date(2024, 1, 6, 0, 0, 0, 0, time.UTC) // a Saturday
	for text, s := range map[string]Synth{
		"the volatility of a day is 0":                      {Symbols: []string{"A"}, From: day, To: day},
		"there is no session from 2024-01-06 to 2024-01-06": {Symbols: []string{"A"}, From: day, To: day, Volatility: 1},
	} {
		_, err := s.Write(&bytes.Buffer{})
		require.ErrorContains(t, err, text)
	}
}
