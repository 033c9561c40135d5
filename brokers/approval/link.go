package approval

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"pitwall"
	"pitwall/cache/disk"
)

// minKey is how many bytes a key of links has at least.
const minKey = 16

// Links signs the addresses at which a person decides about one order, for a phone, and
// answers them. A GET shows the order and decides nothing: programs that preview an
// address do that. A POST decides, once, until the approval lapses.
type Links struct {
	desk *Desk
	run  string // a part of what is signed
	base string
	key  []byte
	disk disk.Disk
	now  func() time.Time // of the machine, for the record
}

// NewLinks returns the links of a desk. base begins their addresses, such as
// https://trader.example; without a key one is made, which ends with the process.
func NewLinks(d *Desk, run, base, key string, to disk.Disk, now func() time.Time) (*Links, error) {
	l := &Links{desk: d, run: run, base: strings.TrimSuffix(base, "/"), key: []byte(key), disk: to, now: now}
	if key == "" {
		l.key = make([]byte, 2*minKey)
		_, _ = rand.Read(l.key) // never fails
	}
	if len(l.key) < minKey {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "the key of approval links has %d characters", len(l.key)).Hintf("use %d or more, made at random", minKey)
	}
	return l, nil
}

// Address returns where a person decides about an order that waits.
func (l *Links) Address(o Order) string {
	return l.base + "/approve/" + o.Hash + "/" + l.sign(o)
}

func (l *Links) sign(o Order) string {
	m := hmac.New(sha256.New, l.key)
	fmt.Fprintf(m, "%s\n%s\n%d", l.run, o.Hash, o.Until.Unix())
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// ServeHTTP implements http.Handler.
func (l *Links) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/approve/"), "/")
	var o Order
	known := false
	if len(parts) == 2 {
		waiting := l.desk.list()
		if i := slices.IndexFunc(waiting, func(x Order) bool { return x.Hash == parts[0] }); i >= 0 {
			o = waiting[i]
			known = hmac.Equal([]byte(parts[1]), []byte(l.sign(o)))
		}
	}
	if !known {
		l.say(w, http.StatusNotFound, "Nothing waits here. It was decided, has lapsed, or never was.")
		return
	}
	if _, _, found := decided(l.desk.cfg.Dir, o.Hash); found || o.Approved {
		l.say(w, http.StatusConflict, "This order was decided before.")
		return
	}
	if why := l.desk.lapsed(r.Context(), o); why != "" {
		l.say(w, http.StatusGone, why+".")
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.Set("Content-Type", "text/html; charset=utf-8")
		_ = askPage.Execute(w, map[string]any{"Order": o.String(), "ID": o.ID, "Reason": o.Reason, "Hash": o.Hash, "Run": l.run, "Until": o.Until.Format(time.RFC3339)}) // the reader has left
	case http.MethodPost:
		l.decide(w, r, o)
	default:
		h.Set("Allow", "GET, POST")
		l.say(w, http.StatusMethodNotAllowed, "Only GET and POST.")
	}
}

func (l *Links) decide(w http.ResponseWriter, r *http.Request, o Order) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	choice := r.PostFormValue("decision")
	if choice != approve && choice != deny {
		l.say(w, http.StatusBadRequest, "The decision is neither approve nor deny.")
		return
	}
	err := Decide(l.disk, l.desk.cfg.Dir, Decision{Hash: o.Hash, Approve: choice == approve, By: "the link", At: l.now()})
	switch {
	case errors.Is(err, ErrDecided):
		l.say(w, http.StatusConflict, "This order was decided before.")
	case err != nil:
		l.say(w, http.StatusInternalServerError, "The decision could not be kept; nothing was decided.")
	case choice == deny:
		l.say(w, http.StatusOK, "Denied. Nothing is sent.")
	default:
		l.say(w, http.StatusOK, "Approved. It is sent now, unless limits, the halt or the price refuse it.")
	}
}

func (l *Links) say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = sayPage.Execute(w, text) // the reader has left
}

const pageHead = `<!doctype html><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>Pitwall</title>` +
	`<style>body{font:18px/1.5 system-ui;margin:2em auto;max-width:32em;padding:0 1em}button{font:inherit;padding:.6em 1.4em;margin:.5em .5em 0 0}code{font-size:90%}</style>`

var (
	askPage = template.Must(template.New("ask").Parse(pageHead + `<h1>Send this order?</h1><p><b>{{.Order}}</b></p><p>{{.Reason}}</p>` +
		`<p>Run {{.Run}}, order <code>{{.ID}}</code>, hash <code>{{.Hash}}</code>, until {{.Until}}.</p>` +
		`<form method="post"><button name="decision" value="approve">Approve</button><button name="decision" value="deny">Deny</button></form>`))
	sayPage = template.Must(template.New("say").Parse(pageHead + `<p>{{.}}</p>`))
)

// Serve answers links on an address until ctx ends.
func (l *Links) Serve(ctx context.Context, listener net.Listener) error {
	web := &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = web.Close() })
	defer stop()
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving approval links: %w", err)
	}
	return nil
}
