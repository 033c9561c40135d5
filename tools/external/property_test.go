package external_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"pitwall"
	"pitwall/tools"
	"pitwall/tools/external"
)

// written is an instant as a service may write it, and when it is known then.
func written(t *rapid.T, at time.Time, z *time.Location) (string, time.Time) {
	switch rapid.IntRange(0, 5).Draw(t, "form") {
	case 0:
		return fmt.Sprintf("%q", at.UTC().Format(time.RFC3339)), at
	case 1:
		return fmt.Sprintf("%q", at.In(time.FixedZone("", 5*3600+1800)).Format(time.RFC3339)), at
	case 2:
		return fmt.Sprint(at.Unix()), at
	case 3:
		return fmt.Sprint(at.UnixMilli()), at
	case 4:
		y, m, d := at.In(z).Date()
		return fmt.Sprintf("%q", at.In(z).Format(time.DateOnly)), time.Date(y, m, d+1, 0, 0, 0, 0, z)
	}
	return fmt.Sprintf("%q", at.In(z).Format(time.DateTime)), at
}

// For any rows and any time: what is visible is exactly what was known, in both
// parts, and nothing depends on the rest.
func TestPropertyWall(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "America/New_York"), zone(t, "Asia/Kolkata")}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		// Away from clock changes, where a wall-clock time names two instants.
		now := time.Date(2024, 1, 10, 0, 0, 0, 0, z).Add(time.Duration(rapid.IntRange(0, 30*86400).Draw(t, "now")) * time.Second)
		isCSV := rapid.Bool().Draw(t, "csv")
		var all, past []string
		visible, hidden := []string{}, []string{}
		for i := range rapid.IntRange(0, 12).Draw(t, "rows") {
			offset := rapid.OneOf(rapid.IntRange(-3*86400, 3*86400), rapid.IntRange(-1, 1)).Draw(t, "offset")
			text, known := written(t, now.Add(time.Duration(offset)*time.Second), z)
			mark := fmt.Sprintf("mark%dx", i)
			deep := rapid.Bool().Draw(t, "deep")
			row := fmt.Sprintf(`{"known":%s,"v":%q}`, text, mark)
			switch {
			case isCSV:
				row = strings.Trim(text, `"`) + "," + mark
			case deep:
				row = fmt.Sprintf(`{"known":%s,"v":{"list":[%q]}}`, text, mark)
			}
			all = append(all, row)
			if known.After(now) {
				hidden = append(hidden, mark)
			} else {
				visible, past = append(visible, mark), append(past, row)
			}
		}
		call := func(rows []string) tools.Answer {
			form, body := external.JSON, `{"rows":[`+strings.Join(rows, ",")+`],"count":`+fmt.Sprint(len(rows))+`}`
			if isCSV {
				form, body = external.CSV, "known,v\n"+strings.Join(rows, "\n")
			}
			f, _ := answering("property", form, body)
			f.Time.Known = "known"
			if !isCSV {
				f.Rows = "rows"
			}
			s, err := newSet(discard(), pitwall.Sim, nil, f)
			require.NoError(t, err)
			return s.Call(trader(), simAt(now), "property", nil)
		}
		a := call(all)
		require.False(t, a.IsError, a.Text)
		for _, m := range visible {
			require.Contains(t, a.Text, m)
			require.Contains(t, string(a.JSON), m)
		}
		for _, m := range hidden {
			require.NotContains(t, a.Text, m)
			require.NotContains(t, string(a.JSON), m)
		}
		removed := 0
		if a.FutureDated != nil {
			removed = a.FutureDated.Removed
		}
		require.Equal(t, len(hidden), removed)
		var parsed struct{ Rows []any }
		require.NoError(t, json.Unmarshal(a.JSON, &parsed))
		require.Len(t, parsed.Rows, len(visible))
		alone := call(past)
		require.Equal(t, alone.Text, a.Text)
		require.Equal(t, string(alone.JSON), string(a.JSON))
	})
}
