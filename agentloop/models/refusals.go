package models

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// refusals are the fields that one server turned out to refuse, of those that
// Pitwall sends on its own. What a strategy asks for is never left out. They change
// how a question travels and are no part of a replay key.
type refusals struct {
	mu    sync.Mutex
	names map[string]bool
}

func (r *refusals) has(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names[name]
}

// refusing are the words with which servers refuse a field that they do not know.
var refusing = regexp.MustCompile(`extra|unknown|unrecogni[sz]ed|unsupported|unexpected|not.{0,20}(support|permit|allow|recogni[sz]ed|exist)|cannot find|invalid (param|arg|field|name)|additional propert`)

// learn finds the optional field that an answer refuses by its name, and returns
// what is done from now on; empty when it refuses something else. Of an answer that
// names several the first one counts, and the next request finds the rest.
func (r *refusals) learn(err error, optional []string) string {
	var e *httpError
	if !errors.As(err, &e) {
		return ""
	}
	switch e.status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusNotImplemented:
	default:
		return ""
	}
	text := strings.ToLower(strings.ReplaceAll(string(e.body), `\`, ""))
	if !refusing.MatchString(text) {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range optional {
		before, after := `(^|[^a-z0-9_])`, `(ing)?($|[^a-z0-9_])`
		switch quote := "[\"'`]"; {
		case e.status >= 500 || slices.Contains(optionalWords, name):
			before, after = quote, quote // default, format: words of any sentence
		case name == "system":
			before, after = `(^|[^a-z0-9_])`, "("+quote+"| role| message| prompt)"
		}
		found := regexp.MustCompile(before + regexp.QuoteMeta(strings.ToLower(name)) + after)
		if r.names[name] || !found.MatchString(text) {
			continue
		}
		if r.names == nil {
			r.names = map[string]bool{}
		}
		r.names[name] = true
		switch name {
		case "max_completion_tokens":
			return "the server refuses max_completion_tokens: max_tokens is sent instead"
		case "max_tokens":
			return "the server refuses max_tokens: max_completion_tokens is sent instead"
		case "system":
			return "the server refuses a system message: it is sent with the first message"
		case "stream":
			return "the server does not stream: whole answers are asked for"
		}
		return "the server refuses " + name + ": it is left out"
	}
	return ""
}
