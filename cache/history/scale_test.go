package history

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func TestScaleByTheFirstClose(t *testing.T) {
	for close, want := range map[string]string{
		"0.01": "0", "0.00999": "1000", "0.001": "1000", "0.000999": "1000000", "9.25e-06": "1000000", "1.249E-07": "1000000000", "5e-10": "1000000000",
	} {
		s, err := load(Options{}, "a.csv", head+"PEPE-USD,2024-01-02,"+close+","+close+","+close+","+close+",5e12\n")
		require.NoError(t, err, close)
		x := s.Series()[0]
		require.Equal(t, want, x.Instrument.Scale.String(), close)
		exact, _, err := rounded(shifted(close, map[string]int{"0": 0, "1000": 3, "1000000": 6, "1000000000": 9}[want]))
		require.NoError(t, err)
		require.Equal(t, exact, x.Close[0])
		require.InDelta(t, 5e12, x.Volume[0]*max(1, x.Instrument.Scale.Float()), 1, "volume is in quoted units")
	}
}

// Later bars never change how earlier ones are quoted, and a dividend is multiplied
// like the price.
func TestScaleIsOfTheFirstBarAlone(t *testing.T) {
	first := "X,2024-01-02,0.005,0.005,0.005,0.005,1000000\n"
	short, err := load(Options{}, "a.csv", head+first)
	require.NoError(t, err)
	long, err := load(Options{}, "a.csv", head+first+"X,2024-01-03,50,50,50,50,1000000\n", "b.csv", "symbol,ex_date,type,value\nX,2024-01-03,dividend,0.002\nX,2024-01-04,split,2\n")
	require.NoError(t, err)
	a, b := short.Series()[0], long.Series()[0]
	require.Equal(t, a.Instrument, b.Instrument)
	require.Equal(t, a.Bar(0), b.Bar(0))
	require.Equal(t, "5 0.001", b.Close[0].String()+" "+b.Instrument.Lot.String(), "a share is a thousandth")
	require.Equal(t, "50000", b.Close[1].String())
	require.Equal(t, "2", long.Actions()[0].Value.String(), "0.002 a share, 2 per 1,000")
	require.Equal(t, "2", long.Actions()[1].Value.String(), "a split is a ratio")
	for _, s := range []*Store{short, long} {
		w := s.DatedWarnings([]string{"X"}, time.Time{}, time.Time{})
		require.Equal(t, "X is quoted per 1,000 units: a price of 5 is 0.005 each, a quantity of 1 is 1,000", w[0].Text)
		require.Equal(t, b.Bar(0).Known, w[0].Known)
	}
}

// instruments.csv states the scale, 1 for none.
func TestScaleIsStated(t *testing.T) {
	bars := head + "SHIB-USD,2024-01-02,9.21e-06,9.30e-06,9.15e-06,9.25e-06,8.5E+12\n"
	one, err := load(Options{}, "a.csv", bars, "i.csv", "symbol,kind,scale\nSHIB-USD,crypto,1\n")
	require.NoError(t, err)
	require.Equal(t, "0.00000925", one.Series()[0].Close[0].String())
	require.Empty(t, one.DatedWarnings([]string{"SHIB-USD"}, time.Time{}, time.Time{}))
	all, err := load(Options{}, "a.csv", bars, "i.csv", "symbol,kind,scale,tick,lot\nSHIB-USD,crypto,1000000000,0.00000001,1000\n")
	require.NoError(t, err)
	in := all.Series()[0].Instrument
	require.Equal(t, "9250 1000000000 10 0.000001", all.Series()[0].Close[0].String()+" "+in.Scale.String()+" "+in.Tick.String()+" "+in.Lot.String())
	_, err = load(Options{}, "a.csv", bars, "i.csv", "symbol,kind,scale\nSHIB-USD,crypto,100\n")
	require.ErrorContains(t, err, `d/i.csv:2: scale: "100" is not supported; use 1, 1000, 1000000 or 1000000000`)
}

// A price is rounded where that changes less than 1e-9 of it, or 1e-4 where it is
// quoted in thousands, and refused otherwise.
func TestRoundedPrices(t *testing.T) {
	for text, want := range map[string]string{ // half to even at the eighth decimal
		"101.123456785": "101.12345678", "101.123456775": "101.12345678", "101.1234567750000001": "101.12345678", "5.00000000500000041": "5.00000001",
		"100.75999999999999": "100.76", "1.000000001": "1",
	} {
		d, loss, err := rounded(text)
		require.NoError(t, err)
		require.Equal(t, want, d.String(), text)
		require.Less(t, loss, noise*2)
	}
	d, _, err := rounded("-101.123456785")
	require.NoError(t, err)
	require.Equal(t, "-101.12345678", d.String())
	s, err := load(Options{}, "a.csv", head+"A,2024-01-02,100.75999999999999,101,100,100.76000000000001,1\n")
	require.NoError(t, err, "float noise")
	require.Equal(t, "100.76", s.Series()[0].Open[0].String())
	first := head + "X,2024-01-02,0.000005,0.000005,0.000005,0.000005,1\n"
	s, err = load(Options{}, "a.csv", first+"X,2024-01-03,0.00000000050000001,0.000005,0.00000000050000001,0.000005,1\n")
	require.NoError(t, err)
	require.Equal(t, "0.00050000", s.Series()[0].Open[1].String()+"0000", "5e-10 is 0.0005 per million; 2e-8 of it is lost")
	w := s.DatedWarnings([]string{"X"}, time.Time{}, time.Time{})
	require.Equal(t, "X has prices of more than 8 decimals, which are rounded, from 2024-01-03 on", w[1].Text)
	require.Equal(t, s.Series()[0].Bar(1).Known, w[1].Known)
	_, err = load(Options{}, "a.csv", first+"X,2024-01-03,0.00000000000123456,0.000005,0.00000000000123456,0.000005,1\n")
	require.ErrorContains(t, err, "d/a.csv:3: open: \"0.00000000000123456\" would lose 0.0037 of its value at 8 decimals (it is quoted per 1,000,000 units); write a larger scale into instruments.csv")
	require.Equal(t, pitwall.DataError, pitwall.CodeOf(err))
	_, err = load(Options{}, "a.csv", head+"X,2024-01-02,0.000005x,0.000005,0.000005,0.000005,1\n")
	require.ErrorContains(t, err, "\"0.000005x\" is not a decimal number", "as it is written")
}
