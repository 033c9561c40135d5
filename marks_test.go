package pitwall

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Two days of two bars, money that comes in overnight, and a third day.
func TestMarks(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2024, 1, day, hour, 0, 0, 0, time.UTC) }
	m := NewMarks(Int(100))
	want := func(peak, dayPeak, day, balance, low int64) {
		t.Helper()
		require.Equal(t, []Dec{Int(peak), Int(dayPeak), Int(day), Int(balance), Int(low)}, []Dec{m.PeakEquity, m.DayPeak, m.DayEquity, m.DayBalance, m.DayLow})
	}
	require.False(t, m.Begun())
	want(100, 100, 100, 100, 0)
	m.Move(at(1, 12), Int(120), Int(101))
	require.True(t, m.Begun())
	want(120, 100, 100, 100, 120)
	m.Move(at(2, 0), Int(110), Int(102)) // midnight ends the first day
	want(120, 100, 100, 100, 110)
	m.Move(at(2, 12), Int(90), Int(103))
	want(120, 110, 110, 102, 90)
	m.Move(at(2, 16), Int(95), Int(104))
	want(120, 110, 110, 102, 90)
	m.Transfer(Int(50))
	want(170, 160, 160, 152, 140)
	m.Move(at(3, 12), Int(150), Int(140)) // 5 were gained overnight
	want(170, 160, 145, 154, 150)
	m.Transfer(Int(-50))
	want(120, 110, 95, 104, 100)

	early := NewMarks(Int(100))
	early.Transfer(Int(10))
	require.Equal(t, Dec(0), early.DayLow, "no bar has ended")
	early.Move(at(1, 12), Int(108), Int(110))
	require.Equal(t, Int(110), early.DayEquity)

	for _, kind := range []string{"csd", "csw", "external"} {
		require.True(t, CashFlow{Type: kind}.Transfer())
	}
	for _, kind := range []string{"div", "fee", "int", "unexplained", "adopted", "dividend"} {
		require.False(t, CashFlow{Type: kind}.Transfer())
	}
}

// Days begin where the dates say, in zones that skip midnight too.
func TestMarksBeginTheirDays(t *testing.T) {
	for _, name := range []string{"UTC", "America/New_York", "America/Havana", "America/Sao_Paulo", "Asia/Beirut"} {
		zone, err := LoadZone(name)
		require.NoError(t, err)
		var m Marks
		var day, last Dec
		date := ""
		for i, at := 0, time.Date(2010, 1, 1, 0, 0, 0, 0, zone); at.Year() < 2012; i, at = i+1, at.Add(30*time.Minute) {
			if i%1000 == 999 {
				at = at.Add(-40 * time.Hour)
			}
			equity := Dec(i)
			if x := at.Add(-1).Format(time.DateOnly); x != date {
				day, date = last, x
			}
			m.Move(at, equity, equity)
			last = equity
			require.Equal(t, day, m.DayEquity, "%s %s", name, at)
		}
	}
}
