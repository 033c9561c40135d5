package alpacafake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"pitwall"
	"pitwall/cache/calendar"
	"pitwall/sim"
)

// Config says what the fake replays, with which money, and what goes wrong.
type Config struct {
	Source  pitwall.Source
	Symbols []string
	From    time.Time // bars that start before are history
	To      time.Time // zero = to the end of the data
	Cash    pitwall.Dec
	Terms   pitwall.Terms
	Costs   pitwall.Costs // Alpaca's trading of shares is free: the zero value
	Rules   pitwall.Rules
	// CryptoFee is taken out of what a fill of crypto brings, as Alpaca does: coins of a purchase,
	// money of a sale. Alpaca's highest is 0.0025; 0 = none.
	CryptoFee pitwall.Dec
	Key       string // empty = any keys are accepted
	Secret    string
	Faults    []Fault
}

// Server is the fake. It is an http.Handler for trading, data and the stream, and is
// safe for concurrent use. The caller closes it after its web server.
type Server struct {
	cfg     Config
	venue   *sim.Venue
	mux     *http.ServeMux
	series  map[string]*pitwall.Series
	hours   pitwall.Instrument // of the exchange's calendar
	context context.Context    // ends the streams
	end     context.CancelFunc

	mu        sync.Mutex
	ids       int
	orders    []*order // in submission order, replaced ones included
	byID      map[string]*order
	byClient  map[string]*order
	bySim     map[string]*order // the newest order of a venue's order
	seen      pitwall.Cursor    // fills that were published
	fills     []execution
	fees      []fee
	rejecting bool // the next order is accepted and then rejected
	hiding    bool // the next list of fills lacks its first
	matched   []int
	queue     []*queued
	streams   map[chan []byte]struct{}
	late      []*lateEvent // events that were put off
	requests  map[string]int
}

// New builds a fake whose clock is at the first bar of cfg.From.
func New(cfg Config) (*Server, error) {
	v, err := sim.New(sim.Config{Source: cfg.Source, Symbols: cfg.Symbols, From: cfg.From, To: cfg.To, Cash: cfg.Cash, Terms: cfg.Terms, Costs: cfg.Costs, Rules: cfg.Rules, Journal: &pitwall.MemoryJournal{}})
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, venue: v, series: map[string]*pitwall.Series{}, byID: map[string]*order{}, byClient: map[string]*order{}, bySim: map[string]*order{},
		matched: make([]int, len(cfg.Faults)), streams: map[chan []byte]struct{}{}, requests: map[string]int{}}
	for _, x := range cfg.Source.Series() {
		s.series[x.Instrument.Symbol] = x
	}
	facts := calendar.NewYork()
	s.hours = pitwall.Instrument{Calendar: facts.Name, Hours: facts, Zone: facts.Zone}
	s.context, s.end = context.WithCancel(context.Background())
	s.mux = s.routes()
	return s, nil
}

// Close ends the streams.
func (s *Server) Close() { s.end() }

// Now returns the venue's time.
func (s *Server) Now() time.Time { return s.venue.Now() }

// Step makes the next bar known: orders fill and events go out. io.EOF ends the data.
func (s *Server) Step(ctx context.Context) error {
	_, err := s.venue.Next(ctx, s.venue.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publish()
	return err
}

// Venue returns the venue behind the fake, to compare what a client believes with what is.
func (s *Server) Venue() *sim.Venue { return s.venue }

// Requests returns how many requests came whose method and path begin like this, such as
// "POST /v2/orders".
func (s *Server) Requests(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for which, times := range s.requests {
		if strings.HasPrefix(which, what) {
			n += times
		}
	}
	return n
}

func (s *Server) routes() *http.ServeMux {
	m := http.NewServeMux()
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request){
		"GET /v2/account":                      s.getAccount,
		"GET /v2/account/activities":           s.getActivities,
		"GET /v2/account/activities/FILL":      s.getActivities,
		"GET /v2/positions":                    s.getPositions,
		"GET /v2/positions/{symbol}":           s.getPosition,
		"DELETE /v2/positions/{symbol}":        s.closePosition,
		"GET /v2/orders":                       s.getOrders,
		"POST /v2/orders":                      s.postOrder,
		"DELETE /v2/orders":                    s.cancelAll,
		"GET /v2/orders:by_client_order_id":    s.getByClient,
		"GET /v2/orders/{id}":                  s.getOrder,
		"PATCH /v2/orders/{id}":                s.patchOrder,
		"DELETE /v2/orders/{id}":               s.deleteOrder,
		"GET /v2/assets":                       s.getAssets,
		"GET /v2/assets/{symbol...}":           s.getAsset,
		"GET /v2/clock":                        s.getClock,
		"GET /v2/calendar":                     s.getCalendar,
		"GET /v2/stocks/bars":                  s.getBars,
		"GET /v2/stocks/bars/latest":           s.latest("bars", s.latestBar),
		"GET /v2/stocks/quotes/latest":         s.latest("quotes", s.latestQuote),
		"GET /v2/stocks/trades/latest":         s.latest("trades", s.latestTrade),
		"GET /v1beta3/crypto/us/bars":          s.getBars,
		"GET /v1beta3/crypto/us/latest/bars":   s.latest("bars", s.latestBar),
		"GET /v1beta3/crypto/us/latest/quotes": s.latest("quotes", s.latestQuote),
		"GET /v1beta3/crypto/us/latest/trades": s.latest("trades", s.latestTrade),
	} {
		m.HandleFunc(pattern, h)
	}
	return m
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stream" {
		s.stream(w, r)
		return
	}
	if r.Method == http.MethodPost && r.URL.Path == StepPath {
		s.step(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // a handler may run after its request has ended
	if err != nil {
		fail(w, http.StatusBadRequest, 40010000, "request body format is invalid")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	what := r.Method + " " + r.URL.Path
	s.mu.Lock()
	s.requests[what]++
	f := s.due(what)
	s.mu.Unlock()
	s.settle()
	if s.cfg.Key != "" && (r.Header.Get("APCA-API-KEY-ID") != s.cfg.Key || r.Header.Get("APCA-API-SECRET-KEY") != s.cfg.Secret) {
		fail(w, http.StatusUnauthorized, 40110000, "request is not authorized")
		return
	}
	if f != nil {
		s.answer(w, r, f)
		return
	}
	s.serve(w, r)
}

// StepPath makes the next bar known, for clients in other languages. It is no path of
// Alpaca's. It answers 410 when no bar is left.
const StepPath = "/fake/step"

func (s *Server) step(w http.ResponseWriter, r *http.Request) {
	switch err := s.Step(r.Context()); {
	case errors.Is(err, io.EOF):
		fail(w, http.StatusGone, 0, "no bar is left")
	case err != nil:
		fail(w, http.StatusInternalServerError, 0, err.Error())
	default:
		reply(w, http.StatusOK, map[string]any{"now": s.Now()})
	}
}

// serve handles a request and publishes what it changed.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mux.ServeHTTP(w, r)
	s.publish()
}

// reply writes an answer as JSON.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// fail writes an error in Alpaca's shape; more are further fields, key and value by turns.
func fail(w http.ResponseWriter, status, code int, message string, more ...string) {
	body := map[string]any{"code": code, "message": message}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	reply(w, status, body)
}

// newID returns the next id in the form of a UUID.
func (s *Server) newID() string {
	s.ids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.ids)
}

// assetID is the id of a symbol in the form of a UUID.
func assetID(symbol string) string {
	sum := uint64(14695981039346656037)
	for _, b := range []byte(symbol) {
		sum = (sum ^ uint64(b)) * 1099511628211
	}
	return fmt.Sprintf("00000000-0000-4000-9000-%012x", sum&(1<<48-1))
}

// traded returns the series of a symbol that may be traded, also by its spelling
// without the slash.
func (s *Server) traded(symbol string) *pitwall.Series {
	for _, name := range s.cfg.Symbols {
		if name == symbol || strings.ReplaceAll(name, "/", "") == symbol || assetID(name) == symbol {
			return s.series[name]
		}
	}
	return nil
}
