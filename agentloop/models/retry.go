package models

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"pitwall/agentloop"
)

const (
	firstWait     = time.Second // doubled after each attempt
	longestWait   = 60 * time.Second
	maxRetryAfter = 2 * time.Minute // a longer Retry-After ends the attempts
	maxBadReplies = 3               // unusable answers before the attempts end
)

// Reply implements agentloop.Model.
func (c *Client) Reply(ctx context.Context, r agentloop.Request) (agentloop.Reply, error) {
	var tries []agentloop.Try
	var notes []string
	for n, bad := 1, 0; ; n++ {
		x := &exchange{}
		reply, err := c.once(ctx, r, x)
		if err == nil {
			c.reached.Store(true)
			fixIDs(reply.Calls, r.Messages, c.dialect.takesID)
			redactReply(c.secrets, &reply)
			reply.Tries, reply.Notes = tries, notes
			return reply, nil
		}
		if ctx.Err() != nil {
			return agentloop.Reply{}, stopped(ctx, tries, x.used())
		}
		f := classify(err, x)
		// Redacted before it is cut: half a key is a secret too.
		f.message = clip(redact(c.secrets, f.message), maxErrorText)
		if note := c.refused.learn(err, x.optional); note != "" { // not an attempt: the server was fine
			notes, tries = append(notes, note), append(tries, agentloop.Try{Status: f.status, Error: f.message})
			n--
			continue
		}
		if f.absent && !c.reached.Load() { // nothing listens there: waiting for it at each turn of a run is in vain
			f.kind, f.retry, f.hint = agentloop.ErrorConfig, false, "no server answers at "+c.host+": start it, or correct base_url; pitwall doctor STRATEGY tests it"
		} else if f.status != 0 {
			c.reached.Store(true)
		}
		if f.kind == agentloop.ErrorBadReply {
			bad++
		}
		if f.kind == agentloop.ErrorAuth {
			f.hint = c.keyHint()
		}
		if f.path && c.provider.dialect == "openai" && !versioned.MatchString(c.base) {
			f.hint += ": " + redact(c.secrets, c.base) + " does not end in /v1, as most servers need"
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

// versioned is a base URL that names a version of the API.
var versioned = regexp.MustCompile(`/v\d|/openai$`)

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
	if err == nil {
		err = unusable(reply, r)
	}
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
