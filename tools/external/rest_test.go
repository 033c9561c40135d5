package external_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
)

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

// The example of the documentation, against a server that answers too much.
func TestRESTNews(t *testing.T) {
	s := serve(t, says(`{"news":[{"id":1,"created_at":"2024-01-05T20:00:00Z","headline":"known","symbols":["AAPL"]},{"created_at":"2025-01-01T00:00:00Z","headline":"TOMORROW"}],"next_page_token":"TOMORROW"}`))
	text := `
tools:
  - name: search_news
    description: News about companies, newest first.
    rest:
      method: GET
      url: ` + s.URL + `/v1beta1/news
      query: {limit: "50"}
      headers: {APCA-API-KEY-ID: $APCA_API_KEY_ID, APCA-API-SECRET-KEY: $APCA_API_SECRET_KEY}
      answer: json
      rows: news
      fields: [created_at, headline, symbols]
      timeout: 20s
    parameters:
      symbols: {type: string, description: "AAPL,MSFT", required: true}
      start: {type: string, default: ""}
      end: {type: string}
    clamp: [{param: end, format: time}]
    known: created_at
    timeless: false
`
	tape := newTape()
	env := map[string]string{"APCA_API_KEY_ID": "canary-key-id", "APCA_API_SECRET_KEY": "canary-secret"}
	r := start(t, rig{env: env, tape: tape}, text)
	require.Empty(t, r.built.Warnings)
	a := r.call("search_news", `{"symbols":"AAPL,MSFT","end":"2026-01-01T00:00:00Z"}`)
	require.False(t, a.IsError, a.Text)
	require.Equal(t, "GET /v1beta1/news?end=2024-01-05T16%3A00%3A00-05%3A00&limit=50&symbols=AAPL%2CMSFT ", s.last())
	require.Equal(t, "canary-secret", s.headers[0].Get("Apca-Api-Secret-Key"))
	require.Contains(t, a.Text, "end lowered to 2024-01-05T16:00:00-05:00\n")
	require.Contains(t, a.Text, "created_at,headline,symbols\n2024-01-05T20:00:00Z,known,AAPL\n")
	require.NotContains(t, a.Text+string(a.JSON), "TOMORROW")
	require.Equal(t, 1, a.FutureDated.Removed)

	again := start(t, rig{tape: tape}, text) // no keys any more
	require.Len(t, again.built.Warnings, 2)
	require.Equal(t, a, again.call("search_news", `{"symbols":"AAPL,MSFT","end":"2026-01-01T00:00:00Z"}`))
	require.Equal(t, 1, s.count(), "the second run asks nobody")
	b := again.call("search_news", `{"symbols":"OTHER"}`)
	require.Equal(t, pitwall.MissingKey, code(t, b))
	require.Contains(t, b.Text, "APCA_API_KEY_ID and APCA_API_SECRET_KEY")
	require.Equal(t, 1, s.count())
	require.NotContains(t, tape.everything(), "canary")
}

func TestRESTRequests(t *testing.T) {
	s := serve(t, says(`[]`))
	r := start(t, rig{env: map[string]string{"KEY": "s3cret value/+"}}, `
tools:
  - name: get_series
    rest: {url: "`+s.URL+`/a/{id}/b?fixed=1", query: {api_key: $KEY}}
    parameters:
      id: {type: string, in: path, required: true}
      n: {type: integer, default: 5}
      price: {type: number}
      all: {type: boolean}
      who: {type: string, in: header, as: X-Who}
      q: {type: string, as: "q[]"}
    timeless: true
  - name: post_query
    rest: {method: POST, url: "`+s.URL+`/q", query: {v: 2}}
    parameters:
      text: {type: string, required: true}
      n: {type: integer, default: 5, as: count}
      page: {type: integer, in: query, default: 1}
    timeless: true
`)
	require.False(t, r.call("get_series", `{"id":"x y/ü?#&","price":9007199254740993,"all":true,"who":"me","q":"a&b=c"}`).IsError)
	require.Equal(t, "GET /a/x%20y%2F%C3%BC%3F%23&/b?all=true&api_key=s3cret+value%2F%2B&fixed=1&n=5&price=9007199254740993&q%5B%5D=a%26b%3Dc ", s.last())
	require.Equal(t, "me", s.headers[0].Get("X-Who"))
	require.False(t, r.call("post_query", `{"text":"\"quoted\""}`).IsError)
	require.Equal(t, `POST /q?page=1&v=2 {"count":5,"text":"\"quoted\""}`, s.last())
	n := s.count()
	for _, id := range []string{"..", ".", "a/../b", `a\\..\\b`, "", `a\u0000`, `a\nb`} {
		a := r.call("get_series", `{"id":"`+id+`"}`)
		require.Equal(t, pitwall.InvalidInput, code(t, a), id)
		require.Contains(t, a.Text, "argument id")
	}
	require.Equal(t, pitwall.InvalidInput, code(t, r.call("get_series", `{"id":"a","who":"x\r\nX-Evil: 1"}`)))
	require.Equal(t, pitwall.InvalidInput, code(t, r.call("get_series", `{"id":"a","api_key":"mine"}`)))
	require.Equal(t, n, s.count(), "nothing was sent")
}

func TestRESTFailures(t *testing.T) {
	other := serve(t, says(`[{"stolen":true}]`))
	hang := make(chan struct{})
	release := sync.OnceFunc(func() { close(hang) })
	tries := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/500":
			w.WriteHeader(500)
			fmt.Fprint(w, strings.Repeat("FUTURE words ", 100))
		case "/away":
			http.Redirect(w, r, other.URL+"/", http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/rows", http.StatusFound)
		case "/rows":
			fmt.Fprint(w, `[{"v":"arrived","at":"2020-01-01"}]`)
		case "/hang":
			<-hang
		case "/big":
			chunk := strings.Repeat(" ", 1<<20)
			for range 50 {
				if _, err := fmt.Fprint(w, chunk); err != nil {
					return
				}
			}
		case "/busy", "/busy-long":
			if tries++; tries == 1 {
				w.Header().Set("Retry-After", map[string]string{"/busy": "0", "/busy-long": "3000"}[r.URL.Path])
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			fmt.Fprint(w, `[{"v":"second try"}]`)
		case "/broken":
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				c.Close()
			}
		}
	})
	t.Cleanup(release) // runs before the server's close, which waits for it
	one := func(path, wall string) *rig {
		timeout := "1m" // a slow machine must not turn another failure into this one
		if path == "/hang" {
			timeout = "300ms"
		}
		return start(t, rig{env: map[string]string{"KEY": "canary-value"}}, `
tools:
  - name: one_tool
    rest: {url: "`+s.URL+path+`", query: {api_key: $KEY}, headers: {Authorization: $KEY}, timeout: `+timeout+`}
    `+wall)
	}
	a := one("/500", "timeless: true").call("one_tool", "")
	require.Equal(t, pitwall.ExternalFailed, code(t, a))
	require.Contains(t, a.Text, "status 500")
	require.Contains(t, a.Text, "FUTURE words")
	require.Less(t, len(a.Text), 500)
	a = one("/500", "known: at").call("one_tool", "")
	require.Contains(t, a.Text, "status 500")
	require.NotContains(t, a.Text+string(a.JSON), "FUTURE", "the wall holds for errors too")
	a = one("/away", "timeless: true").call("one_tool", "")
	require.Equal(t, pitwall.ExternalFailed, code(t, a))
	require.Contains(t, a.Text, "redirects to another host")
	require.Zero(t, other.count(), "no request went there, so no header did")
	require.Contains(t, one("/here", "timeless: true").call("one_tool", "").Text, "arrived")
	began := time.Now()
	require.Equal(t, pitwall.Timeout, code(t, one("/hang", "timeless: true").call("one_tool", "")))
	require.Less(t, time.Since(began), time.Minute)
	a = one("/big", "timeless: true").call("one_tool", "")
	require.Equal(t, pitwall.ExternalFailed, code(t, a))
	require.Contains(t, a.Text, "larger than 10485760 bytes")
	r := one("/busy", "timeless: true")
	require.Contains(t, r.call("one_tool", "").Text, "second try")
	require.Contains(t, r.log.String(), "trying once more")
	tries = 0
	a = one("/busy-long", "timeless: true").call("one_tool", "")
	require.Contains(t, a.Text, "status 429")
	require.Equal(t, 1, tries, "a wait beyond the timeout is not tried")
	a = one("/broken", "timeless: true").call("one_tool", "")
	require.Equal(t, pitwall.ExternalFailed, code(t, a))
	require.NotContains(t, a.Text, "canary")
	require.NotContains(t, a.Text, "api_key")
	release()
	s.Close()
	a = one("/gone", "timeless: true").call("one_tool", "")
	require.Contains(t, a.Text, "could not be reached")
	require.NotContains(t, a.Text, "api_key")
}

// S30: a key is told to its server and to nobody else, whatever the server does.
func TestRESTCanary(t *testing.T) {
	const secret = `can"ary/+<Key> ü`
	spellings := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), `can\"ary/+<Key> ü`, `can\"ary/+\u003cKey\u003e`, "Key"}
	status := 200
	form := "json"
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		if form == "csv" {
			fmt.Fprintf(w, "a,%s\n\"%s\",%s\n", url.QueryEscape(secret), strings.ReplaceAll(secret, `"`, `""`), base64.StdEncoding.EncodeToString([]byte(secret)))
			return
		}
		fmt.Fprintf(w, `{"url":%q,"header":%q,"auth":"\u0063an\"ary/+<K\u0065y> \u00fc","b64":%q,%q:1}`, r.RequestURI, r.Header.Get("X-Key"), base64.StdEncoding.EncodeToString([]byte(secret)), url.PathEscape(secret))
	})
	for _, form = range []string{"json", "csv"} {
		for _, status = range []int{200, 403} {
			tape := newTape()
			r := start(t, rig{tape: tape, env: map[string]string{"K": secret}}, `
tools:
  - name: echo_tool
    rest: {url: "`+s.URL+`/x", query: {key: $K}, headers: {X-Key: "`+"$K"+`"}, answer: `+form+`}
    timeless: true
`)
			a := r.call("echo_tool", "")
			require.Equal(t, status != 200, a.IsError, a.Text)
			all := a.Text + string(a.JSON) + r.log.String() + tape.everything()
			if status == 200 && form == "json" {
				require.Contains(t, all, "[secret]")
			}
			for _, x := range spellings {
				require.NotContains(t, all, x, "%s %d", form, status)
			}
		}
	}
}

func TestSpecsThatAreRefused(t *testing.T) {
	const head = "tools:\n  - name: %s\n    rest: {url: %q%s}\n    %s\n"
	for want, text := range map[string]string{
		"either rest or mcp":         "tools: [{name: abc}]",
		"its name must be":           fmt.Sprintf(head, "Bad", "https://x/", "", "timeless: true"),
		"when is":                    fmt.Sprintf(head, "abc", "https://x/", "", "when: never"),
		"https://":                   fmt.Sprintf(head, "abc", "file:///etc/passwd", "", ""),
		"names no host":              fmt.Sprintf(head, "abc", "https:///x", "", ""),
		"user or password":           fmt.Sprintf(head, "abc", "https://u:p@x/", "", ""),
		"the url holds token":        fmt.Sprintf(head, "abc", "https://x/?token=abc", "", ""),
		"use GET or POST":            fmt.Sprintf(head, "abc", "https://x/", ", method: DELETE", ""),
		"use json or csv":            fmt.Sprintf(head, "abc", "https://x/", ", answer: xml", ""),
		"secrets stand in the env":   fmt.Sprintf(head, "abc", "https://x/", ", headers: {Authorization: Bearer abc}", ""),
		"name of a variable":         fmt.Sprintf(head, "abc", "https://x/", ", query: {a: $1}", ""),
		"no parameter with in: path": fmt.Sprintf(head, "abc", "https://x/{id}", "", "parameters: {id: {type: string}}"),
		"the url has no {id}":        fmt.Sprintf(head, "abc", "https://x/", "", "parameters: {id: {type: string, in: path, required: true}}"),
		"go into the path":           fmt.Sprintf(head, "abc", "https://{id}/", "", "parameters: {id: {type: string, in: path, required: true}}"),
		"part of the url":            fmt.Sprintf(head, "abc", "https://x/{id}", "", "parameters: {id: {type: string, in: path}}"),
		"type is":                    fmt.Sprintf(head, "abc", "https://x/", "", "parameters: {id: {type: text}}"),
		"required and has a default": fmt.Sprintf(head, "abc", "https://x/", "", "parameters: {id: {type: string, required: true, default: a}}"),
		"there is another query end": fmt.Sprintf(head, "abc", "https://x/", "", "parameters: {end: {type: string}, until: {type: string, as: end}}"),
		"there is another query key": fmt.Sprintf(head, "abc", "https://x/", ", query: {key: $K}", "parameters: {key: {type: string}}"),
		"there is another header":    fmt.Sprintf(head, "abc", "https://x/", ", headers: {X-Key: $K}", "parameters: {k: {type: string, in: header, as: x-KEY}}"),
		"format is":                  fmt.Sprintf(head, "abc", "https://x/", "", "clamp: [{param: end, format: day}]"),
		"lines":                      fmt.Sprintf(head, "abc", "https://x/", ", answer: csv, rows: a", ""),
		"allow is missing":           "tools: [{name: abc, mcp: {url: https://x/}}]",
		"either url or command":      "tools: [{name: abc, mcp: {allow: [a]}}]",
		"which allow does not":       "tools: [{name: abc, mcp: {url: https://x/, allow: [a], timeless: [b]}}]",
		"stand under mcp":            "tools: [{name: abc, timeless: true, mcp: {url: https://x/, allow: [a]}}]",
		"not a sha256":               "tools: [{name: abc, mcp: {url: https://x/, allow: [a], pin: {a: abc}}}]",
		"shorter name":               "tools: [{name: abc, mcp: {url: https://x/, allow: [a_very_long_name_for_a_tool_that_is_too_long]}}]",
		"two tools would be named":   "tools: [{name: abc, mcp: {url: https://x/, allow: [a-b, a_b]}}]",
		"env is for a command":       "tools: [{name: abc, mcp: {url: https://x/, env: {A: $A}, allow: [a]}}]",
	} {
		r := rig{t: t}
		err := r.try(text)
		var e *pitwall.Error
		require.True(t, errors.As(err, &e), "%s: %v", want, err)
		require.Equal(t, pitwall.StrategyError, e.Code, want)
		require.Contains(t, e.Error(), want)
		require.NotContains(t, e.Error(), "\n")
	}
	r := rig{t: t}
	require.ErrorContains(t, r.try(fmt.Sprintf(head, "orders_submit", "https://x/", "", "timeless: true")), "Pitwall's own")
	require.ErrorContains(t, r.try(fmt.Sprintf(head, "abc", "https://x/", "", "")), "TOOL_NOT_TIME_SAFE")
	require.ErrorContains(t, r.try(fmt.Sprintf(head, "abc", "https://x/", "", "clamp: [{param: end, format: date}]")), "not a parameter")
	require.NoError(t, r.try(fmt.Sprintf(head, "abc", "https://x/", "", "when: live")))
	require.Empty(t, r.built.Tools)
}
