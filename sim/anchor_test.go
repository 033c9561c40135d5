package sim_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/cache/history"
	"pitwall/sim/engine"
)

// python is Python's random.Random: the Mersenne twister behind random(), gauss()
// and randint(), for data that other engines were measured on.
type python struct {
	state [624]uint32
	at    int
	spare *float64
}

func newPython(seed uint32) *python {
	r := &python{at: 624}
	r.state[0] = 19650218
	for i := uint32(1); i < 624; i++ {
		r.state[i] = 1812433253*(r.state[i-1]^r.state[i-1]>>30) + i
	}
	i := 1
	for range 624 { // init_by_array([seed])
		r.state[i] = (r.state[i] ^ (r.state[i-1]^r.state[i-1]>>30)*1664525) + seed
		if i++; i == 624 {
			r.state[0], i = r.state[623], 1
		}
	}
	for range 623 {
		r.state[i] = (r.state[i] ^ (r.state[i-1]^r.state[i-1]>>30)*1566083941) - uint32(i)
		if i++; i == 624 {
			r.state[0], i = r.state[623], 1
		}
	}
	r.state[0] = 0x80000000
	return r
}

func (r *python) next() uint32 {
	if r.at == 624 {
		for k := range 624 {
			y := r.state[k]&0x80000000 | r.state[(k+1)%624]&0x7fffffff
			r.state[k] = r.state[(k+397)%624] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		r.at = 0
	}
	y := r.state[r.at]
	r.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

func (r *python) random() float64 {
	a, b := r.next()>>5, r.next()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}

func (r *python) gauss(mu, sigma float64) float64 {
	if z := r.spare; z != nil {
		r.spare = nil
		return mu + *z*sigma
	}
	turn, rad := r.random()*2*math.Pi, math.Sqrt(-2*math.Log(1-r.random()))
	spare := math.Sin(turn) * rad
	r.spare = &spare
	return mu + math.Cos(turn)*rad*sigma
}

func (r *python) randint(a, b int) int {
	n := uint32(b - a + 1)
	bits := 0
	for x := n; x > 0; x >>= 1 {
		bits++
	}
	for {
		if v := r.next() >> (32 - bits); v < n {
			return a + int(v)
		}
	}
}

// The first numbers of random.Random(42).
func TestPythonRandom(t *testing.T) {
	r := newPython(42)
	require.Equal(t, 0.6394267984578837, r.random())
	require.Equal(t, 0.025010755222666936, r.random())
	require.InDelta(t, -0.14409032957792836, newPython(42).gauss(0, 1), 1e-15)
}

// walked is the random walk of the engines' comparison (reference/engine.md 4.3).
func walked(t *testing.T, minute bool) *pitwall.Series {
	r, p := newPython(42), 100.0
	s := &pitwall.Series{Instrument: pitwall.Instrument{Symbol: "W", Lot: pitwall.One}, Size: 24 * time.Hour}
	n, sd, day := 2520, 0.012, time.Date(2015, 1, 2, 0, 0, 0, 0, time.UTC)
	if minute {
		n, sd, day, s.Size = 252*390, 0.0006, time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), time.Minute
	}
	price := func(f float64) pitwall.Dec {
		d, err := pitwall.ParseDec(strconv.FormatFloat(f, 'f', 4, 64))
		require.NoError(t, err)
		return d
	}
	for i := range n {
		if !minute || i%390 == 0 {
			for i > 0 || day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
				if day = day.AddDate(0, 0, 1); day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
					break
				}
			}
		}
		o, drift := p, 0.0
		if !minute {
			o, drift = p*(1+r.gauss(0, sd/4)), 0.0003
		}
		c := o * (1 + r.gauss(drift, sd))
		h := max(o, c) * (1 + math.Abs(r.gauss(0, sd/2)))
		l := min(o, c) * (1 - math.Abs(r.gauss(0, sd/2)))
		least, most := 1_000_000, 100_000_000
		if minute {
			least, most = 1000, 100_000
		}
		v := r.randint(least, most)
		b := pitwall.Bar{Start: day.Add(9*time.Hour + 30*time.Minute), Open: price(o), High: price(h), Low: price(l), Close: price(c), Volume: float64(v)}
		if minute {
			b.Start = b.Start.Add(time.Duration(i%390) * time.Minute)
			b.End = b.Start.Add(time.Minute)
		} else {
			b.End = b.Start.Add(390 * time.Minute)
		}
		b.Known, p = b.End, c
		require.NoError(t, s.Append(b))
	}
	return s
}

// The cross of two moving averages, 100 units, 5 bps, ends where backtrader,
// backtesting.py and the vectorbt kernel ended (reference/engine.md 4.2).
func TestMovingAverageCross(t *testing.T) {
	for _, c := range []struct {
		name       string
		minute     bool
		fast, slow int
		orders     int
		equity     string
	}{{"daily", false, 10, 50, 79, "96780.5936"}, {"minute", true, 20, 100, 1390, "92695.1032"}} {
		t.Run(c.name, func(t *testing.T) {
			s := walked(t, c.minute)
			d, err := engine.NewData(source{[]*pitwall.Series{s}}, []string{"W"}, s.Bar(0).Start, time.Time{})
			require.NoError(t, err)
			e := engine.New(engine.Config{Data: d, Books: []engine.Account{{Cash: pitwall.Int(100_000)}}, Costs: pitwall.Costs{CommissionBps: pitwall.Int(5)}, Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}})
			var fast, slow pitwall.Dec // sums of closes
			before, orders := 0, 0
			for i := range s.Len() {
				_, err := e.Step()
				require.NoError(t, err)
				fast, slow = fast+s.Close[i], slow+s.Close[i]
				if i >= c.fast {
					fast -= s.Close[i-c.fast]
				}
				if i >= c.slow {
					slow -= s.Close[i-c.slow]
				}
				if i < c.slow-1 {
					continue
				}
				sign := 0
				if a, b := fast*pitwall.Dec(c.slow), slow*pitwall.Dec(c.fast); a > b {
					sign = 1
				} else if a < b {
					sign = -1
				}
				held := e.Book(0).Positions[0].Qty
				order := engine.Spec{Side: engine.Buy, TIF: engine.GTC, Qty: pitwall.Int(100)}
				switch {
				case before < 0 && sign > 0 && held == 0:
				case before > 0 && sign < 0 && held > 0:
					order.Side = engine.Sell
				default:
					order.Qty = 0
				}
				if sign != 0 {
					before = sign
				}
				if order.Qty != 0 && i < s.Len()-1 {
					_, refused := e.Submit(order)
					require.Nil(t, refused)
					orders++
				}
			}
			require.Equal(t, c.orders, orders)
			require.Equal(t, c.equity, e.Book(0).Equity().Round(4).String())
		})
	}
}

// sharedDaily is the recorded daily data, or a reason to skip.
func sharedDaily(t *testing.T, symbols ...string) *history.Store {
	const dir = "../../shared/data/daily"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("skipped: no ../shared")
	}
	store, err := history.Load(context.Background(), []history.Input{{FS: os.DirFS(dir), Path: "us_daily_raw.csv", Adjusted: pitwall.Raw}, {FS: os.DirFS(dir), Path: "corporate_actions.csv"}}, history.Options{Symbols: symbols})
	require.NoError(t, err)
	return store
}

// Buy and hold with dividends reinvested on raw prices and corporate actions
// reproduces adj_close's total return, splits included.
func TestReinvestedReturnIsAdjClose(t *testing.T) {
	symbols := []string{"TQQQ", "SPY", "AAPL", "SHV", "JPM"}
	store := sharedDaily(t, symbols...)
	f, err := os.Open("../../shared/data/daily/us_daily_raw.csv")
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	adj := map[string]float64{}
	for _, r := range rows[1:] {
		adj[r[0]+r[1]], err = strconv.ParseFloat(r[7], 64)
		require.NoError(t, err)
	}
	for _, symbol := range symbols {
		t.Run(symbol, func(t *testing.T) {
			var s pitwall.Series
			for _, x := range store.Series() {
				if x.Instrument.Symbol == symbol {
					s = *x
				}
			}
			s.Instrument.Lot = 1 // fractions to the last digit
			d, err := engine.NewData(goldenSource{[]*pitwall.Series{&s}, store.Actions()}, []string{symbol}, s.Bar(0).Start, time.Time{})
			require.NoError(t, err)
			e := engine.New(engine.Config{Data: d, Books: []engine.Account{{Cash: pitwall.Int(10_000_000), Terms: pitwall.Terms{Reinvest: true}}}, Rules: pitwall.Rules{VolumeShare: pitwall.NoVolumeLimit}})
			_, err = e.Step()
			require.NoError(t, err)
			_, refused := e.Submit(engine.Spec{Side: engine.Buy, TIF: engine.GTC, Qty: pitwall.Int(10_000)})
			require.Nil(t, refused)
			_, err = e.Step()
			require.NoError(t, err)
			first := e.Book(0).Positions[0].Value.Float()
			require.NoError(t, e.Run())
			last := e.Book(0).Positions[0].Value.Float()
			day := func(i int) string { return symbol + s.Bar(i).Start.Format(time.DateOnly) }
			want := adj[day(s.Len()-1)] / adj[day(1)]
			off := last/first/want - 1
			t.Logf("%s: %.6f times, adj_close %.6f times: %+.1e off", symbol, last/first, want, off)
			require.Less(t, math.Abs(off), 1e-5, fmt.Sprintf("%v against %v", last/first, want))
		})
	}
}
