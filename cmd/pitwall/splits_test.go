package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// README's line for data of one's own, over two splits of TQQQ: the averages that
// the strategy decides by are those of prices restated for the splits known at each
// turn, computed here from the files alone; and each turn's decision follows.
func TestAveragesAcrossSplits(t *testing.T) {
	t.Parallel()
	files := sharedFiles(t)[:4]
	dir := t.TempDir()
	_, errs, code := command(t, dir, nil, "init", "mine")
	require.Equal(t, 0, code, errs)
	backtestJSON(t, dir, nil, append([]string{"mine", "--symbols", "TQQQ,SHV", "--from", "2020-06-01", "--to", "2022-12-30", "--out", "run"}, files...)...)

	days, closes := map[string][]string{}, map[string][]float64{}
	for _, row := range readCSV(t, files[1]) {
		price, err := strconv.ParseFloat(row[5], 64)
		require.NoError(t, err)
		days[row[0]], closes[row[0]] = append(days[row[0]], row[1]), append(closes[row[0]], price)
	}
	splits := map[string]float64{}
	for _, row := range readCSV(t, files[3]) {
		if row[0] == "TQQQ" && row[2] == "split" {
			ratio, err := strconv.ParseFloat(row[3], 64)
			require.NoError(t, err)
			splits[row[1]] = ratio
		}
	}
	// average is that of the 100 closes up to a day, as of that day.
	average := func(symbol, day string) (last, mean float64) {
		n := 0
		for n < len(days[symbol]) && days[symbol][n] <= day {
			n++
		}
		for i := n - 100; i < n; i++ {
			price := closes[symbol][i]
			for ex, ratio := range splits {
				if symbol == "TQQQ" && ex > days[symbol][i] && ex <= day {
					price /= ratio
				}
			}
			mean += price / 100
			last = price
		}
		return last, mean
	}
	raw, err := os.ReadFile(filepath.Join(dir, "run", "journal.jsonl"))
	require.NoError(t, err)
	figures := regexp.MustCompile(`^(not )?above its average: close ([\d.]+), average of 100 bars ([\d.]+)$`)
	checked, across := 0, 0
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		var e struct {
			Kind  string `json:"kind"`
			AsOf  string `json:"as_of"`
			Order struct {
				Symbol, Reason string
			} `json:"order"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		m := figures.FindStringSubmatch(e.Order.Reason)
		if e.Kind != "intent" || m == nil {
			continue
		}
		day := e.AsOf[:10]
		last, mean := average(e.Order.Symbol, day)
		require.Equal(t, []string{fmt.Sprintf("%.2f", last), fmt.Sprintf("%.2f", mean)}, m[2:], "%s %s", day, e.Order.Symbol)
		require.Equal(t, last > mean, m[1] == "", "%s %s", day, e.Order.Symbol)
		checked++
		for ex := range splits {
			if e.Order.Symbol == "TQQQ" && within(days["TQQQ"], ex, day) {
				across++
			}
		}
	}
	require.Greater(t, checked, 20)
	require.Positive(t, across, "no decision within 100 bars after a split")
}

// within reports whether a day is at most 100 bars after another.
func within(days []string, from, to string) bool {
	n := 0
	for _, d := range days {
		if d >= from && d <= to {
			n++
		}
	}
	return n > 0 && n <= 100
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	return rows[1:]
}
