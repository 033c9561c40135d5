package driver

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/brokers/alpaca"
)

// AlpacaConfig says which account at Alpaca. Key, Secret, Now and Sleep must be given.
type AlpacaConfig struct {
	Key, Secret string
	Live        bool   // real money
	URL         string // of a server on this machine that stands for trading and data; empty = Alpaca's
	Prices      string // iex or sip; empty = the account's default
	Now         func() time.Time
	Sleep       func(ctx context.Context, d time.Duration) error
	Transport   http.RoundTripper // nil = the default
}

func (c AlpacaConfig) broker(r RemoteRun) (*alpaca.Broker, error) {
	base := map[bool]string{false: alpaca.PaperURL, true: alpaca.LiveURL}[c.Live]
	data := alpaca.DataURL
	if c.URL != "" {
		base, data = c.URL, c.URL
	}
	return alpaca.New(alpaca.Config{Key: c.Key, Secret: c.Secret, Live: c.Live, BaseURL: base, DataURL: data, Feed: c.Prices, Instruments: r.Instruments, Prefix: r.Prefix, Since: r.Since,
		Now: r.Now, Sleep: c.Sleep, Transport: c.Transport})
}

// Alpaca returns an account at Alpaca. It sends nothing.
func Alpaca(c AlpacaConfig) (*Remote, error) {
	b, err := c.broker(RemoteRun{Now: c.Now})
	if err != nil {
		return nil, err
	}
	var server string
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || !here(u.Hostname()) {
			return nil, pitwall.Errorf(pitwall.NotAllowed, "url: %s is not on this machine", c.URL).Hintf("leave url out for Alpaca's own %s host; with it give the address of a server here, such as http://127.0.0.1:8099", b.Mode())
		}
		server = u.Host
	}
	return &Remote{Broker: "alpaca", Mode: b.Mode(), Server: server, Fee: alpaca.Fee,
		ID: func(ctx context.Context) (string, error) {
			number, _, err := b.AccountID(ctx)
			return number, err
		},
		Clock: func(ctx context.Context) (time.Time, error) {
			now, _, err := b.Clock(ctx)
			return now, err
		},
		Open: func(ctx context.Context, r RemoteRun) (pitwall.Broker, Feed, error) {
			b, err := c.broker(r)
			if err != nil {
				return nil, nil, err
			}
			listed, err := b.Instruments(ctx, r.Symbols)
			if err != nil {
				return nil, nil, err
			}
			if i := slices.IndexFunc(listed, func(i pitwall.Instrument) bool { return !i.Tradable }); i >= 0 {
				return nil, nil, pitwall.Errorf(pitwall.NotTradable, "Alpaca does not let %s be traded now", listed[i].Symbol)
			}
			return b, b.NewFeed(r.Size, r.From), nil
		},
		Calendar: b.Calendar,
		Watch: func(ctx context.Context, b pitwall.Broker, changed func()) error {
			return b.(*alpaca.Broker).Watch(ctx, func(alpaca.Update) { changed() })
		}}, nil
}

// here reports whether a host is this machine by what it is called.
func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// strangers returns the open orders that another run of Pitwall has in the account.
func strangers(open []pitwall.OrderState) (ids []string) {
	for _, s := range open {
		if id, ok := strings.CutPrefix(s.ID, "external:"); ok && strings.HasPrefix(id, prefixFamily) {
			ids = append(ids, id)
		}
	}
	return ids
}
