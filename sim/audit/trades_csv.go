package audit

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"pitwall"
)

// ReadTrades reads a CSV file whose header names at least timestamp, symbol,
// side, qty and price; fee is optional and other columns are ignored. A stamp
// without a zone is the exchange's time: zone says which that is.
func ReadTrades(name string, r io.Reader, zone func(symbol string) *time.Location) ([]Trade, error) {
	rows := csv.NewReader(r)
	rows.TrimLeadingSpace = true
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("%s line 1: reading the header: %w", name, err)
	}
	columns := map[string]int{}
	for i, h := range header {
		columns[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))] = i
	}
	for _, c := range []string{"timestamp", "symbol", "side", "qty", "price"} {
		if _, ok := columns[c]; !ok {
			return nil, fmt.Errorf("%s line 1: no column %q; the header must name timestamp, symbol, side, qty and price", name, c)
		}
	}
	var trades []Trade
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return trades, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err) // names the line
		}
		line, _ := rows.FieldPos(0)
		get := func(column string) string {
			if i, ok := columns[column]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		t, err := readTrade(get, zone)
		if err != nil {
			return nil, fmt.Errorf("%s line %d: %w", name, line, err)
		}
		t.Line = line
		trades = append(trades, t)
	}
}

func readTrade(get func(string) string, zone func(string) *time.Location) (Trade, error) {
	t := Trade{Symbol: get("symbol"), Side: pitwall.Side(strings.ToLower(get("side")))}
	if t.Symbol == "" {
		return t, fmt.Errorf("symbol is empty")
	}
	if t.Side != pitwall.Buy && t.Side != pitwall.Sell {
		return t, fmt.Errorf("side %q is neither buy nor sell", get("side"))
	}
	for _, f := range []struct {
		column string
		to     *pitwall.Dec
	}{{"qty", &t.Qty}, {"price", &t.Price}, {"fee", &t.Fee}} {
		text := get(f.column)
		if text == "" && f.column == "fee" {
			continue
		}
		d, err := pitwall.ParseDec(text)
		if err != nil {
			return t, fmt.Errorf("%s: %w", f.column, err)
		}
		*f.to = d
	}
	loc := zone(t.Symbol)
	if loc == nil {
		loc = time.UTC
	}
	var err error
	t.Time, t.DateOnly, err = readStamp(get("timestamp"), loc)
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
