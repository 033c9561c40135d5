package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pitwall/agentloop"
)

// This file says what went wrong with an attempt, in the server's own words.

const (
	maxErrorText = 500 // characters of a provider's error text
	maxQuote     = 200 // of an answer that an error quotes
)

// failure is one failed attempt.
type failure struct {
	kind    agentloop.ErrorKind
	status  int
	message string
	hint    string
	retry   bool
	path    bool          // there may be nothing at this URL
	absent  bool          // nothing listens at an address of this machine
	after   time.Duration // as the provider asked; 0 = it did not
}

// badReply is an answer that cannot be used.
type badReply struct {
	why, hint string
	final     bool // another attempt would bring the same
}

func (e *badReply) Error() string { return e.why }

func badReplyf(format string, args ...any) error { return &badReply{why: fmt.Sprintf(format, args...)} }

// classify returns what went wrong: the exchange knows how far the request came.
func classify(err error, x *exchange) failure {
	var status *httpError
	if errors.As(err, &status) {
		return byStatus(status)
	}
	if x.readErr != nil {
		err = x.readErr // the cause; err is what a reader made of the early end
	}
	var slow net.Error
	var program *commandFailed
	missing, noProgram := notFound(err)
	switch {
	case errors.As(err, &program):
		return failure{kind: agentloop.ErrorUnavailable, message: err.Error(), retry: true, hint: "run the command by hand: is it logged in, and within its limits?"}
	case noProgram:
		return failure{kind: agentloop.ErrorConfig, message: missing, hint: "install the program, or name it by its path"}
	case errors.As(err, &slow) && slow.Timeout(): // a deadline of the context, too
		return failure{kind: agentloop.ErrorUnavailable, message: "no answer in time", retry: true}
	case x.answered && errors.Is(err, errTooLong):
		return failure{kind: agentloop.ErrorBadReply, message: err.Error(), retry: true}
	case x.answered && x.readErr != nil:
		return failure{kind: agentloop.ErrorBadReply, message: "the answer was cut off: " + err.Error(), retry: true}
	case x.answered:
		f := failure{kind: agentloop.ErrorBadReply, message: err.Error(), retry: true}
		if bad, ok := errors.AsType[*badReply](err); ok && bad.final {
			f.kind, f.retry, f.path, f.hint = agentloop.ErrorConfig, false, true, "check base_url"
		} else if ok {
			f.hint = bad.hint
		}
		return f
	case !x.tried:
		return failure{kind: agentloop.ErrorConfig, message: "the request was not sent: " + err.Error()}
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the URL
	}
	var op *net.OpError
	absent := false
	if errors.As(err, &op) && op.Op == "dial" && !op.Timeout() {
		to, ok := op.Addr.(*net.TCPAddr)
		absent = ok && to.IP.IsLoopback()
	}
	return failure{kind: agentloop.ErrorUnavailable, message: err.Error(), retry: true, absent: absent, hint: "is the server running and base_url right?"}
}

// What servers say of failures that their status alone does not tell, in lower case.
var (
	outOfMoney   = regexp.MustCompile(`insufficient_quota|billing_error|credit balance is too low|per[- ]?day`)
	invalidKey   = regexp.MustCompile(`api_key_invalid|api key not valid`)
	noTools      = regexp.MustCompile(`not support (tools|function)|support tool use|tool-call-parser|tool_call_parser`)
	unknownModel = regexp.MustCompile(`model_not_found|invalid_model|model_not_supported|(invalid|unknown|unsupported|no such) model|valid model|model not exist|no models? loaded|` +
		`(model|deployment)[^{}]{0,80}(not found|not exist|n't exist|is not available|is not supported|could not be found)`)
	invalidParam = regexp.MustCompile(`unsupported_parameter|unsupported_value|unknown_parameter`)
	tooLong      = regexp.MustCompile(`context.length|maximum context|context window|prompt is too long|request entity too large|too many tokens`)
)

// byStatus classifies an HTTP status and the provider's own code.
func byStatus(e *httpError) failure {
	text, codes := errorText(e.body)
	if text == "" {
		text = http.StatusText(e.status)
	}
	f := failure{status: e.status, message: text, after: retryAfter(e)}
	s := e.status
	request := s == http.StatusBadRequest || s == http.StatusUnprocessableEntity
	switch {
	case s == http.StatusPaymentRequired, (s == http.StatusTooManyRequests || s == http.StatusBadRequest || s == http.StatusForbidden) && outOfMoney.MatchString(codes):
		f.kind, f.hint = agentloop.ErrorBilling, "the provider's quota or credit is used up"
	case s == http.StatusUnauthorized, s == http.StatusBadRequest && invalidKey.MatchString(codes):
		f.kind = agentloop.ErrorAuth // which key is the client's to say
	case (request || s == http.StatusNotFound || s >= 500) && noTools.MatchString(codes):
		f.kind, f.hint = agentloop.ErrorConfig, "choose a model that can call tools"
		if strings.Contains(codes, "parser") {
			f.hint = "start the server with a tool parser for its model"
		}
	case (request || s == http.StatusForbidden || s == http.StatusNotFound || s >= 500) && unknownModel.MatchString(codes):
		f.kind, f.hint = agentloop.ErrorConfig, "check the model's name and base_url"
	case s == http.StatusForbidden:
		f.kind = agentloop.ErrorAuth
	case s == http.StatusNotFound, s == http.StatusMethodNotAllowed, s < 400:
		f.kind, f.path, f.hint = agentloop.ErrorConfig, true, "check the model's name and base_url"
	case s == http.StatusBadRequest && invalidParam.MatchString(codes):
		f.kind, f.hint = agentloop.ErrorConfig, "check the model's name and the strategy's params"
	case s == http.StatusTooManyRequests:
		f.kind, f.retry = agentloop.ErrorLimited, true
	case s == http.StatusRequestTimeout, s == http.StatusConflict, s >= 500:
		f.kind, f.retry = agentloop.ErrorUnavailable, true
	default:
		f.kind = agentloop.ErrorRequest
		if tooLong.MatchString(codes) {
			f.hint = "the turn's conversation is longer than the model takes: give the agent fewer tools or a lower max_steps, or choose a larger model"
		}
	}
	return f
}

// errorText finds the message in an error's body, and all of it in lower case to
// look for codes in.
func errorText(body []byte) (text, codes string) {
	codes = strings.ToLower(string(body))
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		return pageText(body), codes
	}
	var raw json.RawMessage = body
	for range 3 { // Gemini's compatible endpoint wraps the object in a list
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
			raw = list[0]
		}
		var o struct {
			Error   json.RawMessage `json:"error"`
			Errors  json.RawMessage `json:"errors"`
			Message json.RawMessage `json:"message"`
			Detail  json.RawMessage `json:"detail"`
			Msg     json.RawMessage `json:"error_msg"`
			Base    struct {
				Msg json.RawMessage `json:"status_msg"`
			} `json:"base_resp"`
			Metadata struct {
				Raw word `json:"raw"` // what a proxy's own provider said
			} `json:"metadata"`
		}
		if json.Unmarshal(raw, &o) != nil {
			break
		}
		var s string
		for _, m := range []json.RawMessage{o.Error, o.Message, o.Detail, o.Msg, o.Base.Msg} {
			if json.Unmarshal(m, &s) != nil || s == "" {
				continue
			}
			if o.Metadata.Raw != "" && o.Metadata.Raw != "null" {
				s += ": " + string(o.Metadata.Raw)
			}
			return s, codes
		}
		if s := details(o.Detail); s != "" {
			return s, codes
		}
		if raw = o.Error; len(raw) == 0 {
			raw = o.Errors
		}
		if len(raw) == 0 {
			break
		}
	}
	return strings.TrimSpace(string(body)), codes
}

// details reads a list of what is wrong with which field, as FastAPI writes it.
func details(raw json.RawMessage) string {
	var list []struct {
		Loc     []word `json:"loc"`
		Message string `json:"msg"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return ""
	}
	var out []string
	for _, d := range list {
		at := ""
		for _, part := range d.Loc {
			at += string(part) + "."
		}
		out = append(out, strings.TrimSuffix(at, ".")+": "+d.Message)
	}
	return strings.Join(out, "; ")
}

var (
	unseen = regexp.MustCompile(`(?is)<(?:style|script)\b.*?</(?:style|script)>|<!--.*?-->`)
	heads  = regexp.MustCompile(`(?is)<head\b.*?</head>`)
	tags   = regexp.MustCompile(`<[^>]*>`)
)

// pageText is what a web page says.
func pageText(page []byte) string {
	read := func(s string) string {
		return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(s, " "))), " ")
	}
	all := unseen.ReplaceAllString(string(page), " ")
	if text := read(heads.ReplaceAllString(all, " ")); text != "" {
		return text
	}
	return read(all)
}

// errorInside finds an error in an answer with a status of 2xx, with the status that
// it would have had.
func errorInside(data []byte) error {
	var a struct {
		Object string          `json:"object"`
		Error  json.RawMessage `json:"error"`
	}
	raw := data
	var list []json.RawMessage
	if json.Unmarshal(data, &list) == nil && len(list) > 0 {
		raw = list[0]
	}
	if json.Unmarshal(raw, &a) != nil {
		return nil // whoever reads the answer says what is wrong with it
	}
	switch string(a.Error) {
	case "", "null", "{}", `""`, "false":
		if a.Object != "error" && !saysOtherwise(raw) {
			return nil
		}
	default:
		raw = a.Error
	}
	return &httpError{status: statusInside(raw), body: data}
}

// saysOtherwise reports whether a value is no part of an answer in any dialect and holds
// a message all the same: an error under a name of the server's own.
func saysOtherwise(raw json.RawMessage) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return false
	}
	for _, name := range []string{"choices", "candidates", "promptFeedback", "usageMetadata", "usage", "type"} {
		if v := fields[name]; len(v) > 0 && string(v) != "null" {
			return false
		}
	}
	text, _ := errorText(raw)
	return text != strings.TrimSpace(string(raw))
}

// statusInside is the status that an error's own code or type stands for.
func statusInside(raw json.RawMessage) int {
	var e struct {
		Code   word `json:"code"`
		Type   word `json:"type"`
		Status word `json:"status"`
	}
	if json.Unmarshal(raw, &e) != nil {
		if strings.Contains(strings.ToLower(string(raw)), "endpoint") { // LM Studio without /v1
			return http.StatusNotFound
		}
		return http.StatusInternalServerError
	}
	for _, w := range []word{e.Code, e.Status, e.Type} {
		if n, err := strconv.Atoi(string(w)); err == nil && n >= 400 && n < 600 {
			return n
		}
		if n, ok := statuses[strings.ToLower(string(w))]; ok {
			return n
		}
	}
	return http.StatusInternalServerError
}

// statuses of the errors that servers name inside of an answer.
var statuses = map[string]int{
	"invalid_request_error": 400, "badrequesterror": 400, "context_length_exceeded": 400, "authentication_error": 401, "invalid_api_key": 401,
	"billing_error": 402, "permission_error": 403, "not_found_error": 404, "model_not_found": 404, "notfounderror": 404, "request_too_large": 413,
	"rate_limit_error": 429, "rate_limit_exceeded": 429, "insufficient_quota": 429, "timeout_error": 504, "overloaded_error": 529,
}

// clip cuts a text to n characters.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}
