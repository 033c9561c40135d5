package external

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// terminate is how long a server's process may take to end.
const terminate = 2 * time.Second

// guarded sends requests to the host of one URL only, adds the headers there, caps
// what comes back and ends with its connection.
type guarded struct {
	life    context.Context
	base    http.RoundTripper
	url     string
	headers map[string]string
	conn    *conn
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
	listens := r.Method == http.MethodGet || r.Header.Get("Mcp-Method") == "subscriptions/listen"
	listens = listens && strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream")
	if !listens { // a stream stands as long as the connection; each event has a cap of its own
		res.Body = http.MaxBytesReader(nil, res.Body, maxBytes+1<<20)
	}
	res.Body = &watched{res.Body, g.conn, listens, end}
	return res, nil
}

// watched is a body that tells its connection when it was too big or, of a stream
// that announces changes, when it ended.
type watched struct {
	io.ReadCloser
	conn   *conn
	stream bool
	end    func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if _, big := errors.AsType[*http.MaxBytesError](err); big {
		w.conn.tooBig.Store(true)
	}
	if err != nil && w.stream {
		w.conn.streamEnded.Store(true)
	}
	return n, err
}

func (w *watched) Close() error {
	defer w.end()
	return w.ReadCloser.Close()
}
