package server

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// maxID is the largest integer that every JSON reader keeps exactly.
const maxID = 1<<53 - 1

// refusal is a JSON-RPC error about a message as a whole, with the id that was sent.
type refusal struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Error   jsonrpc.Error   `json:"error"`
}

// refuse makes the answer to a message that is not served; a nil id becomes null.
func refuse(id json.RawMessage, code int64, message string) *refusal {
	return &refusal{"2.0", id, jsonrpc.Error{Code: code, Message: message}}
}

// invalid refuses what is JSON but no request.
func invalid(id json.RawMessage, message string) *refusal {
	return refuse(id, jsonrpc.CodeInvalidRequest, "Invalid Request: "+message)
}

// bytes is the refusal's JSON.
func (r *refusal) bytes() []byte {
	body, err := json.Marshal(r)
	if err != nil { // the id is valid JSON or nil
		return []byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"Internal error"}}`)
	}
	return body
}

// split returns the messages of a frame: one, or those of a batch.
func split(frame []byte) (messages []json.RawMessage, batch bool) {
	if bytes.HasPrefix(bytes.TrimSpace(frame), []byte("[")) && json.Unmarshal(frame, &messages) == nil {
		return messages, true
	}
	return []json.RawMessage{frame}, false
}

// checkID returns the message's id as sent, and a refusal where its answer could not
// carry that id: the SDK keeps integers as float64 and cuts off fractions.
func checkID(message []byte) (json.RawMessage, *refusal) {
	var m map[string]json.RawMessage // by exact name, as the SDK reads it
	if json.Unmarshal(message, &m) != nil {
		return nil, nil
	}
	raw, ok := m["id"]
	if !ok {
		return nil, nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil && raw[0] == '"' {
		if strings.ContainsRune(text, '\uFFFD') {
			return raw, invalid(nil, "the id is not valid Unicode")
		}
		return raw, nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err == nil && n >= -maxID && n <= maxID && strconv.FormatInt(n, 10) == string(raw) {
		return raw, nil
	}
	if method := string(m["method"]); method == "" || string(raw) == "null" && strings.HasPrefix(method, `"notifications/`) {
		return nil, nil // no request: nothing has to return this id
	}
	return raw, invalid(raw, "id "+string(raw)+" cannot be returned as sent; use a string, or an integer between -(2^53-1) and 2^53-1")
}
