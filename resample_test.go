package pitwall

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func newYork(t testing.TB) *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	return zone
}

// run makes bars of one length back to back from a start on.
func run(from time.Time, length time.Duration, n int) []Bar {
	var bars []Bar
	for i := range n {
		p := Int(int64(100 + i))
		start := from.Add(time.Duration(i) * length)
		bars = append(bars, Bar{Symbol: "X", Start: start, End: start.Add(length), Known: start.Add(length), Open: p, High: p + One, Low: p - One, Close: p, Volume: 1})
	}
	return bars
}

func TestResampleByHand(t *testing.T) {
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	bars := run(from, 15*time.Minute, 6)
	out, err := Resample(bars, 15*time.Minute, time.Hour, nil, from.Add(90*time.Minute))
	require.NoError(t, err)
	require.Equal(t, []Bar{{Symbol: "X", Start: from, End: from.Add(time.Hour), Known: from.Add(time.Hour), Open: Int(100), High: Int(104), Low: Int(99), Close: Int(103), Volume: 4}}, out,
		"the second hour is not over")
	bars[1].Volume = NoVolume
	out, _ = Resample(bars, 15*time.Minute, time.Hour, nil, from.Add(time.Hour))
	require.Equal(t, NoVolume, out[0].Volume)
	out, _ = Resample(bars, 15*time.Minute, time.Hour, nil, from.Add(time.Hour-1))
	require.Empty(t, out, "not an instant early")
	out, _ = Resample(bars, 15*time.Minute, 15*time.Minute, nil, from.Add(time.Hour))
	require.Equal(t, bars[:4], out)
}

// L19: a week is withheld until it is over, and a bar late by a delay is waited for.
func TestResampleWithholdsPartial(t *testing.T) {
	zone := newYork(t)
	var days []Bar
	for d := 1; d <= 12; d++ { // 2024-01-01 is a Monday
		start := time.Date(2024, 1, d, 9, 30, 0, 0, zone)
		if wd := start.Weekday(); wd != time.Saturday && wd != time.Sunday {
			b := run(start, 6*time.Hour+30*time.Minute, 1)[0]
			days = append(days, b)
		}
	}
	sunday := time.Date(2024, 1, 8, 0, 0, 0, 0, zone)
	for now, want := range map[time.Time]int{sunday.Add(-time.Nanosecond): 0, sunday: 1, sunday.AddDate(0, 0, 5): 1, sunday.AddDate(0, 0, 7): 2} {
		out, err := Resample(days, OneDay, OneWeek, zone, now)
		require.NoError(t, err)
		require.Len(t, out, want, now)
	}
	late := run(time.Date(2024, 1, 1, 9, 30, 0, 0, zone), time.Hour, 2)
	for i := range late {
		late[i].Known = late[i].End.Add(15 * time.Minute)
	}
	midnight := time.Date(2024, 1, 2, 0, 0, 0, 0, zone)
	out, _ := Resample(late, time.Hour, OneDay, zone, midnight.Add(44*time.Minute))
	require.Empty(t, out, "a bar of 23:30 could still come until 00:45")
	out, _ = Resample(late, time.Hour, OneDay, zone, midnight.Add(45*time.Minute))
	require.Len(t, out, 1)
	require.True(t, out[0].Known.Equal(midnight.Add(45*time.Minute)))
}

// A day of 23 hours and one of 25: the wall clock counts.
func TestResampleAcrossClockChanges(t *testing.T) {
	zone := newYork(t)
	for _, c := range []struct {
		month time.Month
		day   int
		size  time.Duration
		hours []float64
	}{
		{3, 10, OneDay, []float64{23}},
		{11, 3, OneDay, []float64{25}},
		{3, 10, 4 * time.Hour, []float64{3, 4, 4, 4, 4, 4}},
		{11, 3, 4 * time.Hour, []float64{5, 4, 4, 4, 4, 4}},
		{3, 10, 2 * time.Hour, []float64{2, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}},
		{11, 3, 2 * time.Hour, []float64{3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}},
	} {
		from := time.Date(2024, c.month, c.day, 0, 0, 0, 0, zone)
		to := time.Date(2024, c.month, c.day+1, 0, 0, 0, 0, zone)
		bars := run(from, 15*time.Minute, int(to.Sub(from)/(15*time.Minute)))
		out, err := Resample(bars, 15*time.Minute, c.size, zone, to)
		require.NoError(t, err)
		var hours []float64
		for i, b := range out {
			hours = append(hours, b.End.Sub(b.Start).Hours())
			require.Equal(t, b.End.Sub(b.Start).Minutes()/15, b.Volume, "every bar is in its interval")
			require.True(t, i == 0 && b.Start.Equal(from) || i > 0 && b.Start.Equal(out[i-1].End))
		}
		require.Equal(t, c.hours, hours, "%v %v", c.month, c.size)
	}
	for _, c := range []struct {
		bar  time.Time
		size time.Duration
		from time.Time
		long time.Duration
	}{ // the only bar lies after the change, the interval begins before it
		{time.Date(2024, 3, 10, 3, 15, 0, 0, zone), 4 * time.Hour, time.Date(2024, 3, 10, 0, 0, 0, 0, zone), 3 * time.Hour},
		{time.Date(2024, 3, 10, 3, 15, 0, 0, zone), 2 * time.Hour, time.Date(2024, 3, 10, 3, 0, 0, 0, zone), time.Hour},
		{time.Date(2024, 11, 3, 0, 0, 0, 0, zone).Add(150 * time.Minute), 2 * time.Hour, time.Date(2024, 11, 3, 0, 0, 0, 0, zone), 3 * time.Hour},
		{time.Date(2024, 11, 3, 0, 0, 0, 0, zone).Add(150 * time.Minute), 30 * time.Minute, time.Date(2024, 11, 3, 0, 0, 0, 0, zone).Add(150 * time.Minute), 30 * time.Minute},
		{time.Date(2024, 11, 3, 12, 0, 0, 0, zone), OneWeek, time.Date(2024, 10, 28, 0, 0, 0, 0, zone), OneWeek + time.Hour},
	} {
		out, err := Resample(run(c.bar, 15*time.Minute, 1), 15*time.Minute, c.size, zone, c.bar.AddDate(0, 0, 9))
		require.NoError(t, err)
		require.True(t, out[0].Start.Equal(c.from), "%v: %v", c.bar, out[0].Start)
		require.Equal(t, c.long, out[0].End.Sub(out[0].Start), c.bar)
	}
	week, err := Resample(run(time.Date(2024, 3, 4, 0, 0, 0, 0, zone), time.Hour, 7*24-1), time.Hour, OneWeek, zone, time.Date(2024, 3, 11, 0, 0, 0, 0, zone))
	require.NoError(t, err)
	require.Equal(t, 167.0, week[0].End.Sub(week[0].Start).Hours())
	require.Equal(t, 167.0, week[0].Volume)
}

func TestResampleRefuses(t *testing.T) {
	for _, c := range []struct {
		held, size time.Duration
		want       string
	}{
		{OneDay, time.Hour, "1d, 1w"},
		{time.Hour, 90 * time.Minute, "1h, 2h, 4h, 1d, 1w"},
		{15 * time.Minute, 5 * time.Hour, "15m, 30m, 1h"},
		{time.Hour, 3 * OneDay, "1h, 2h"},
		{OneWeek, OneDay, "1w"},
		{time.Minute, 0, "1m, 5m"},
		{time.Minute, -time.Minute, "1m, 5m"},
		{0, time.Minute, "held are bars of"},
	} {
		_, err := Resample(nil, c.held, c.size, nil, time.Time{})
		require.Equal(t, InvalidInput, CodeOf(err), c)
		require.ErrorContains(t, err, c.want)
	}
}

// What the cut data give at now is what the full data had given: no look-ahead. Gaps,
// a constant delay, bars off the grid and clock changes included.
func TestResampleProperties(t *testing.T) {
	ny, utc := newYork(t), time.UTC
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]*time.Location{ny, utc}).Draw(t, "zone")
		held := rapid.SampledFrom([]time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour}).Draw(t, "held")
		size := rapid.SampledFrom([]time.Duration{2 * time.Hour, 4 * time.Hour, 12 * time.Hour, OneDay, OneWeek, OneMonth}).Draw(t, "size")
		delay := time.Duration(rapid.SampledFrom([]int{0, 0, 1, 15, 100}).Draw(t, "delay")) * time.Minute
		phase := time.Duration(rapid.SampledFrom([]int{0, 0, 5}).Draw(t, "phase")) * time.Minute
		at := rapid.SampledFrom([]time.Time{time.Date(2024, 3, 8, 0, 0, 0, 0, ny), time.Date(2024, 11, 1, 0, 0, 0, 0, ny), time.Date(2024, 6, 7, 0, 0, 0, 0, utc)}).Draw(t, "from").Add(phase)
		var bars []Bar
		for range rapid.IntRange(1, 60).Draw(t, "n") {
			at = at.Add(held * time.Duration(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 1, 7, 40}).Draw(t, "gap")))
			low := rapid.IntRange(1, 100).Draw(t, "low")
			high := low + rapid.IntRange(0, 9).Draw(t, "range")
			o, c := rapid.IntRange(low, high).Draw(t, "open"), rapid.IntRange(low, high).Draw(t, "close")
			bars = append(bars, Bar{Start: at, End: at.Add(held), Known: at.Add(held + delay), Open: Int(int64(o)), High: Int(int64(high)), Low: Int(int64(low)), Close: Int(int64(c)), Volume: float64(rapid.IntRange(0, 99).Draw(t, "volume"))})
			at = at.Add(held)
		}
		end := bars[len(bars)-1].Known
		full, err := Resample(bars, held, size, zone, end.AddDate(0, 0, 45))
		require.NoError(t, err)
		total, sum, low, high := 0.0, 0.0, Dec(math.MaxInt64), Dec(0)
		for _, b := range bars {
			total, low, high = total+b.Volume, min(low, b.Low), max(high, b.High)
		}
		for i, r := range full {
			sum += r.Volume
			require.True(t, r.Low >= low && r.High <= high && r.Low <= min(r.Open, r.Close) && r.High >= max(r.Open, r.Close))
			require.False(t, r.Known.Before(r.End))
			require.True(t, i == 0 || !r.Start.Before(full[i-1].End) && r.Known.After(full[i-1].Known))
		}
		require.Equal(t, total, sum, "no bar is lost or counted twice")
		for range 20 {
			minutes := rapid.IntRange(-60, int(end.Sub(bars[0].Start).Minutes())+3000).Draw(t, "now")
			now := bars[0].Start.Add(time.Duration(minutes) * time.Minute)
			var cut, want []Bar
			for _, b := range bars {
				if !b.Known.After(now) {
					cut = append(cut, b)
				}
			}
			for _, r := range full {
				if !r.Known.After(now) {
					want = append(want, r)
				}
			}
			for _, data := range [][]Bar{cut, bars} {
				got, err := Resample(data, held, size, zone, now)
				require.NoError(t, err)
				require.Len(t, got, len(want))
				for i := range got {
					require.Equal(t, want[i], got[i])
				}
			}
		}
	})
}

// When the clocks go back, 00:00 to 04:00 takes five hours: the third bar of two
// hours reaches an hour beyond, and nothing is known before it is.
func TestResampleOverAClockChange(t *testing.T) {
	ny := newYork(t)
	var bars []Bar
	for i := range 4 {
		start := time.Date(2024, 11, 3, 0, 0, 0, 0, ny).Add(time.Duration(i) * 2 * time.Hour)
		bars = append(bars, Bar{Start: start, End: start.Add(2 * time.Hour), Known: start.Add(2 * time.Hour), Open: One, High: One, Low: One, Close: Int(int64(i + 1)), Volume: 1})
	}
	for hours, want := range map[int]int{4: 0, 5: 0, 6: 1} {
		now := bars[0].Start.Add(time.Duration(hours) * time.Hour)
		got, err := Resample(bars, 2*time.Hour, 4*time.Hour, ny, now)
		require.NoError(t, err)
		require.Len(t, got, want, "after %d hours", hours)
		if want == 1 {
			require.Equal(t, Int(3), got[0].Close)
		}
	}
}

// At the end of 2008 and other years Go's zone data name an instant as its own next
// change; weeks around it end.
func TestResampleEndsAtYearEnds(t *testing.T) {
	ny, err := LoadZone("America/New_York")
	require.NoError(t, err)
	var bars []Bar
	for day := time.Date(2005, 1, 3, 9, 30, 0, 0, ny); day.Year() < 2030; day = day.AddDate(0, 0, 1) {
		end := day.Add(390 * time.Minute)
		bars = append(bars, Bar{Start: day, End: end, Known: end, Open: One, High: One, Low: One, Close: One, Volume: 1})
	}
	weeks, err := Resample(bars, OneDay, OneWeek, ny, bars[len(bars)-1].Known.AddDate(0, 1, 0))
	require.NoError(t, err)
	require.Len(t, weeks, 1304+1) // 9,129 days
	for i, w := range weeks {
		require.Equal(t, time.Monday, w.Start.Weekday())
		require.True(t, i == 0 || w.Start.Equal(weeks[i-1].End))
	}
}

// Calendar months of 20 years: 240 of them, each from midnight of its first day to that
// of the next, known when its last day and so its end are; a month that is not over is
// left out. Weeks do not fit into months.
func TestResampleToMonths(t *testing.T) {
	ny := newYork(t)
	var bars []Bar
	for day := time.Date(2005, 1, 1, 9, 30, 0, 0, ny); day.Year() < 2025; day = day.AddDate(0, 0, 1) {
		end := day.Add(390 * time.Minute)
		bars = append(bars, Bar{Start: day, End: end, Known: end, Open: Int(int64(day.Day())), High: Int(31), Low: One, Close: Int(int64(day.Day())), Volume: 1})
	}
	months, err := Resample(bars, OneDay, OneMonth, ny, time.Date(2025, 1, 1, 0, 0, 0, 0, ny))
	require.NoError(t, err)
	require.Len(t, months, 240)
	for i, m := range months {
		first := time.Date(2005, time.Month(1+i), 1, 0, 0, 0, 0, ny)
		next := first.AddDate(0, 1, 0)
		require.True(t, m.Start.Equal(first) && m.End.Equal(next) && m.Known.Equal(next), "%v", m)
		days := next.AddDate(0, 0, -1).Day()
		require.Equal(t, []Dec{One, Int(int64(days))}, []Dec{m.Open, m.Close})
		require.Equal(t, float64(days), m.Volume)
	}
	months, err = Resample(bars, OneDay, OneMonth, ny, time.Date(2025, 1, 1, 0, 0, 0, -1, ny))
	require.NoError(t, err)
	require.Len(t, months, 239, "December 2024 ends with the year")
	_, err = Resample(bars, OneWeek, OneMonth, ny, bars[0].Known)
	require.ErrorContains(t, err, "bars of 1mo cannot be made of bars of 1w")
	size, err := ParseSize("1mo")
	require.NoError(t, err)
	require.Equal(t, "1mo", SizeName(size))
}
