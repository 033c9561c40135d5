package alpaca

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"golang.org/x/time/rate"

	"pitwall"
)

const (
	tries   = 4
	bodyCap = 16 << 20
)

// transport carries every request: a limit of requests a minute and a deadline for
// each. Reads and cancels are tried again after a broken connection, 429 or 5xx. What
// places or changes an order is sent again only when it provably did not arrive: the
// connection was refused, or the answer is 429. Each try has a fresh body. Answers
// are read whole, so half a body is an error. Redirects are not followed: keys
// would go along.
type transport struct {
	cfg   Config
	limit *rate.Limiter
}

// client returns an HTTP client whose requests end with ctx.
func (t *transport) client(ctx context.Context) *http.Client {
	return &http.Client{Transport: bound{ctx, t}, CheckRedirect: noRedirect}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// bound is the transport under one context: the library's calls take none.
type bound struct {
	ctx context.Context
	t   *transport
}

func (b bound) RoundTrip(r *http.Request) (*http.Response, error) { return b.t.send(b.ctx, r) }

// notSent is the error of a request that provably did not arrive.
type notSent struct{ err error }

func (e *notSent) Error() string { return "no connection: " + e.err.Error() }
func (e *notSent) Unwrap() error { return e.err }

func (t *transport) send(ctx context.Context, r *http.Request) (*http.Response, error) {
	again := r.Method == http.MethodGet || r.Method == http.MethodDelete
	wait := t.cfg.PollEvery / 2
	for try := 1; ; try++ {
		if now := t.cfg.Now(); true {
			if d := t.limit.ReserveN(now, 1).DelayFrom(now); d > 0 {
				if err := t.cfg.Sleep(ctx, d); err != nil {
					return nil, &notSent{err}
				}
			}
		}
		resp, err := t.once(ctx, r)
		var dial *net.OpError
		absent := errors.As(err, &dial) && dial.Op == "dial"
		if absent {
			err = &notSent{err}
		}
		repeat := absent || err != nil && again || err == nil && (resp.StatusCode == http.StatusTooManyRequests || again && resp.StatusCode >= 500)
		if !repeat || try == tries || ctx.Err() != nil {
			return resp, err
		}
		pause := wait
		if err == nil {
			if n, e := strconv.Atoi(resp.Header.Get("Retry-After")); e == nil && n > 0 {
				pause = max(pause, min(time.Duration(n)*time.Second, 30*time.Second))
			}
		}
		if e := t.cfg.Sleep(ctx, pause); e != nil {
			return resp, err
		}
		wait *= 2
	}
}

// once sends a request one time and reads the whole answer.
func (t *transport) once(ctx context.Context, r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	c := r.Clone(ctx)
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, &notSent{err}
		}
		c.Body = body
	}
	resp, err := t.cfg.Transport.RoundTrip(c)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyCap+1))
	if err != nil {
		return nil, fmt.Errorf("the answer (status %d) broke off after %d bytes: %w", resp.StatusCode, len(body), err)
	}
	if len(body) > bodyCap {
		return nil, fmt.Errorf("the answer is larger than %d MB", bodyCap>>20)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// outcome is what an error says about a request that places or changes an order.
type outcome int

const (
	done     outcome = iota
	no               // Alpaca, or the network before it, said no: nothing was accepted
	twice            // Alpaca has the client_order_id already
	mayBe            // no answer, or none that can be relied on
	notFound         // no order has the id
)

// judge says what an error proves. Only a 4xx answer in Alpaca's own form proves that
// nothing was accepted.
func judge(err error) (outcome, string) {
	if err == nil {
		return done, ""
	}
	if e, ok := errors.AsType[*notSent](err); ok {
		return no, e.Error()
	}
	e, ok := errors.AsType[*sdk.APIError](err)
	switch {
	case !ok || e.Message == "" || e.StatusCode/100 != 4 || e.StatusCode == http.StatusRequestTimeout:
		return mayBe, err.Error()
	case e.StatusCode == http.StatusUnprocessableEntity && duplicateID.MatchString(e.Message):
		return twice, e.Message
	case e.StatusCode == http.StatusNotFound:
		return notFound, e.Message
	}
	return no, e.Message
}

// readError is the error of a read that failed.
func readError(what string, err error) error {
	e, ok := errors.AsType[*sdk.APIError](err)
	code := pitwall.Timeout
	if ok && (e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden) {
		code = pitwall.NotAllowed
	}
	out := pitwall.Errorf(code, "%s at Alpaca: %v", what, err)
	out.Err = err
	return out
}
