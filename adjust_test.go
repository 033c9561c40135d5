package pitwall_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func dayBar(day int, close string) pitwall.Bar {
	c, err := pitwall.ParseDec(close)
	if err != nil {
		panic(err)
	}
	at := time.Date(2024, 1, day, 9, 30, 0, 0, time.UTC)
	return pitwall.Bar{Symbol: "A", Start: at, End: at.Add(6 * time.Hour), Known: at.Add(6 * time.Hour), Open: c, High: c, Low: c, Close: c, Volume: 100}
}

func ex(day int, kind string, value, per int64) pitwall.Action {
	return pitwall.Action{Symbol: "A", Ex: time.Date(2024, 1, day, 0, 0, 0, 0, time.UTC), Type: kind, Value: pitwall.Int(value), Per: pitwall.Int(per)}
}

// L26, L27: an action changes what is before it from its own day on, and
// nothing earlier than that.
func TestAdjustAsOf(t *testing.T) {
	actions := []pitwall.Action{ex(3, "dividend", 10, 0), ex(4, "split", 4, 0), ex(6, "split", 1, 3)}
	closes := func(day int, want pitwall.Adjustment) (list []string, volume float64) {
		var bars []pitwall.Bar
		for d, c := range []string{"400", "400", "390", "100", "100", "300"} {
			if d+1 <= day {
				bars = append(bars, dayBar(d+1, c))
			}
		}
		bars, err := pitwall.Adjust(bars, actions, pitwall.Raw, want, time.Date(2024, 1, day, 16, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		for _, b := range bars {
			list = append(list, b.Close.String())
			require.Equal(t, b.Close, b.Low)
		}
		return list, bars[0].Volume
	}
	for _, c := range []struct {
		day    int
		want   pitwall.Adjustment
		closes []string
		volume float64
	}{
		{2, "", []string{"400", "400"}, 100},
		{2, pitwall.TotalAdjusted, []string{"400", "400"}, 100},
		{3, pitwall.SplitAdjusted, []string{"400", "400", "390"}, 100},
		{3, pitwall.TotalAdjusted, []string{"390", "390", "390"}, 100},
		{4, pitwall.SplitAdjusted, []string{"100", "100", "97.5", "100"}, 400},
		{5, pitwall.TotalAdjusted, []string{"97.5", "97.5", "97.5", "100", "100"}, 400},
		{6, pitwall.SplitAdjusted, []string{"300", "300", "292.5", "300", "300", "300"}, 400.0 / 3},
	} {
		got, volume := closes(c.day, c.want)
		require.Equal(t, c.closes, got, "day %d %s", c.day, c.want)
		require.InDelta(t, c.volume, volume, 1e-9)
	}
	_, err := pitwall.Adjust([]pitwall.Bar{dayBar(1, "1")}, actions, pitwall.SplitAdjusted, pitwall.TotalAdjusted, time.Now())
	require.Equal(t, pitwall.Unsupported, pitwall.CodeOf(err))
	_, err = pitwall.Adjust(nil, nil, pitwall.Raw, "maybe", time.Now())
	require.Equal(t, pitwall.InvalidInput, pitwall.CodeOf(err))
}
