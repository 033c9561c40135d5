package history

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

// Three dividends of 0.80, a 4:1 split, two of 0.20: as they were paid, and as
// Yahoo states them, divided by the split.
func TestAmountsAsPaid(t *testing.T) {
	const (
		bars   = "symbol,timestamp,open,high,low,close,volume\nX,2020-01-02,10,10,10,10,100\nX,2020-01-03,10,10,10,10,100\n"
		header = "symbol,ex_date,type,value,source\n"
		paid   = header + "X,2020-02-03,dividend,0.8,\nX,2020-05-04,dividend,0.8,\nX,2020-08-03,dividend,0.8,\nX,2020-09-01,split,4,\nX,2020-11-03,dividend,0.2,\nX,2020-12-03,dividend,0.2,\n"
		scaled = header + "X,2020-02-03,dividend,0.2,\nX,2020-05-04,dividend,0.2,\nX,2020-08-03,dividend,0.2,\nX,2020-09-01,split,4,\nX,2020-11-03,dividend,0.2,\nX,2020-12-03,dividend,0.2,\n"
		yahoo  = header + "X,2020-05-04,dividend,0.2,\"yahoo, split-adjusted\"\nX,2020-09-01,split,4,\"yahoo, split-adjusted\"\n"
		uneven = header + "X,2020-02-03,dividend,0.01,\nX,2020-05-04,dividend,0.3,\nX,2020-09-01,split,3/2,\nX,2020-11-03,dividend,0.2,\nX,2020-12-03,dividend,0.7,\n"
	)
	want := map[string][]string{
		"paid": {"0.8", "0.8", "0.8", "4", "0.2", "0.2"}, "yahoo": {"0.8", "4"}, "as stated": {"0.2", "0.2", "0.2", "4", "0.2", "0.2"},
		"times four": {"3.2", "3.2", "3.2", "4", "0.2", "0.2"}, "uneven": {"0.01", "0.3", "3", "0.2", "0.7"}, "uneven scaled": {"0.015", "0.45", "3", "0.2", "0.7"},
	}
	for name, c := range map[string]struct {
		actions        string
		prices         pitwall.Adjustment
		entry, sidecar pitwall.Adjustment
		want           string
		warning        string
	}{
		"as paid, raw prices":            {paid, pitwall.Raw, "", "", "paid", ""},
		"as paid, split prices":          {paid, pitwall.SplitAdjusted, "", "", "paid", ""},
		"scaled, split prices":           {scaled, pitwall.SplitAdjusted, "", "", "paid", "does not say whether amounts are as paid"},
		"scaled, raw prices":             {scaled, pitwall.Raw, "", "", "paid", "does not say whether amounts are as paid"},
		"scaled, said":                   {scaled, pitwall.Raw, "", pitwall.SplitAdjusted, "paid", ""},
		"scaled, said in the entry":      {scaled, pitwall.Raw, pitwall.SplitAdjusted, "", "paid", ""},
		"scaled, said to be as paid":     {scaled, pitwall.Raw, "", pitwall.Raw, "as stated", "are taken as paid, but beside its splits and prices they look as split-adjusted"},
		"as paid, said to be scaled":     {paid, pitwall.Raw, "", pitwall.SplitAdjusted, "times four", "are taken as split-adjusted, but beside its splits and prices they look as paid"},
		"a vendor's fact":                {yahoo, pitwall.Raw, "", "", "yahoo", ""},
		"a vendor's fact before entry":   {yahoo, pitwall.Raw, pitwall.Raw, "", "yahoo", ""},
		"uneven amounts, raw prices":     {uneven, pitwall.Raw, "", "", "uneven", ""},
		"uneven amounts, split prices":   {uneven, pitwall.SplitAdjusted, "", "", "uneven scaled", "does not say whether amounts are as paid"},
		"total-adjusted amounts refused": {paid, pitwall.Raw, "", pitwall.TotalAdjusted, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"p.csv": {Data: []byte(bars)}, "a.csv": {Data: []byte(c.actions)}}
			if c.sidecar != "" {
				files["a.csv.yaml"] = &fstest.MapFile{Data: []byte("adjusted: " + string(c.sidecar) + "\n")}
			}
			s, err := Load(t.Context(), []Input{{FS: files, Path: "p.csv", Adjusted: c.prices}, {FS: files, Path: "a.csv", Adjusted: c.entry}}, Options{Size: 24 * time.Hour})
			if c.want == "" {
				require.ErrorContains(t, err, "amounts cannot be adjusted: total")
				return
			}
			require.NoError(t, err)
			var got []string
			for _, a := range s.Actions() {
				got = append(got, a.Value.String())
			}
			require.Equal(t, want[c.want], got)
			warnings := slices.Clone(s.Warnings)
			for _, w := range s.DividendWarnings([]string{"X"}, time.Time{}, day("2021-01-01")) { // beside the headline
				require.Equal(t, pitwall.Dividends, w.Code)
				warnings = append(warnings, w.Text)
			}
			if c.warning == "" {
				require.Empty(t, warnings)
			} else {
				require.Len(t, warnings, 1)
				require.Contains(t, warnings[0], c.warning)
			}
		})
	}
}

// The terms of a dividend before a 4:1 split follow from adj_close: 0.8 of 100 is a factor of 0.992 in
// raw prices and 0.2 of 25 the same in split-adjusted ones. Without adj_close they follow from
// prices that fall: by 8 of 100 on nights that move by 0.1.
func TestAmountsBesidePrices(t *testing.T) {
	bars := func(adjusted pitwall.Adjustment, paid float64, adj bool) string { // 30 days, ex on the 10th, split on the 20th
		text := strings.TrimSpace(head)
		if adj {
			text += ",adj_close"
		}
		text += "\n"
		price, factor := 100.0, (1-paid/100)/4
		for i := range 30 {
			open := price
			switch {
			case i == 9:
				open, factor = price-paid, 0.25
			case i == 19:
				open, factor = price/4, 1
			case i%2 == 0:
				open += price / 1000
			default:
				open -= price / 1000
			}
			price = open
			scale, own := 1.0, factor
			if adjusted == pitwall.SplitAdjusted && i < 19 {
				scale, own = 4, factor*4
			}
			p := price / scale
			text += fmt.Sprintf("X,%s,%.6f,%.6f,%.6f,%.6f,1000", day("2024-01-01").AddDate(0, 0, i).Format(time.DateOnly), p, p, p, p)
			if adj {
				text += fmt.Sprintf(",%.6f", p*own)
			}
			text += "\n"
		}
		return text
	}
	for name, c := range map[string]struct {
		prices pitwall.Adjustment
		paid   float64
		given  string
		source string
		adj    bool
		want   string
		doubt  bool
	}{
		"adj_close, as paid":               {pitwall.Raw, 0.8, "0.8", "", true, "0.8", false},
		"adj_close, divided":               {pitwall.Raw, 0.8, "0.2", "", true, "0.8", false},
		"adj_close, as paid, split prices": {pitwall.SplitAdjusted, 0.8, "0.8", "", true, "0.8", false},
		"adj_close, divided, split prices": {pitwall.SplitAdjusted, 0.8, "0.2", "", true, "0.8", false},
		"the fall, as paid":                {pitwall.Raw, 8, "8", "", false, "8", false},
		"the fall, divided":                {pitwall.Raw, 8, "2", "", false, "8", false},
		"the fall, as paid, split prices":  {pitwall.SplitAdjusted, 8, "8", "", false, "8", false},
		"too little to tell":               {pitwall.Raw, 0.2, "0.05", "", false, "0.05", false},
		"Polygon as paid":                  {pitwall.Raw, 0.8, "0.8", "polygon", true, "0.8", false},
		"Polygon divided (AAPL 2020)":      {pitwall.Raw, 0.82, "0.205", "polygon", true, "0.82", false},
		"a vendor's fact that prices deny": {pitwall.Raw, 0.8, "0.8", "yahoo", true, "3.2", true},
		"another, by the fall":             {pitwall.Raw, 8, "2", "alpaca", false, "2", true},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"p.csv": {Data: []byte(bars(c.prices, c.paid, c.adj))}, "a.csv": {Data: []byte("symbol,ex_date,type,value,source\nX,2024-01-10,dividend," + c.given + "," + c.source + "\nX,2024-01-20,split,4,\n")}}
			s, err := Load(t.Context(), []Input{{FS: files, Path: "p.csv", Adjusted: c.prices}, {FS: files, Path: "a.csv"}}, Options{Size: 24 * time.Hour})
			require.NoError(t, err)
			require.Equal(t, c.want, s.Actions()[0].Value.String())
			doubts := s.DividendWarnings([]string{"X"}, time.Time{}, day("2025-01-01"))
			require.Equal(t, c.doubt, len(doubts) == 1 && doubts[0].Code == pitwall.Dividends, "%v", doubts)
		})
	}
}
