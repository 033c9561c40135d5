package approval_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/approval"
	"pitwall/cache/disk"
)

// A link shows the order to who has it, and decides once, by POST alone, while it lasts.
func TestLinks(t *testing.T) {
	r := newRoom(t, approval.Entries)
	l, err := approval.NewLinks(r.Desk, "run-1", "https://phone.example/", "0123456789abcdef", disk.OS{}, func() time.Time { return r.now })
	require.NoError(t, err)
	_, err = approval.NewLinks(r.Desk, "run-1", "", "short", disk.OS{}, nil)
	require.ErrorContains(t, err, "the key of approval links has 5 characters")
	r.send(t, order("one", pitwall.Buy, 10))
	r.send(t, order("two", pitwall.Buy, 20))
	one, two := l.Address(r.told[0]), l.Address(r.told[1])
	require.True(t, strings.HasPrefix(one, "https://phone.example/approve/"+r.told[0].Hash+"/"))
	for range 3 { // as previews do
		code, page, h := ask(t, l, "GET", one, "")
		require.Equal(t, 200, code)
		require.Contains(t, page, "buy 10 A market")
		require.Contains(t, page, "a &lt;b&gt;reason")
		require.Equal(t, "no-store", h.Get("Cache-Control"))
		_, _, _ = ask(t, l, "HEAD", one, "decision=approve")
	}
	r.work(t)
	require.Equal(t, 2, r.Waiting())
	mac := two[strings.LastIndex(two, "/"):]
	for _, bad := range []string{one + "0", one[:len(one)-1], strings.TrimSuffix(one, one[strings.LastIndex(one, "/"):]) + mac, "https://phone.example/", "https://phone.example/approve/" + r.told[0].Hash} {
		code, page, _ := ask(t, l, "POST", bad, "decision=approve")
		require.Equal(t, 404, code, bad)
		require.NotContains(t, page, "buy")
	}
	other, err := approval.NewLinks(r.Desk, "run-2", "https://phone.example", "0123456789abcdef", disk.OS{}, nil)
	require.NoError(t, err)
	code, _, _ := ask(t, l, "POST", other.Address(r.told[0]), "decision=approve")
	require.Equal(t, 404, code, "another run's link")
	code, _, _ = ask(t, l, "PUT", one, "decision=approve")
	require.Equal(t, 405, code)
	code, _, _ = ask(t, l, "POST", one, "")
	require.Equal(t, 400, code)
	r.work(t)
	require.Equal(t, 2, r.Waiting(), "nothing of this decided")
	code, page, _ := ask(t, l, "POST", one, "decision=approve")
	require.Equal(t, 200, code, page)
	code, _, _ = ask(t, l, "POST", one, "decision=deny")
	require.Equal(t, 409, code, "once")
	r.work(t)
	require.Equal(t, 1, r.sent(t, "one"))
	code, _, _ = ask(t, l, "GET", one, "")
	require.Equal(t, 404, code)
	r.now = r.now.Add(approval.Window + 1)
	code, page, _ = ask(t, l, "POST", two, "decision=approve")
	require.Equal(t, 410, code, page)
	r.work(t)
	require.Zero(t, r.sent(t, "two"))
}

// ask sends a request to links and returns what they answer.
func ask(t *testing.T, l *approval.Links, method, address, body string) (int, string, http.Header) {
	u, err := url.Parse(address)
	require.NoError(t, err)
	q := httptest.NewRequest(method, u.Path, strings.NewReader(body))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	l.ServeHTTP(w, q)
	return w.Code, w.Body.String(), w.Header()
}

// Each answer of a link in its words, once, with its headers.
func TestWhatLinksSay(t *testing.T) {
	r := newRoom(t, approval.Entries)
	l, err := approval.NewLinks(r.Desk, "run-1", "https://phone.example", "", disk.OS{}, func() time.Time { return r.now })
	require.NoError(t, err)
	same, err := approval.NewLinks(r.Desk, "run-1", "https://phone.example", "", disk.OS{}, nil)
	require.NoError(t, err)
	for i, id := range []string{"one", "two", "three", "four", "five"} {
		r.send(t, order(id, pitwall.Buy, int64(10+i)))
	}
	at := func(i int) string { return l.Address(r.told[i]) }
	require.NotEqual(t, at(0), same.Address(r.told[0]), "a key of each process")
	says := func(code int, text, method, address, body string) http.Header {
		got, page, h := ask(t, l, method, address, body)
		_, page, _ = strings.Cut(page, "</style>")
		require.Equal(t, []any{code, text}, []any{got, page})
		require.Equal(t, []string{"no-store", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'", "no-referrer", "nosniff", "text/html; charset=utf-8"},
			[]string{h.Get("Cache-Control"), h.Get("Content-Security-Policy"), h.Get("Referrer-Policy"), h.Get("X-Content-Type-Options"), h.Get("Content-Type")})
		return h
	}
	says(200, "<h1>Send this order?</h1><p><b>buy 10 A market, gtc; last price 100</b></p><p>a &lt;b&gt;reason&lt;/b&gt;</p><p>Run run-1, order <code>one</code>, hash <code>"+r.told[0].Hash+
		"</code>, until 2024-01-02T21:02:00Z.</p><form method=\"post\"><button name=\"decision\" value=\"approve\">Approve</button><button name=\"decision\" value=\"deny\">Deny</button></form>", "GET", at(0), "")
	says(404, "<p>Nothing waits here. It was decided, has lapsed, or never was.</p>", "GET", at(0)+"x", "")
	require.Equal(t, "GET, POST", says(405, "<p>Only GET and POST.</p>", "PUT", at(0), "").Get("Allow"))
	says(400, "<p>The decision is neither approve nor deny.</p>", "POST", at(0), "decision=maybe")
	says(400, "<p>The decision is neither approve nor deny.</p>", "POST", at(0), "x="+strings.Repeat("x", 1<<10)+"&decision=approve")
	says(200, "<p>Approved. It is sent now, unless limits, the halt or the price refuse it.</p>", "POST", at(0), "decision=approve")
	says(200, "<p>Denied. Nothing is sent.</p>", "POST", at(1), "decision=deny")
	for i := range 2 {
		says(409, "<p>This order was decided before.</p>", "GET", at(i), "")
		says(409, "<p>This order was decided before.</p>", "POST", at(i), "decision=approve")
	}
	body, err := os.ReadFile(filepath.Join(r.dir, r.told[0].Hash+".approve"))
	require.NoError(t, err)
	require.JSONEq(t, `{"by":"the link","at":"2024-01-02T21:00:00Z"}`, string(body))
	r.market.price = pitwall.Int(103)
	says(410, "<p>the price of A was 100 when it was held and is 103: more than 2 % away.</p>", "POST", at(2), "decision=approve")
	r.market.price = pitwall.Int(100)
	require.NoFileExists(t, filepath.Join(r.dir, r.told[2].Hash+".approve"))
	_, err = r.journal.Append(context.Background(), pitwall.Entry{Kind: pitwall.EntryApproval, Verb: "approve", ID: "three"})
	require.NoError(t, err)
	r.start(t)
	l, err = approval.NewLinks(r.Desk, "run-1", "https://phone.example", "", full{}, func() time.Time { return r.now })
	require.NoError(t, err)
	says(409, "<p>This order was decided before.</p>", "GET", at(2), "") // by the journal alone
	says(500, "<p>The decision could not be kept; nothing was decided.</p>", "POST", at(3), "decision=deny")
	l, err = approval.NewLinks(r.Desk, "run-1", "https://phone.example", "", late{}, func() time.Time { return r.now })
	require.NoError(t, err)
	says(409, "<p>This order was decided before.</p>", "POST", at(4), "decision=approve") // by someone else meanwhile
}

// full is a disk without space.
type full struct{ disk.OS }

func (full) Open(string, int) (disk.File, error) { return nil, errors.New("no space") }

// late is a disk on which each file is there already once it is opened.
type late struct{ disk.OS }

func (late) Open(string, int) (disk.File, error) { return nil, os.ErrExist }

// Links are served until the context ends, and say why they cannot be.
func TestServeLinks(t *testing.T) {
	r := newRoom(t, approval.Entries)
	r.send(t, order("one", pitwall.Buy, 10))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l, err := approval.NewLinks(r.Desk, "run-1", "http://"+listener.Addr().String()+"/", "0123456789abcdef", disk.OS{}, func() time.Time { return r.now })
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(ctx, listener) }()
	got, err := http.Get(l.Address(r.told[0]))
	require.NoError(t, err)
	body, err := io.ReadAll(got.Body)
	require.NoError(t, errors.Join(err, got.Body.Close()))
	require.Contains(t, string(body), "buy 10 A market")
	cancel()
	require.NoError(t, <-ended)
	require.ErrorContains(t, l.Serve(context.Background(), listener), "serving approval links: ")
}
