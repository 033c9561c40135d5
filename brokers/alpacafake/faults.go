package alpacafake

import (
	"bytes"
	"net/http"
	"strings"
)

// Effect is what a fault does.
type Effect string

// The effects on requests. The first four are "before": the request is not acted on.
const (
	HangBefore Effect = "hang_before" // no answer until the client gives up
	CutBefore  Effect = "cut_before"  // the connection breaks
	TooMany    Effect = "429"         // rate limit
	ErrorFirst Effect = "500"         // server error
	HangAfter  Effect = "hang_after"  // acted on, no answer until the client gives up
	CutAfter   Effect = "cut_after"   // acted on, the connection breaks
	ErrorAfter Effect = "500_after"   // acted on, then a server error
	Garbled    Effect = "garbled"     // acted on, half of the answer
	ActLater   Effect = "act_later"   // the connection breaks; acted on after Later further requests
	LateFill   Effect = "late_fill"   // an answer with fills lacks its first one
	RejectIt   Effect = "reject"      // an order is accepted, and rejected at once by the stream and by reads
)

// The effects on events of the stream.
const (
	Drop      Effect = "drop"      // every stream breaks instead of the event
	Lose      Effect = "lose"      // the event is not sent
	Duplicate Effect = "duplicate" // it is sent twice
	Delay     Effect = "delay"     // it is sent after Later further events, out of order
)

// EventsOf is the On of a fault of the stream's events.
const EventsOf = "event"

// Fault is a row of the fault table: what goes wrong, and when.
type Fault struct {
	On    string // "POST /v2/orders": method and beginning of the path; or EventsOf and a space and an event, such as "event fill"
	Nth   int    // which of those that match, from 1; 0 = each
	Do    Effect
	Later int // of ActLater and Delay: how many further requests or events
}

// SetFaults replaces the fault table from now on; matches are counted anew.
func (s *Server) SetFaults(list ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Faults, s.matched = list, make([]int, len(list))
}

// due returns the first fault that a request or event meets; it counts the match in
// every row.
func (s *Server) due(what string) *Fault {
	var hit *Fault
	for i := range s.cfg.Faults {
		f := &s.cfg.Faults[i]
		if !strings.HasPrefix(what, f.On) {
			continue
		}
		s.matched[i]++
		if hit == nil && (f.Nth == 0 || f.Nth == s.matched[i]) {
			hit = f
		}
	}
	return hit
}

// answer acts on a request under a fault.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, f *Fault) {
	act := func() *unsent {
		rec := &unsent{head: http.Header{}, code: http.StatusOK}
		s.serve(rec, r)
		return rec
	}
	switch f.Do {
	case HangBefore:
		<-r.Context().Done()
	case CutBefore:
		cut(w)
	case TooMany:
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusTooManyRequests, 42910000, "rate limit exceeded")
	case ErrorFirst:
		fail(w, http.StatusInternalServerError, 50010000, "internal server error")
	case HangAfter:
		act()
		<-r.Context().Done()
	case CutAfter:
		act()
		cut(w)
	case ErrorAfter:
		act()
		fail(w, http.StatusInternalServerError, 50010000, "internal server error")
	case Garbled:
		rec := act()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(rec.code)
		_, _ = w.Write(rec.body.Bytes()[:rec.body.Len()/2])
	case ActLater:
		later := f.Later
		s.mu.Lock()
		s.queue = append(s.queue, &queued{left: later, run: func() { act() }})
		s.mu.Unlock()
		cut(w)
	case RejectIt, LateFill:
		s.mu.Lock()
		s.rejecting, s.hiding = f.Do == RejectIt, f.Do == LateFill
		s.mu.Unlock()
		s.serve(w, r)
	default:
		fail(w, http.StatusNotImplemented, 50110000, "this fake has no fault "+string(f.Do)+" of requests")
	}
}

// queued is a request whose handling was put off.
type queued struct {
	left int
	run  func()
}

// settle acts on the requests whose time has come.
func (s *Server) settle() {
	s.mu.Lock()
	var run []func()
	keep := s.queue[:0]
	for _, q := range s.queue {
		if q.left--; q.left < 0 {
			run = append(run, q.run)
		} else {
			keep = append(keep, q)
		}
	}
	s.queue = keep
	s.mu.Unlock()
	for _, f := range run {
		f()
	}
}

// cut breaks the connection without an answer.
func cut(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = c.Close()
	}
}

// unsent is an answer that is kept back.
type unsent struct {
	head http.Header
	code int
	body bytes.Buffer
}

func (u *unsent) Header() http.Header         { return u.head }
func (u *unsent) WriteHeader(code int)        { u.code = code }
func (u *unsent) Write(b []byte) (int, error) { return u.body.Write(b) }
