package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"pitwall/agentloop"
)

const (
	maxBody  = 64 << 20 // bytes of an answer
	maxError = 64 << 10 // bytes of an answer that is an error
)

// exchange is one HTTP request of one attempt. It travels in the context, down to the
// hook, and brings back what the client hides.
type exchange struct {
	optional []string // fields of the request that Pitwall adds on its own, see refusals

	tried    bool  // a request was sent: an error before that is our own
	sent     int   // bytes of the request
	read     int   // bytes of the answer
	answered bool  // with a status of 2xx
	readErr  error // why the answer ended early
}

// used estimates what a failed attempt used: nothing before an answer began, else
// its request at 4 bytes a token and its answer at 50, since a stream wraps each
// token in about as much.
func (x *exchange) used() agentloop.Usage {
	if !x.answered {
		return agentloop.Usage{}
	}
	return agentloop.Usage{Input: (x.sent + 3) / 4, Output: (x.read + 49) / 50, Estimated: true}
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// httpError is an answer with another status than 2xx, or an error inside a
// stream, for which the status is what the provider would have sent.
type httpError struct {
	status int
	header http.Header
	body   []byte
}

func (e *httpError) Error() string { return fmt.Sprintf("HTTP status %d", e.status) }

var errTooLong = fmt.Errorf("the answer is longer than %d MB", maxBody>>20)

// hook sees every request and answer below the HTTP client. It turns each status
// but 2xx into an *httpError with its headers, so nothing above it retries or follows a redirect to where a key does not belong.
type hook struct{ base http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (h hook) RoundTrip(req *http.Request) (*http.Response, error) {
	x, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if x == nil {
		return nil, errors.New("a request outside of an exchange")
	}
	if x.tried {
		return nil, errors.New("a second request in one attempt")
	}
	x.tried, x.sent = true, int(max(req.ContentLength, 0))
	resp, err := h.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer resp.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxError)) // a torn error is still that error
		return nil, &httpError{resp.StatusCode, resp.Header, body}
	}
	x.answered = true
	resp.Body = &answerBody{x: x, from: resp.Body}
	return resp, nil
}

// answerBody limits an answer and ends it quietly on an error, which it keeps: readers
// would wrap it, each in its own way.
type answerBody struct {
	x    *exchange
	from io.ReadCloser
	n    int
}

func (b *answerBody) Read(p []byte) (int, error) {
	if b.x.readErr != nil {
		return 0, io.EOF
	}
	n, err := b.from.Read(p)
	b.n += n
	b.x.read = b.n
	if b.n > maxBody {
		b.x.readErr = errTooLong
		return 0, io.EOF
	}
	if err != nil && err != io.EOF {
		b.x.readErr, err = err, io.EOF
	}
	return n, err
}

func (b *answerBody) Close() error { return b.from.Close() }

// post sends a body as JSON; the answer's own body is the caller's to close.
func post(ctx context.Context, c *http.Client, url string, header map[string]string, body any) (*http.Response, error) {
	raw, err := encode(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	return c.Do(req)
}

// longestReply is how long a reply may take as a whole: reasoning models are silent
// for minutes.
const longestReply = 10 * time.Minute

// httpClient puts the hook below a client; nil is one with timeouts. The limit for
// a whole reply becomes the caller's to keep, as a context: the error of
// http.Client's own one cannot be told from a broken connection.
func httpClient(given *http.Client) (*http.Client, time.Duration) {
	c := &http.Client{}
	if given != nil {
		*c = *given
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true,
			MaxIdleConns:        10,
			IdleConnTimeout:     90 * time.Second,
		}
	}
	c.Transport = hook{c.Transport}
	limit := c.Timeout
	if limit <= 0 {
		limit = longestReply
	}
	c.Timeout = 0
	return c, limit
}
