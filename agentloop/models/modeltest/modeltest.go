// Package modeltest serves any agentloop.Model over HTTP in the dialects of
// OpenAI, Anthropic and Gemini, as a fake provider for tests: scripts behind it
// make the whole path from prompt to fill run through real requests.
//
//	s := modeltest.New(t, script, modeltest.Options{})
//	models.New(models.Options{Name: "openai/x", BaseURL: s.URL + "/v1", ...}) // anthropic, gemini: s.URL
//
// It refuses what providers refuse: calls without results, results without calls,
// arguments that are no object, a signature that is missing or was changed (in the
// dialect of OpenAI the reasoning itself).
//
// # To add a fault
//
// A field of [Fault], and where it strikes in Server.answer.
package modeltest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"

	"pitwall/agentloop"
)

// Options of a server.
type Options struct {
	// Fault is asked for each request, counted from 1. The zero Fault is none.
	Fault func(request int64) Fault
}

// Fault is what goes wrong with one request.
type Fault struct {
	Status int               // answered at once, with an error body of the dialect
	Header map[string]string // with Status
	Code   string            // the provider's own code of the error, with Status
	Echo   bool              // the error's text holds the key that was sent

	Truncate bool // half of the answer and a clean end
	Torn     bool // half of the answer and a broken connection
	Hang     bool // half of the answer and then nothing, until the client leaves
	Garbage  bool // an answer that is JSON and has no content
	Calls    int  // calls of the first tool to make, whatever the model says
}

// TB is what the server needs of a test; nil means that the caller closes it.
type TB interface{ Cleanup(func()) }

// Server is a fake provider.
type Server struct {
	URL string

	server *httptest.Server
	model  agentloop.Model
	fault  func(int64) Fault
	calls  atomic.Int64
	gone   atomic.Int64

	mu     sync.Mutex
	keys   []string
	bodies [][]byte
	signed map[string]string // what was signed, by call
}

// New starts a server over a model.
func New(t TB, m agentloop.Model, o Options) *Server {
	s := &Server{model: m, fault: o.Fault, signed: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", s.serve(openAI{}))
	mux.HandleFunc("POST /v1/messages", s.serve(anthropic{}))
	mux.HandleFunc("POST /v1beta/models/{call}", func(w http.ResponseWriter, r *http.Request) {
		_, method, _ := strings.Cut(r.PathValue("call"), ":")
		switch method {
		case "generateContent":
			s.serve(gemini{})(w, r)
		case "streamGenerateContent":
			s.serve(gemini{stream: true})(w, r)
		default:
			http.NotFound(w, r)
		}
	})
	s.server = httptest.NewServer(mux)
	s.URL = s.server.URL
	if t != nil {
		t.Cleanup(s.Close)
	}
	return s
}

// Close ends the server and all connections.
func (s *Server) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Calls is how many requests came.
func (s *Server) Calls() int64 { return s.calls.Load() }

// Gone is how many hanging or unfinished answers the client left.
func (s *Server) Gone() int64 { return s.gone.Load() }

// Keys are the keys that requests came with, in their order of arrival.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.keys...)
}

// Bodies are the requests' bodies, in their order of arrival.
func (s *Server) Bodies() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.bodies...)
}

// wire is one dialect on the server's side.
type wire interface {
	parse(s *Server, body []byte) (conversation, bool, error) // and whether a stream is asked for
	whole(r agentloop.Reply) any
	events(r agentloop.Reply) []event
	failure(status int, code, message string) any
	ids() bool // its calls have ids
}

type event struct {
	name string // of the event line, may be empty
	data any    // a string is sent as it is
}

func (s *Server) serve(d wire) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := s.calls.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client left
		}
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("X-Api-Key") + r.Header.Get("X-Goog-Api-Key")
		s.mu.Lock()
		s.keys, s.bodies = append(s.keys, key), append(s.bodies, body)
		s.mu.Unlock()
		var f Fault
		if s.fault != nil {
			f = s.fault(n)
		}
		if f.Status != 0 {
			for k, v := range f.Header {
				w.Header().Set(k, v)
			}
			message := "planted: " + http.StatusText(f.Status)
			if f.Echo {
				message = fmt.Sprintf("planted: the header was Authorization: Bearer %s, and %s again", key, key)
			}
			fail(w, d, f.Status, f.Code, message)
			return
		}
		c, stream, err := d.parse(s, body)
		if err == nil {
			err = c.done()
		}
		if err != nil {
			fail(w, d, http.StatusBadRequest, "invalid_request_error", err.Error())
			return
		}
		reply, err := s.model.Reply(r.Context(), c.req)
		if err != nil {
			fail(w, d, http.StatusInternalServerError, "api_error", err.Error())
			return
		}
		s.answer(w, r, d, f, s.prepare(reply, c.req, body, d, f), stream)
	}
}

// prepare completes a reply as a provider would: ids, model, usage, planted calls.
func (s *Server) prepare(r agentloop.Reply, req agentloop.Request, body []byte, d wire, f Fault) agentloop.Reply {
	if f.Calls > 0 && len(req.Tools) > 0 {
		r.Calls = nil
		for i := range f.Calls {
			r.Calls = append(r.Calls, agentloop.Call{Name: req.Tools[0].Name, Arguments: json.RawMessage(fmt.Sprintf(`{"i":%d}`, i))})
		}
	}
	r.Calls = append([]agentloop.Call(nil), r.Calls...)
	size := len(r.Text) + len(r.Reasoning)
	for i := range r.Calls {
		c := &r.Calls[i]
		if len(c.Arguments) == 0 {
			c.Arguments = json.RawMessage("{}")
		}
		c.ID = ""
		if d.ids() {
			c.ID = "call_" + hash(string(mustJSON(req.Messages)), i)
		}
		size += len(c.Name) + len(c.Arguments)
	}
	if r.Stop == "" {
		r.Stop = agentloop.StopEnd
		if len(r.Calls) > 0 {
			r.Stop = agentloop.StopCalls
		}
	}
	if r.Usage == (agentloop.Usage{}) {
		r.Usage = agentloop.Usage{Input: len(body)/4 + 1, Output: size/4 + 1}
	}
	r.Model = "fake-1"
	if len(r.Calls) > 0 && r.Reasoning != "" {
		s.mu.Lock()
		s.signed[callKey(r.Calls[0])] = sign(r.Reasoning)
		s.mu.Unlock()
	}
	return r
}

// answer writes a reply, or so much of it as the fault lets through.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, d wire, f Fault, reply agentloop.Reply, stream bool) {
	var parts [][]byte
	switch {
	case f.Garbage:
		parts = append(parts, []byte(`{"object":"something else"}`))
		stream = false
	case stream:
		for _, e := range d.events(reply) {
			parts = append(parts, e.bytes())
		}
	default:
		parts = append(parts, mustJSON(d.whole(reply)))
	}
	if f.Truncate || f.Torn || f.Hang {
		if len(parts) > 1 {
			parts = parts[:len(parts)/2]
		} else {
			parts[0] = parts[0][:len(parts[0])/2]
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if stream {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	}
	flush := http.NewResponseController(w)
	for i, p := range parts {
		_, err := w.Write(p)
		if err == nil && (i < 100 || i%100 == 0) {
			err = flush.Flush()
		}
		if err != nil || r.Context().Err() != nil {
			s.gone.Add(1)
			return
		}
	}
	if f.Torn {
		panic(http.ErrAbortHandler)
	}
	if f.Hang {
		<-r.Context().Done()
		s.gone.Add(1)
	}
}

func (e event) bytes() []byte {
	var b []byte
	if e.name != "" {
		b = append(b, "event: "+e.name+"\n"...)
	}
	b = append(b, "data: "...)
	if s, ok := e.data.(string); ok {
		b = append(b, s...)
	} else {
		b = append(b, mustJSON(e.data)...)
	}
	return append(b, "\n\n"...)
}

func fail(w http.ResponseWriter, d wire, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(mustJSON(d.failure(status, code, message))) //nolint:errcheck // the client may be gone
}

// mustJSON encodes what this package made.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func hash(s string, i int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %d", s, i))
	return hex.EncodeToString(h[:12])
}

// sign is the signature of a reasoning.
func sign(reasoning string) string { return "signed" + hash(reasoning, 0) }

// callKey names a call among the signed ones: by id, or without one by what it says.
func callKey(c agentloop.Call) string {
	if c.ID != "" {
		return c.ID
	}
	var o any
	if json.Unmarshal(c.Arguments, &o) != nil {
		return c.Name
	}
	return c.Name + " " + string(mustJSON(o)) // sorted: clients keep a map
}

// checkSigned refuses a reply whose signature is not the one that was given.
func (s *Server) checkSigned(calls []agentloop.Call, signature string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range calls {
		if want, ok := s.signed[callKey(c)]; ok && want != signature {
			return fmt.Errorf("the signature of the reasoning before the call of %s is missing or was changed", c.Name)
		}
	}
	return nil
}

// pieces cuts a text as a stream does.
func pieces(s string) (list []string) {
	const size = 7
	r := []rune(s)
	for len(r) > size {
		list, r = append(list, string(r[:size])), r[size:]
	}
	return append(list, string(r))
}
