package driver

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// closing is a wire to a broker whose calendar lacks a day.
type closing struct {
	http.RoundTripper
	day string
}

// RoundTrip implements http.RoundTripper.
func (c closing) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := c.RoundTripper.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/calendar") {
		return got, err
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	_ = got.Body.Close()
	body = regexp.MustCompile(`\{[^{}]*"`+c.day+`"[^{}]*\},?`).ReplaceAll(body, nil)
	got.Body, got.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	got.Header.Del("Content-Length")
	return got, nil
}

// A day that the broker's calendar has not is no session of the run, and it is a warning;
// the caller's data keep their own calendar.
func TestBrokersCalendarCounts(t *testing.T) {
	c, _ := traded(t)
	live, x := atBroker(t, c)
	day := x.Now().AddDate(0, 0, 1)
	for day.Weekday() != time.Wednesday {
		day = day.AddDate(0, 0, 1)
	}
	r, err := Alpaca(AlpacaConfig{Key: "k", Secret: "s", URL: x.url, Now: x.Now, Transport: closing{x.wire, day.Format(time.DateOnly)}, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	require.NoError(t, err)
	r.Every, r.Watch = 24*time.Hour, nil
	live.Live.Remote, live.Dir = r, filepath.Join(t.TempDir(), "run")
	got, err := Run(context.Background(), live)
	require.NoError(t, err)
	require.Contains(t, got.Warnings, day.Format(time.DateOnly)+": closed at the broker, open 09:30 to 16:00 in the built-in calendar; the broker's sessions count")
	_, _, ok := c.Source.Series()[0].Instrument.Session(day)
	require.True(t, ok)
}
