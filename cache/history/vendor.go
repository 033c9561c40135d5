package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"pitwall"
)

// RemoteOptions are what every source takes. Clock and sleep are injected: tests
// do not wait, and the host's clock is read in one file.
type RemoteOptions struct {
	BaseURL     string // empty = the vendor's
	Key, Secret string
	KeyNames    string // the variables that hold them, for messages
	Now         func() time.Time
	Sleep       func(context.Context, time.Duration) error
	Transport   http.RoundTripper // empty = http.DefaultTransport
}

// Vendor is a source: what it offers, how each kind is fetched, and what all of
// them share.
type Vendor struct {
	name   string
	opts   RemoteOptions
	wire   *throttled
	delay  time.Duration // how late its last prices settle, or free plans see them
	needs  []string      // keys without which nothing is asked
	asks   string        // what they are, when no key, for messages
	offers []Offer
	fetch  map[RowKind]func(context.Context, Request) (*Answer, error)
}

// newVendor sets a source up that may ask perMinute times a minute.
func newVendor(name, base string, perMinute int, o RemoteOptions) *Vendor {
	if o.BaseURL == "" {
		o.BaseURL = base
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	secrets := []string{}
	for _, s := range []string{o.Key, o.Secret} {
		if s != "" {
			secrets = append(secrets, s, url.QueryEscape(s))
		}
	}
	return &Vendor{name: name, opts: o, delay: 16 * time.Minute,
		wire: &throttled{next: o.Transport, limit: rate.NewLimiter(rate.Limit(float64(perMinute)/60), 1), now: o.Now, sleep: o.Sleep, secrets: secrets}}
}

// rawBars offers bars as traded, days in chunks of the size given.
func rawBars(days Chunk) []Offer {
	m := time.Minute
	return []Offer{
		{Kind: KindBars, Sizes: []time.Duration{24 * time.Hour}, Chunk: days, Adjusted: pitwall.Raw},
		{Kind: KindBars, Sizes: []time.Duration{time.Hour, 30 * m, 15 * m, 5 * m, m}, Chunk: ByMonth, Adjusted: pitwall.Raw},
	}
}

// Name implements Remote.
func (v *Vendor) Name() string { return v.name }

// Offers implements Remote.
func (v *Vendor) Offers() []Offer { return v.offers }

// Fetch implements Remote.
func (v *Vendor) Fetch(ctx context.Context, q Request) (*Answer, error) {
	if slices.Contains(v.needs, "") {
		return nil, pitwall.Errorf(pitwall.NotAllowed, "%s needs %s", v.name, cmp.Or(v.asks, "a key")).Hintf("set %s in the environment or in .env", v.opts.KeyNames)
	}
	fetch, ok := v.fetch[q.Kind]
	if !ok {
		return nil, v.explain(q, fmt.Errorf("no %s here", q.Kind))
	}
	a, err := fetch(ctx, q)
	if err != nil {
		return nil, v.explain(q, err)
	}
	return a, nil
}

// bar adds a bar to an answer, unless it has not ended or lies outside the range.
func (v *Vendor) bar(a *Answer, q Request, start time.Time, prices [4]float64, volume string) error {
	if !v.wants(a, q, start) {
		return nil
	}
	row := []string{q.Symbol, barStamp(start, q.Size)}
	for _, p := range prices {
		text, err := priceText(p)
		if err != nil {
			return garbage("a price at %s: %v", row[1], err)
		}
		row = append(row, text)
	}
	a.Rows = append(a.Rows, append(row, volume))
	return nil
}

// candle is bar for prices that came as text. One of more than 8 decimals stays as it
// is: the reader scales it.
func (v *Vendor) candle(a *Answer, q Request, start time.Time, prices [4]string, volume string) error {
	if !v.wants(a, q, start) {
		return nil
	}
	row := []string{q.Symbol, barStamp(start, q.Size)}
	for _, p := range prices {
		if d, err := pitwall.ParseDec(p); err == nil {
			p = d.String()
		} else if f, err := strconv.ParseFloat(p, 64); err != nil || !(f > 0) {
			return garbage("a price at %s: %q", row[1], p)
		}
		row = append(row, p)
	}
	a.Rows = append(a.Rows, append(row, volume))
	return nil
}

// wants reports whether a bar belongs into an answer, and counts there why it does not.
func (v *Vendor) wants(a *Answer, q Request, start time.Time) bool {
	switch {
	case !v.ended(q, start):
		a.drop("unfinished bars", 1)
	case !q.holds(start):
		a.drop("bars outside the range", 1)
	default:
		return true
	}
	return false
}

// ended reports whether a bar has ended by now: daily bars at 16:00 of their day
// (24/7: at midnight), others a size after their start.
func (v *Vendor) ended(q Request, start time.Time) bool {
	end := start.Add(q.Size)
	if q.Size >= 24*time.Hour {
		y, m, d := start.Date()
		end = time.Date(y, m, d, 16, 0, 0, 0, start.Location())
		if pair.MatchString(q.Symbol) {
			end = time.Date(y, m, d+1, 0, 0, 0, 0, start.Location())
		}
	}
	return !v.opts.Now().Before(end.Add(v.delay))
}

// get reads one address below the base. Keys travel in the header if given.
func (v *Vendor) get(ctx context.Context, path string, query url.Values, header http.Header) ([]byte, error) {
	address := v.opts.BaseURL + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("the address of %s is wrong", v.name) // err holds the query, and so the key
	}
	for k, h := range header {
		req.Header[k] = h
	}
	resp, err := v.wire.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body) // in memory already
}

// explain turns any failure of a request into one error: who, what, why, and
// what would work. No address and no key appear in it.
func (v *Vendor) explain(q Request, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %s: stopped: %w", v.name, q, context.Canceled)
	}
	e, ok := errors.AsType[*pitwall.Error](err)
	if !ok {
		if u, isURL := errors.AsType[*url.Error](err); isURL {
			err = u.Err // the address holds the query
		}
		e = pitwall.Errorf(pitwall.DataError, "the answer cannot be read: %s", v.wire.redact(oneLine([]byte(err.Error())))).Hintf(tryAgain)
	}
	if e.Code == pitwall.NotAllowed && v.opts.KeyNames != "" && e.Hint == "" {
		e = pitwall.Errorf(e.Code, "%s", e.Message).Hintf("check %s, and that your plan includes this data", v.opts.KeyNames)
	}
	return &pitwall.Error{Code: e.Code, Message: v.wire.redact(v.name + ": " + q.String() + ": " + e.Message), Hint: v.wire.redact(e.Hint)}
}

// mostPages ends an answer whose pages do not end.
const mostPages = 5000

// bound ties requests of libraries that know no context to one.
type bound struct {
	ctx   context.Context
	next  http.RoundTripper
	pages int
}

// RoundTrip implements http.RoundTripper.
func (b *bound) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.pages++; b.pages > mostPages {
		return nil, garbage("it has more than %d pages", mostPages)
	}
	return b.next.RoundTrip(r.WithContext(b.ctx))
}

// garbage is an answer that is not what the source sends.
func garbage(format string, args ...any) error {
	return pitwall.Errorf(pitwall.DataError, "the answer is not usable: "+format, args...).Hintf(tryAgain)
}
