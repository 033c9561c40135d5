package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"sync"
	"time"
)

// hostToReach is who --network connects to.
type hostToReach struct {
	name, url string
	local     bool // a server on one's own machine: one may do without
}

const reachLimit = 3 * time.Second

// network connects to every host once and hangs up. No key is sent and no
// request made, so it tests the way there and nothing more.
func (x *examination) network(ctx context.Context, wanted bool) {
	if !wanted {
		return
	}
	said := make([]show.Finding, len(x.hosts))
	var wg sync.WaitGroup
	for i, h := range x.hosts {
		wg.Go(func() {
			began := x.app.now()
			how, err := reach(ctx, h.url)
			f := show.Finding{Area: x.area, Name: h.name, State: show.StateOK, Detail: fmt.Sprintf("%s in %d ms", how, x.app.now().Sub(began).Milliseconds())}
			switch {
			case err != nil && h.local:
				f.State, f.Detail, f.Fix = show.StateMissing, term.OneLine(err.Error()), "start its server to use it"
			case err != nil:
				f.State, f.Detail, f.Fix = show.StateBad, term.OneLine(err.Error()), "look at the network, a firewall, HTTPS_PROXY"
			}
			said[i] = f
		})
	}
	wg.Wait()
	x.list = append(x.list, said...)
}

// reach connects by TCP, and by TLS where that is the way, to the host of a URL
// or to the proxy that the environment names for it.
func reach(ctx context.Context, raw string) (how string, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("the URL cannot be read")
	}
	what := ""
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err == nil && proxy != nil {
		u, what = &url.URL{Scheme: proxy.Scheme, Host: proxy.Host}, "the proxy " // its password stays out
	}
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "443", false: "80"}[u.Scheme == "https"]
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	address := net.JoinHostPort(u.Hostname(), port)
	var c net.Conn
	if how = "TCP"; u.Scheme == "https" {
		how = "TLS"
		c, err = (&tls.Dialer{}).DialContext(ctx, "tcp", address)
	} else {
		c, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return "", fmt.Errorf("%s%s was not reached: %w", what, address, err)
	}
	_ = c.Close() // nothing was sent
	return fmt.Sprintf("%s%s answered by %s", what, address, how), nil
}
