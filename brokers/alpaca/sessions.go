package alpaca

import (
	"context"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"pitwall"
)

// sessions reads the hours of each trading day of a span.
func (b *Broker) sessions(ctx context.Context, from, to time.Time) (map[string]pitwall.Hours, error) {
	got, err := b.client(ctx).GetCalendar(sdk.GetCalendarRequest{Start: from, End: to})
	if err != nil {
		return nil, readError("reading the calendar", err)
	}
	if len(got) == 0 && to.Sub(from) > 7*24*time.Hour {
		return nil, pitwall.Errorf(pitwall.Timeout, "Alpaca's calendar has no session from %s to %s", from.Format(time.DateOnly), to.Format(time.DateOnly))
	}
	days := map[string]pitwall.Hours{}
	for _, d := range got {
		opens, err := time.Parse("15:04", d.Open)
		closes, err2 := time.Parse("15:04", d.Close)
		if err != nil || err2 != nil {
			return nil, pitwall.Errorf(pitwall.DataError, "Alpaca's calendar has hours %q to %q on %s", d.Open, d.Close, d.Date)
		}
		since := func(t time.Time) time.Duration {
			return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
		}
		days[d.Date] = pitwall.Hours{Open: since(opens), Close: since(closes)}
	}
	return days, nil
}
