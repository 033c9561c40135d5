package history

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Names of indices, futures and currency pairs say what they are, and the run says that
// it took them so.
func TestNamesSayTheKind(t *testing.T) {
	rows := func(symbol string) string {
		return head + symbol + ",2024-07-08,1.25,1.3,1.2,1.25,0\n" + symbol + ",2024-07-09,1.25,1.3,1.2,1.25,0\n"
	}
	for symbol, want := range map[string]struct {
		kind               pitwall.Kind
		currency, calendar string
		multiplier         int64
		known, says        string // of the first bar
	}{
		"^GSPC":    {pitwall.Index, "USD", "XNYS", 0, "2024-07-08T16:00:00-04:00", "^GSPC is read as an index by its name: it can be watched, not traded"},
		"^N225":    {pitwall.Index, "USD", "XTKS", 0, "2024-07-08T15:00:00+09:00", "an index"},
		"ES=F":     {pitwall.Future, "USD", "CMES", 50, "2024-07-08T17:00:00-05:00", "ES=F is read as a future by its name: 50 dollars a point"},
		"XX=F":     {pitwall.Future, "USD", "CMES", 1, "2024-07-08T17:00:00-05:00", "1 dollar a point (its multiplier is not known)"},
		"EURUSD=X": {pitwall.FX, "USD", "FX", 0, "2024-07-08T17:00:00-04:00", "EURUSD=X is read as a currency pair by its name: units of EUR in USD, open from Sunday 17:00 to Friday 17:00 in New York"},
		"JPY=X":    {pitwall.FX, "JPY", "FX", 0, "2024-07-08T17:00:00-04:00", "units of USD in JPY"},
	} {
		s, err := load(Options{}, "a.csv", rows(symbol))
		require.NoError(t, err, symbol)
		x := s.Series()[0]
		in := x.Instrument
		require.Equal(t, []any{want.kind, want.currency, want.calendar, pitwall.Int(want.multiplier)}, []any{in.Kind, in.Currency, in.Calendar, in.Multiplier}, symbol)
		require.Equal(t, want.known, x.Bar(0).Known.Format(time.RFC3339), symbol)
		require.Contains(t, strings.Join(s.Warnings, "\n"), want.says)
		require.Equal(t, want.kind == pitwall.FX, x.Volume[0] == pitwall.NoVolume, "%s: a pair's 0 is no volume", symbol)
	}
	for _, symbol := range []string{"^", "=F", "EURUS=X", "GSPC", "EURUSD", "ES"} {
		_, _, ok := byName(symbol)
		require.False(t, ok, symbol)
	}
	s, err := load(Options{}, "a.csv", rows("ES=F"), "instruments.csv", "symbol,kind\nES=F,index\n")
	require.NoError(t, err)
	require.Equal(t, pitwall.Index, s.Series()[0].Instrument.Kind, "instruments.csv counts")
	require.NotContains(t, strings.Join(s.Warnings, "\n"), "by its name")
	s, err = load(Options{}, "a.csv", rows("GBPUSD"), "instruments.csv", "symbol,kind\nGBPUSD,fx\n")
	require.NoError(t, err)
	require.Equal(t, "FX", s.Series()[0].Instrument.Calendar)
}

// The FX week begins on Sunday at 17:00 in New York and ends on Friday at 17:00: 2024-07-07
// and 2024-07-12. A Saturday has no session.
func TestTheWeekOfAPair(t *testing.T) {
	in, _, ok := byName("EURUSD=X")
	require.True(t, ok)
	opens, closes, ok := in.Week(day("2024-07-10"))
	require.True(t, ok)
	require.Equal(t, []string{"2024-07-07T17:00:00-04:00", "2024-07-12T17:00:00-04:00"}, []string{opens.Format(time.RFC3339), closes.Format(time.RFC3339)})
	_, _, ok = in.Session(day("2024-07-13"))
	require.False(t, ok)
	sunday := time.Date(2024, 7, 7, 18, 0, 0, 0, in.Zone)
	require.Equal(t, day("2024-07-08"), in.Day(sunday), "Sunday evening belongs to Monday")
	require.Equal(t, "2024-07-08T17:00:00-04:00", in.SessionClose(sunday).Format(time.RFC3339))
}

// Raw prices of US stocks have the exchange's cents as their tick; adjusted prices, other
// kinds, exchanges and stated ticks have none.
func TestCentsAreOfUSStocks(t *testing.T) {
	rows := func(symbol string) string { return head + symbol + ",2024-07-08,5,6,4,5,10\n" }
	for _, c := range []struct {
		symbol string
		files  []string
		want   bool
	}{
		{"A", nil, true}, {"A", []string{"a.csv.yaml", "adjusted: raw\n"}, true}, {"A", []string{"a.csv.yaml", "adjusted: split\n"}, false},
		{"A", []string{"instruments.csv", "symbol,kind\nA,etf\n"}, true}, {"A", []string{"instruments.csv", "symbol,kind,tick\nA,equity,0.05\n"}, false},
		{"BTC-USD", nil, false}, {"^GSPC", nil, false}, {"ES=F", nil, false}, {"VOD.L", nil, false},
	} {
		s, err := load(Options{}, append([]string{"a.csv", rows(c.symbol)}, c.files...)...)
		require.NoError(t, err)
		require.Equal(t, c.want, s.Series()[0].Instrument.Cents, "%s %v", c.symbol, c.files)
	}
}
