package audit

import (
	"fmt"
	"strings"
	"time"

	"pitwall"
)

// ReadTrades makes trades of rows of timestamp, symbol, side, qty, price and fee; a fee
// may be empty. A stamp without a zone is the exchange's time: zone says which that is.
// lines are those of the file, for messages; empty counts rows.
func ReadTrades(name string, rows [][]string, lines []int, zone func(symbol string) *time.Location) ([]Trade, error) {
	trades := make([]Trade, len(rows))
	for i, row := range rows {
		line := i + 1
		if i < len(lines) {
			line = lines[i]
		}
		var err error
		if trades[i], err = readTrade(row, zone); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		trades[i].Line = line
	}
	return trades, nil
}

func readTrade(row []string, zone func(string) *time.Location) (t Trade, err error) {
	if len(row) != 6 {
		return t, fmt.Errorf("%d columns; a trade has 6", len(row))
	}
	t.Symbol, t.Side, t.Opening = row[1], pitwall.Side(row[2]), row[2] == "opening"
	if t.Opening {
		t.Side = pitwall.Buy
	}
	if t.Symbol == "" {
		return t, fmt.Errorf("symbol is empty")
	}
	if t.Side != pitwall.Buy && t.Side != pitwall.Sell {
		return t, fmt.Errorf("side %q is neither buy nor sell", row[2])
	}
	for _, f := range []struct {
		column, text string
		to           *pitwall.Dec
		optional     bool
	}{{"qty", row[3], &t.Qty, false}, {"price", row[4], &t.Price, t.Opening}, {"fee", row[5], &t.Fee, true}} {
		if f.text == "" && f.optional {
			continue
		}
		if *f.to, err = pitwall.ParseDec(f.text); err != nil {
			return t, fmt.Errorf("%s: %w", f.column, err)
		}
	}
	loc := zone(t.Symbol)
	if loc == nil {
		loc = time.UTC
	}
	t.Time, t.DateOnly, err = readStamp(row[0], loc)
	return t, err
}

// readStamp reads a date, or a time with or without seconds, fraction and zone.
func readStamp(s string, loc *time.Location) (t time.Time, dateOnly bool, err error) {
	if t, err := time.ParseInLocation(time.DateOnly, s, loc); err == nil {
		return t, true, nil
	}
	text := strings.Replace(s, " ", "T", 1)
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00"} {
		if t, err := time.ParseInLocation(layout, text, loc); err == nil {
			return t, false, nil
		}
	}
	return t, false, fmt.Errorf("timestamp %q is neither 2024-01-02 nor 2024-01-02 09:30:00 nor RFC 3339", s)
}
