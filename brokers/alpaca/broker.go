package alpaca

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"golang.org/x/time/rate"

	"pitwall"
)

// The hosts of Alpaca.
const (
	PaperURL = "https://paper-api.alpaca.markets"
	LiveURL  = "https://api.alpaca.markets"
	DataURL  = "https://data.alpaca.markets"
)

// Config says which account, and with which clock. Key, Secret, Now and Sleep must be given.
type Config struct {
	Key, Secret string
	BaseURL     string // empty = PaperURL
	DataURL     string // empty = DataURL
	Live        bool   // real money: BaseURL must then be LiveURL or of this machine
	Feed        string // of stock prices: iex, sip; empty = the account's default

	// Instruments may be traded; [Broker.Instruments] makes them from what Alpaca lists.
	Instruments []pitwall.Instrument
	// Prefix begins every client_order_id, so that two programs with one account tell
	// their orders apart: orders without it are "external:" and their client_order_id.
	Prefix string
	// Since leaves out orders and fills from before; zero = all.
	Since time.Time

	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error

	Timeout   time.Duration // of one request; 0 = 10 s. Submit, Replace and Cancel end after three times that
	PollEvery time.Duration // after an unanswered request: then twice and four times that; 0 = 1 s
	PerMinute int           // requests; 0 = 180, of the 200 that Alpaca allows
	Transport http.RoundTripper
}

// Broker trades at Alpaca. It is safe for concurrent use. It starts no goroutine of
// its own; [Broker.Watch] follows the stream for as long as its caller lets it.
type Broker struct {
	cfg         Config
	wire        *transport
	instruments map[string]pitwall.Instrument

	mu      sync.Mutex
	records map[string]*record // by order id
	count   int
	names   map[string]name // by Alpaca's order id
	fills   []pitwall.Fill
	seen    map[string]bool // activities and executions that are in fills
	latest  time.Time       // of the fills
	start   pitwall.Dec     // equity when it was first read
	reading sync.Mutex      // one reading of fills at a time
}

// name is what an order of Alpaca's is called here.
type name struct {
	id     string
	parent string // of a leg
	role   pitwall.Role
}

// New returns a broker for an account. It sends nothing. It refuses a host that does
// not fit Live, so that no misspelling trades real money.
func New(cfg Config) (*Broker, error) {
	if cfg.Key == "" || cfg.Secret == "" {
		return nil, pitwall.Errorf(pitwall.MissingKey, "Alpaca needs a key and a secret")
	}
	if cfg.Now == nil || cfg.Sleep == nil {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "alpaca.New needs Now and Sleep")
	}
	for _, d := range [...]struct {
		to  *string
		def string
	}{{&cfg.BaseURL, PaperURL}, {&cfg.DataURL, DataURL}} {
		if *d.to == "" {
			*d.to = d.def
		}
	}
	if err := checkHost(cfg.BaseURL, cfg.Live); err != nil {
		return nil, err
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.PollEvery == 0 {
		cfg.PollEvery = time.Second
	}
	if cfg.PerMinute == 0 {
		cfg.PerMinute = 180
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	b := &Broker{cfg: cfg, instruments: map[string]pitwall.Instrument{}, records: map[string]*record{}, names: map[string]name{}, seen: map[string]bool{}, latest: cfg.Since}
	b.wire = &transport{cfg: cfg, limit: rate.NewLimiter(rate.Limit(float64(cfg.PerMinute)/60), cfg.PerMinute)}
	for _, i := range cfg.Instruments {
		b.instruments[i.Symbol] = i
	}
	return b, nil
}

// checkHost refuses a base URL that does not fit the account.
func checkHost(base string, live bool) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return pitwall.Errorf(pitwall.InvalidInput, "Alpaca's base URL is %q", base).Hintf("use %s or %s", PaperURL, LiveURL)
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	want, mode := PaperURL, "paper"
	if live {
		want, mode = LiveURL, "live"
	}
	if !here && base != want {
		return pitwall.Errorf(pitwall.NotAllowed, "the account is %s and its base URL %s", mode, base).Hintf("a %s account trades at %s, or at a fake on this machine", mode, want)
	}
	return nil
}

// Mode returns whether the account is paper or live.
func (b *Broker) Mode() pitwall.Mode {
	if b.cfg.Live {
		return pitwall.Live
	}
	return pitwall.Paper
}

// client returns the library's client, whose every request ends with ctx. Its own
// retries are off: they send a body that was read already.
func (b *Broker) client(ctx context.Context) *sdk.Client {
	return sdk.NewClient(sdk.ClientOpts{APIKey: b.cfg.Key, APISecret: b.cfg.Secret, BaseURL: b.cfg.BaseURL, RetryLimit: -1, RetryDelay: time.Nanosecond, HTTPClient: b.wire.client(ctx)})
}

// record is what this process knows of an order that it was given. Its lock is held
// while the order is being sent, so that one id is sent once.
type record struct {
	mu       sync.Mutex
	seq      int
	asked    pitwall.Order // as submitted: its identity
	stage    stage
	local    pitwall.OrderState // of an order that Alpaca does not have, or may not have
	accepted time.Time
	note     string
	absent   int // answers in a row that Alpaca does not have it, while it is unknown
	// absentSince is when the first of them came.
	absentSince time.Time
	sending     atomic.Pointer[pitwall.OrderState] // for those who list while the lock is held
}

type stage int

const (
	fresh   stage = iota // nothing was sent
	refused              // rejected, here or there
	unknown              // sent without an answer
	placed               // Alpaca has it
)

// record returns the record of an id, a new one when there is none.
func (b *Broker) record(id string) *record {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.records[id]
	if r == nil {
		r = &record{seq: b.count}
		b.count++
		b.records[id] = r
	}
	return r
}

// known returns the record of an id, or nil.
func (b *Broker) known(id string) *record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.records[id]
}
