package external

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// terminate is how long a server's process may take to end.
const terminate = 2 * time.Second

var errTooBig = errors.New("the answer is larger than what is read")

// guarded sends requests to the host of one URL only, adds the headers there, caps
// what comes back and ends with its connection.
type guarded struct {
	life        context.Context
	base        http.RoundTripper
	url         string
	headers     map[string]string
	tooBig      *atomic.Bool
	streamEnded *atomic.Bool
}

func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	own, err := url.Parse(g.url)
	if err != nil {
		return nil, errors.New("the url cannot be read")
	}
	if r.URL.Host != own.Host || r.URL.Scheme != own.Scheme {
		return nil, errRedirect
	}
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(g.life, cancel)
	end := func() { stop(); cancel() }
	r = r.Clone(ctx)
	for name, value := range g.headers {
		r.Header.Set(name, value)
	}
	res, err := g.base.RoundTrip(r)
	if err != nil {
		end()
		return nil, err
	}
	b := &capped{body: res.Body, left: maxBytes + 1<<20, end: end, tooBig: g.tooBig}
	listens := r.Method == http.MethodGet || r.Header.Get("Mcp-Method") == "subscriptions/listen"
	if listens && strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		b.left, b.streamEnded = -1, g.streamEnded // stands as long as the connection; each event has a cap of its own
	}
	res.Body = b
	return res, nil
}

// capped is a body of at most left bytes; below 0 is no cap.
type capped struct {
	body        io.ReadCloser
	left        int
	end         func()
	tooBig      *atomic.Bool
	streamEnded *atomic.Bool // set at the end of a stream that announces changes
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left == 0 {
		c.tooBig.Store(true)
		return 0, errTooBig
	}
	if c.left > 0 && len(p) > c.left {
		p = p[:c.left]
	}
	n, err := c.body.Read(p)
	if err != nil && c.streamEnded != nil {
		c.streamEnded.Store(true)
	}
	if c.left > 0 {
		c.left -= n
	}
	return n, err
}

func (c *capped) Close() error {
	defer c.end()
	return c.body.Close()
}
