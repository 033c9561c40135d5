package history

import (
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
		"scaled, said to be as paid":     {scaled, pitwall.Raw, "", pitwall.Raw, "as stated", "are taken as paid, but beside its splits they look as split-adjusted"},
		"as paid, said to be scaled":     {paid, pitwall.Raw, "", pitwall.SplitAdjusted, "times four", "are taken as split-adjusted, but beside its splits they look as paid"},
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
			if c.warning == "" {
				require.Empty(t, s.Warnings)
			} else {
				require.Len(t, s.Warnings, 1)
				require.Contains(t, s.Warnings[0], c.warning)
			}
		})
	}
}
