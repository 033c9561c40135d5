package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pitwall/agentloop"
)

const (
	firstWait     = time.Second // doubled after each attempt
	longestWait   = 60 * time.Second
	maxRetryAfter = 2 * time.Minute // a longer Retry-After ends the attempts
	maxBadReplies = 3               // unusable answers before the attempts end
	maxErrorText  = 500             // characters of a provider's error text
)

// failure is one failed attempt.
type failure struct {
	kind    agentloop.ErrorKind
	status  int
	message string
	hint    string
	retry   bool
	after   time.Duration // as the provider asked; 0 = it did not
}

// Reply implements agentloop.Model.
func (c *Client) Reply(ctx context.Context, r agentloop.Request) (agentloop.Reply, error) {
	var tries []agentloop.Try
	for n, bad := 1, 0; ; n++ {
		x := &exchange{}
		reply, err := c.once(ctx, r, x)
		if err == nil {
			fixIDs(reply.Calls, r.Messages)
			redactReply(c.secrets, &reply)
			reply.Tries = tries
			return reply, nil
		}
		if ctx.Err() != nil {
			return agentloop.Reply{}, stopped(ctx, tries, x.used())
		}
		f := classify(err, x)
		// Redacted before it is cut: half a key is a secret too.
		f.message = clip(redact(c.secrets, f.message), maxErrorText)
		if f.kind == agentloop.ErrorBadReply {
			bad++
		}
		if f.kind == agentloop.ErrorAuth {
			f.hint = c.keyHint()
		}
		if f.after > maxRetryAfter {
			f.kind, f.retry = agentloop.ErrorLimited, false
			f.hint = fmt.Sprintf("the provider asks to wait %s; the limit is %s", f.after, maxRetryAfter)
		}
		if !f.retry || n >= c.attempts || bad >= maxBadReplies {
			return agentloop.Reply{}, &agentloop.ModelError{Kind: f.kind, Status: f.status, Message: f.message, Hint: f.hint, Tries: tries, Usage: x.used()}
		}
		wait := c.wait(n, f.after)
		tries = append(tries, agentloop.Try{Status: f.status, Error: f.message, Wait: wait, Usage: x.used()})
		if err := c.sleep(ctx, wait); err != nil {
			return agentloop.Reply{}, stopped(ctx, tries, agentloop.Usage{})
		}
	}
}

// keyHint names the variable of the key that was refused.
func (c *Client) keyHint() string {
	if c.keyless {
		return "no key was sent: set " + c.variable
	}
	return "the key of " + c.variable + " was refused: is it whole, and allowed to use " + c.model + "?"
}

// once is one attempt within its time limit.
func (c *Client) once(ctx context.Context, r agentloop.Request, x *exchange) (agentloop.Reply, error) {
	ctx, cancel := context.WithTimeout(withExchange(ctx, x), c.limit)
	defer cancel()
	reply, err := c.dialect.ask(ctx, r, x)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // whatever a library or a torn answer made of it
		x.readErr = nil
	}
	return reply, err
}

// wait is the pause after attempt n: what the provider asked for and up to half a
// second more, or between half and all of the doubled first wait.
func (c *Client) wait(n int, after time.Duration) time.Duration {
	if after > 0 {
		return after + time.Duration(c.jitter()*float64(time.Second)/2)
	}
	d := min(firstWait<<min(n-1, 10), longestWait)
	return d/2 + time.Duration(c.jitter()*float64(d)/2)
}

// stopped returns the error of a request that the caller's context ended, which is no
// failure of the provider: errors.Is finds the context's error, errors.As the attempts.
func stopped(ctx context.Context, tries []agentloop.Try, last agentloop.Usage) error {
	err := ctx.Err()
	if err == nil {
		err = context.Canceled // only the sleep was stopped
	}
	return fmt.Errorf("%w: %w", err, &agentloop.ModelError{Kind: agentloop.ErrorUnavailable, Message: "stopped by the caller", Tries: tries, Usage: last})
}

// sleep waits, or returns early with the context's error. A context is its timer:
// only cmd/pitwall/live.go reads the host clock.
func sleep(ctx context.Context, d time.Duration) error {
	timer, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-timer.Done()
	return ctx.Err()
}

// badReply is an answer that cannot be used.
type badReply struct{ why string }

func (e *badReply) Error() string { return e.why }

func badReplyf(format string, args ...any) error { return &badReply{fmt.Sprintf(format, args...)} }

// classify returns what went wrong. Which library failed does not matter: the
// exchange knows how far the request came.
func classify(err error, x *exchange) failure {
	var status *httpError
	if errors.As(err, &status) {
		return byStatus(status)
	}
	if x.readErr != nil {
		err = x.readErr // the cause; err is what a library made of the early end
	}
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout(): // a deadline of the context, too
		return failure{kind: agentloop.ErrorUnavailable, message: "no answer in time", retry: true}
	case x.answered && errors.Is(err, errTooLong):
		return failure{kind: agentloop.ErrorBadReply, message: err.Error(), retry: true}
	case x.answered && x.readErr != nil:
		return failure{kind: agentloop.ErrorBadReply, message: "the answer was cut off: " + err.Error(), retry: true}
	case x.answered:
		return failure{kind: agentloop.ErrorBadReply, message: err.Error(), retry: true}
	case !x.tried:
		return failure{kind: agentloop.ErrorConfig, message: "the request was not sent: " + err.Error()}
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the URL
	}
	return failure{kind: agentloop.ErrorUnavailable, message: err.Error(), retry: true, hint: "is the server running and base_url right?"}
}

// byStatus classifies an HTTP status and the provider's own code.
func byStatus(e *httpError) failure {
	text, codes := errorText(e.body)
	if text == "" {
		text = http.StatusText(e.status)
	}
	f := failure{status: e.status, message: text, after: retryAfter(e)}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(codes, w) {
				return true
			}
		}
		return false
	}
	billing := has("insufficient_quota", "billing_error", "credit balance is too low", "perday")
	switch s := e.status; {
	case s == http.StatusPaymentRequired, (s == http.StatusTooManyRequests || s == http.StatusBadRequest || s == http.StatusForbidden) && billing:
		f.kind, f.hint = agentloop.ErrorBilling, "the provider's quota or credit is used up"
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusBadRequest && has("api_key_invalid", "api key not valid"):
		f.kind, f.hint = agentloop.ErrorAuth, "" // which key is the client's to say
	case s == http.StatusNotFound, s == http.StatusMethodNotAllowed, s < 400:
		f.kind, f.hint = agentloop.ErrorConfig, "check the model's name and base_url"
	case s == http.StatusBadRequest && has("unsupported_parameter", "unsupported_value", "unknown_parameter", "invalid_model", "model_not_found", "model not exist", "does not support tools"):
		f.kind, f.hint = agentloop.ErrorConfig, "check the model's name and the strategy's params"
	case s == http.StatusTooManyRequests:
		f.kind, f.retry = agentloop.ErrorLimited, true
	case s == http.StatusRequestTimeout, s == http.StatusConflict, s >= 500:
		f.kind, f.retry = agentloop.ErrorUnavailable, true
	default:
		f.kind = agentloop.ErrorRequest
	}
	return f
}

// errorText finds the message in an error's body, and all of it in lower case to
// look for codes in.
func errorText(body []byte) (text, codes string) {
	codes = strings.ToLower(string(body))
	var raw json.RawMessage = body
	for range 3 { // Gemini's compatible endpoint wraps the object in a list
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
			raw = list[0]
		}
		var o struct {
			Error   json.RawMessage `json:"error"`
			Message json.RawMessage `json:"message"`
			Detail  json.RawMessage `json:"detail"`
		}
		if json.Unmarshal(raw, &o) != nil {
			break
		}
		var s string
		for _, m := range []json.RawMessage{o.Error, o.Message, o.Detail} {
			if json.Unmarshal(m, &s) == nil && s != "" {
				return s, codes
			}
		}
		if len(o.Error) == 0 {
			break
		}
		raw = o.Error
	}
	return strings.TrimSpace(string(body)), codes
}

// retryAfter reads how long a provider asks to wait: milliseconds (OpenAI),
// seconds or a date, or a field of the body (Gemini). A date counts from the
// answer's own Date, so no local clock is needed.
func retryAfter(e *httpError) time.Duration {
	if ms, err := strconv.ParseFloat(e.header.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e12 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	v := e.header.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 {
		return time.Duration(min(s, 1e9) * float64(time.Second))
	}
	if until, err := http.ParseTime(v); err == nil {
		if sent, err := http.ParseTime(e.header.Get("Date")); err == nil && until.After(sent) {
			return until.Sub(sent)
		}
	}
	var o struct {
		Error struct {
			Details []struct {
				RetryDelay string `json:"retryDelay"`
			} `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal(e.body, &o) == nil {
		for _, d := range o.Error.Details {
			if w, err := time.ParseDuration(d.RetryDelay); err == nil && w > 0 {
				return w
			}
		}
	}
	return 0
}

// clip cuts a text to n characters.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}
