package external_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/tools"
	"pitwall/tools/external"
)

// clock and market are the least of a world that a tool needs.
type clock struct{ now time.Time }

func (c clock) Now() time.Time                                     { return c.now }
func (c clock) Next(context.Context, time.Time) (time.Time, error) { return c.now, nil }
func (c clock) Last(context.Context, string) (pitwall.Bar, error)  { return c.bar(), nil }
func (c clock) Bars(context.Context, pitwall.BarQuery) ([]pitwall.Bar, error) {
	return []pitwall.Bar{c.bar()}, nil
}
func (c clock) Count(context.Context, string) (int, error) { return 1, nil }
func (c clock) Digest() string                             { return "" }

func (c clock) bar() pitwall.Bar {
	return pitwall.Bar{Symbol: "X", Start: c.now.Add(-time.Minute), End: c.now, Known: c.now, Close: pitwall.Int(100)}
}

func trader() context.Context {
	return pitwall.WithCaller(context.Background(), pitwall.Caller{Principal: "local"})
}

func world(m pitwall.Mode) *pitwall.World {
	z, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	c := clock{time.Date(2024, 1, 5, 16, 0, 0, 0, z)}
	return &pitwall.World{Mode: m, Clock: c, Market: c, Zone: z}
}

// log is a log that several goroutines write.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// tape is a recorder in memory.
type tape struct {
	mu       sync.Mutex
	held     map[string][]byte
	requests []string
	fail     error
}

func newTape() *tape { return &tape{held: map[string][]byte{}} }

func (r *tape) Get(kind, slot string, request []byte) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, kind+" "+slot+" "+string(request))
	b, ok := r.held[kind+string(request)]
	if r.fail == nil && !ok && len(r.held)%2 == 1 {
		return nil, fs.ErrNotExist // either way of saying no is understood
	}
	return b, r.fail
}

func (r *tape) Put(kind, slot string, request, body []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail == nil {
		r.held[kind+string(request)] = body
	}
	return r.fail
}

// everything is all that the tape holds.
func (r *tape) everything() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := strings.Join(r.requests, "\n")
	for k, v := range r.held {
		s += k + string(v)
	}
	return s
}

// rig is a strategy's tools in a set, with all that they leave.
type rig struct {
	t        testing.TB
	mode     pitwall.Mode
	env      map[string]string
	tape     *tape
	recorder external.Recorder // instead of tape
	log      *log
	set      *tools.Set
	built    *external.Set
}

func parse(t testing.TB, text string) []external.Spec {
	t.Helper()
	var file struct {
		Tools []external.Spec `yaml:"tools"`
	}
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	require.NoError(t, d.Decode(&file))
	return file.Tools
}

// try builds tools of a strategy's text.
func (r *rig) try(text string) error {
	r.t.Helper()
	if r.mode == "" {
		r.mode = pitwall.Sim
	}
	r.log = &log{}
	l := slog.New(slog.NewTextHandler(r.log, nil))
	o := external.Options{Mode: r.mode, Env: func(k string) string { return r.env[k] }, Log: l}
	if r.tape != nil {
		o.Recorder = r.tape
	}
	if r.recorder != nil {
		o.Recorder = r.recorder
	}
	built, err := external.Build(context.Background(), parse(r.t, text), o)
	if err != nil {
		return err
	}
	r.built = built
	r.t.Cleanup(func() { require.NoError(r.t, built.Close()) })
	r.set, err = tools.NewWith(l, nil, built.Tools)
	return err
}

func start(t testing.TB, r rig, text string) *rig {
	t.Helper()
	r.t = t
	require.NoError(t, r.try(text))
	return &r
}

func (r *rig) call(name, args string) tools.Answer {
	r.t.Helper()
	return r.set.Call(trader(), world(r.mode), name, json.RawMessage(args))
}

func code(t testing.TB, a tools.Answer) pitwall.Code {
	t.Helper()
	var e struct{ Error pitwall.Error }
	require.True(t, a.IsError, a.Text)
	require.NoError(t, json.Unmarshal(a.JSON, &e))
	return e.Error.Code
}

// site is a local server that keeps its requests.
type site struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	headers  []http.Header
}

func serve(t testing.TB, h http.HandlerFunc) *site {
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.RequestURI+" "+b.String())
		s.headers = append(s.headers, r.Header.Clone())
		s.mu.Unlock()
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

func (s *site) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[len(s.requests)-1]
}

// What recorded answers are found by must not change with the code: an identity is
// in the keys of turns, a request in those of answers.
func TestStoredKeys(t *testing.T) {
	f, _ := answering("pinned", external.JSON, `{"r":[]}`)
	f.Definition, f.Time, f.Rows, f.Fields = []byte("d"), external.TimePolicy{Known: "at", Timeless: true}, "r", []string{"a"}
	x, _ := with(t, pitwall.Sim, nil, f).Find("pinned")
	require.Equal(t, "76ae72bfabb0f8b1f666d74c187a03a6d3b0e7ed5140f61d75a9e888ae48d00b", x.Identity)
	r := start(t, rig{env: map[string]string{"LIMIT": "50", "KEY": "50"}}, `
tools:
  - name: search_news
    description: x
    rest: {url: "https://example.com/{sym}", rows: news, fields: [at, text], query: {limit: $LIMIT}, headers: {K: $KEY}}
    parameters: {sym: {type: string, required: true, in: path}, end: {type: string}}
    clamp: [{param: end, format: time}]
    known: at
`)
	x, _ = r.set.Find("search_news")
	require.Equal(t, "7d405f4fa63761740114137a5b9d2bb93774bd7163fc1c15ed7b5a41e305ad0a", x.Identity)
}
