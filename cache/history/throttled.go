package history

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"pitwall"
)

// How long a request may take, how often it is tried, and how much is read.
const (
	perRequest   = 60 * time.Second
	tries        = 5
	firstWait    = time.Second     // then 2 s, 4 s, 8 s
	longestPause = 2 * time.Minute // a Retry-After beyond this ends the fetch
	bodyCap      = 64 << 20
	userAgent    = "Mozilla/5.0 (compatible; pitwall)"
)

const tryAgain = "repeat the same command later: stored data is not downloaded again"

// throttled is the HTTP transport for all vendors: a limit of requests a minute,
// GET only, each with a deadline; 429, 5xx and broken connections are tried
// again, waiting as Retry-After says or 1, 2, 4, 8 seconds. It reads the whole
// answer, so that half a body is a failure and never half the data, follows no
// redirect (keys would go along), and keeps secrets out of errors.
type throttled struct {
	next    http.RoundTripper
	limit   *rate.Limiter
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	secrets []string
	agent   string                                   // the User-Agent; empty = userAgent
	accept  func(status int, body []byte) bool       // a status that is an answer all the same; may be nil
	check   func(r *http.Request, body []byte) error // looks at an answer before a library does; may be nil
}

// RoundTrip implements http.RoundTripper.
func (p *throttled) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		return nil, pitwall.Errorf(pitwall.Internal, "a data source sent %s: only GET may be repeated", r.Method)
	}
	var last error
	wait := firstWait
	for try := range tries {
		now := p.now()
		if d := p.limit.ReserveN(now, 1).DelayFrom(now); d > 0 {
			if err := p.sleep(r.Context(), d); err != nil {
				return nil, err
			}
		}
		resp, body, err := p.once(r)
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
		pause, again := wait, err != nil
		switch {
		case err != nil:
			last = pitwall.Errorf(pitwall.DataError, "%v (%d tries)", err, try+1).Hintf(tryAgain)
		case resp.StatusCode/100 == 2 || p.accept != nil && p.accept(resp.StatusCode, body):
			if p.check != nil {
				if err := p.check(r, body); err != nil {
					return nil, err
				}
			}
			resp.Body = io.NopCloser(bytes.NewReader(body))
			return resp, nil
		default:
			again = resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500
			var note string
			if d, ok := p.retryAfter(resp); ok && again {
				pause, note = d, fmt.Sprintf(", asking for a pause of %v", d)
			}
			last = p.statusError(resp, body, try+1, note)
		}
		if !again || pause > longestPause || try == tries-1 {
			break
		}
		if err := p.sleep(r.Context(), pause); err != nil {
			return nil, err
		}
		wait *= 2
	}
	return nil, last
}

// once asks one time and reads the whole answer.
func (p *throttled) once(r *http.Request) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(r.Context(), perRequest)
	defer cancel()
	r = r.Clone(ctx)
	r.Header.Set("User-Agent", cmp.Or(p.agent, userAgent))
	r.Header.Del("Accept-Encoding") // of a library: the transport asks for gzip itself and unpacks it, under the cap
	resp, err := p.next.RoundTrip(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, fmt.Errorf("no answer within %v", perRequest)
		}
		return nil, nil, fmt.Errorf("no connection: %s", p.redact(oneLine([]byte(err.Error()))))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyCap+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, nil, fmt.Errorf("the answer (status %d) broke off after %d of %d bytes", resp.StatusCode, len(body), resp.ContentLength)
	case err != nil:
		return nil, nil, fmt.Errorf("the answer (status %d) broke off: %s", resp.StatusCode, p.redact(oneLine([]byte(err.Error()))))
	}
	if len(body) > bodyCap {
		return nil, nil, fmt.Errorf("the answer is larger than %d MB", bodyCap>>20)
	}
	return resp, body, nil
}

// statusError returns the error for a status that is no answer.
func (p *throttled) statusError(resp *http.Response, body []byte, try int, note string) error {
	code, hint := pitwall.DataError, tryAgain
	switch s := resp.StatusCode; {
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		code, hint = pitwall.NotAllowed, ""
	case s == http.StatusNotFound:
		code, hint = pitwall.NoCoverage, "check how the source spells the symbol"
	case s == http.StatusTooManyRequests || s == http.StatusTeapot: // Binance's ban after too many
		code = pitwall.Timeout
	case s/100 == 3:
		hint = "redirects are not followed, since keys would go along"
	case s/100 == 4:
		hint = "ask for another range, size or symbol"
	}
	text := fmt.Sprintf("answered %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	if try > 1 {
		text += fmt.Sprintf(" (%d tries)", try)
	}
	text += note
	if s := oneLine([]byte(p.redact(string(body[:min(len(body), 1<<16)])))); s != "" {
		text += ": " + s
	}
	e := pitwall.Errorf(code, "%s", text)
	e.Hint = hint
	return e
}

// retryAfter reads the header: seconds or a date.
func (p *throttled) retryAfter(resp *http.Response) (time.Duration, bool) {
	text := resp.Header.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return time.Duration(min(n, 1<<20)) * time.Second, true
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, t.Sub(p.now())), true
	}
	return 0, false
}

// redact takes keys out of a text.
func (p *throttled) redact(s string) string {
	for _, secret := range p.secrets {
		s = strings.ReplaceAll(s, secret, "***")
	}
	return s
}

// oneLine shortens what a vendor wrote to a line for a message.
func oneLine(body []byte) string {
	const most = 400 // characters, more or less
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(body[:min(len(body), 4*most)]), "?")), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
