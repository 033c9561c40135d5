package main

import (
	"cmp"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// README's line over real prices, `backtest mine --symbols TQQQ,SHV`, against an
// independent computation: what the rule holds by averages of prices that are restated
// for splits (and, with total return, for dividends) as of each turn, and what its fills
// are worth by the file's own opens and closes, splits and dividends. TQQQ splits 2:1
// twice inside the run: an average of as-traded prices would leave it for 100 days.
func TestRotationOfTwo(t *testing.T) {
	t.Parallel()
	folder, err := filepath.Abs("../../../shared/data/daily")
	require.NoError(t, err)
	if _, err := os.Stat(folder); err != nil {
		t.Skip("skipped: no ../shared")
	}
	actions := filepath.Join(folder, "corporate_actions.csv")
	for name, c := range map[string]struct {
		prices, data string // data is what --data names
		actions      bool
	}{
		"as traded":    {"us_daily_raw.csv", filepath.Join(folder, "us_daily_raw.csv"), true},
		"total return": {"us_daily_adjusted.csv", "prices.csv", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, errs, code := command(t, dir, nil, "init", "mine")
			require.Equal(t, 0, code, errs)
			args := []string{"mine", "--symbols", "TQQQ,SHV", "--data", c.data, "--from", "2020-01-02", "--to", "2025-05-27"}
			if c.actions {
				args = append(args, "--data", actions)
			} else {
				raw, err := os.ReadFile(filepath.Join(folder, c.prices))
				require.NoError(t, err)
				write(t, dir, "prices.csv", string(raw), "prices.csv.yaml", "adjusted: total\n")
			}
			result := backtestJSON(t, dir, nil, args...)
			r := rotation{bars: map[string]map[string][2]float64{}}
			r.read(t, filepath.Join(folder, c.prices))
			if c.actions {
				r.readActions(t, actions)
			}
			r.follow(t, csvRows(t, filepath.Join(dir, result["out"].(string), "fills.csv")), int(result["bars"].(float64)))
			require.InDelta(t, r.worth(), result["final_equity"], 0.01)
			t.Logf("%s: %+.1f %%, %d fills", name, r.worth()/1000-100, r.fills)
		})
	}
}

// rotation recomputes a run of two symbols by day.
type rotation struct {
	bars      map[string]map[string][2]float64 // by symbol and day: open and close
	actions   []adjustment
	days      []string // of the run
	all       []string // of the data
	cash      float64
	held      map[string]float64
	fills     int
	exception int
}

type adjustment struct {
	symbol, day string
	split       bool
	value       float64
}

func (r *rotation) read(t *testing.T, file string) {
	for _, row := range readCSV(t, file) {
		symbol, day := row[0], row[1][:10]
		if symbol != "TQQQ" && symbol != "SHV" {
			continue
		}
		if r.bars[symbol] == nil {
			r.bars[symbol] = map[string][2]float64{}
		}
		r.bars[symbol][day] = [2]float64{parse(t, row[2]), parse(t, row[5])}
	}
	for day := range r.bars["TQQQ"] {
		r.all = append(r.all, day)
		if day >= "2020-01-02" && day <= "2025-05-27" {
			r.days = append(r.days, day)
		}
	}
	slices.Sort(r.all)
	slices.Sort(r.days)
}

func (r *rotation) readActions(t *testing.T, file string) {
	for _, row := range readCSV(t, file) {
		if row[0] == "TQQQ" || row[0] == "SHV" {
			r.actions = append(r.actions, adjustment{row[0], row[1], row[2] == "split", parse(t, row[3])})
		}
	}
	slices.SortStableFunc(r.actions, func(a, b adjustment) int { return cmp.Compare(a.day, b.day) })
}

func parse(t *testing.T, text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return x
}

// wanted is what the rule holds after the close of a day: above the average of the last
// 100 closes, each divided by the splits between it and that day.
func (r *rotation) wanted(symbol, today string) bool {
	var closes []float64
	for _, day := range r.all {
		if bar, ok := r.bars[symbol][day]; ok && day <= today {
			price := bar[1]
			for _, a := range r.actions {
				if a.split && a.symbol == symbol && day < a.day && a.day <= today {
					price /= a.value
				}
			}
			closes = append(closes, price)
		}
	}
	sum := 0.0
	for _, x := range closes[len(closes)-100:] {
		sum += x
	}
	return closes[len(closes)-1] > sum/100
}

// follow walks the run's days: actions before the open, fills at the open, the rule at
// every fifth close.
func (r *rotation) follow(t *testing.T, fills [][]string, bars int) {
	require.Len(t, r.days, bars)
	r.cash, r.held = 100_000, map[string]float64{}
	ordered := false
	for i, day := range r.days {
		for _, a := range r.actions {
			switch {
			case a.day != day:
			case a.split:
				r.held[a.symbol] *= a.value
			default:
				r.cash += r.held[a.symbol] * a.value
			}
		}
		for ; len(fills) > 0 && fills[0][0][:10] == day; fills = fills[1:] {
			require.True(t, ordered, "%v: no order was due", fills[0])
			symbol, sign, qty := fills[0][1], 1.0, parse(t, fills[0][3])
			if fills[0][2] == "sell" {
				sign = -1
			}
			price := r.bars[symbol][day][0] * (1 + sign*5/1e4)
			require.InDelta(t, price, parse(t, fills[0][4]), 1e-6, "%v", fills[0])
			r.held[symbol] += sign * qty
			r.cash -= sign*qty*price + qty*price*10/1e4
			r.fills++
		}
		if ordered {
			for _, symbol := range []string{"TQQQ", "SHV"} {
				if (r.held[symbol] > 0) != r.wanted(symbol, r.days[i-1]) {
					r.exception++ // the purchase was refused: the cash was not there at the open
				}
			}
		}
		ordered = i%5 == 0 && ((r.held["TQQQ"] > 0) != r.wanted("TQQQ", day) || (r.held["SHV"] > 0) != r.wanted("SHV", day))
	}
	require.Empty(t, fills)
	require.LessOrEqual(t, r.exception, 3)
	require.Greater(t, r.fills, 50)
}

// worth is the money and what is held at its last close.
func (r *rotation) worth() float64 {
	worth := r.cash
	for symbol, qty := range r.held {
		worth += qty * r.bars[symbol][r.days[len(r.days)-1]][1]
	}
	return math.Round(worth*1e6) / 1e6
}
