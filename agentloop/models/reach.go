package models

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

const reachLimit = 3 * time.Second

// Reach connects by TCP, and by TLS where that is the way, to the host of a URL
// or to the proxy that the environment names for it, and hangs up. It says how.
func Reach(ctx context.Context, raw string) (how string, err error) {
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
