package agentloop

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall"
)

// hidden are the tools that a model in a loop never sees: time is the loop's.
var hidden = map[string]bool{"clock_next_bar": true, "sim_start": true, "sim_status": true}

// Hidden reports whether no model may call a tool: the loop's own, for time.
func Hidden(name string) bool { return hidden[name] }

// unknownIdentity is that of a tool whose code may have changed unseen.
const unknownIdentity = "unknown"

// trait is what the loop knows of a tool besides what a model reads.
type trait struct {
	Kind     string `json:"kind"`               // its effect
	Identity string `json:"identity,omitempty"` // of an external tool
}

// client wraps an MCP session with what the loop needs.
type client struct {
	session *mcp.ClientSession
	turn    int  // that makes the calls; 0: the loop itself
	shadow  bool // the turn leaves nothing behind
}

// tools lists what models may call, and what each does to its world.
func (c client) tools(ctx context.Context) (list []Tool, traits map[string]trait, err error) {
	traits = map[string]trait{}
	for t, err := range c.session.Tools(ctx, nil) {
		if err != nil {
			return nil, nil, fmt.Errorf("listing tools: %w", err)
		}
		if hidden[t.Name] {
			continue
		}
		schema, err := json.Marshal(t.InputSchema)
		if err != nil {
			return nil, nil, fmt.Errorf("schema of %s: %w", t.Name, err)
		}
		list = append(list, Tool{t.Name, t.Description, schema})
		kind, ok := t.Meta[pitwall.MetaEffect].(string)
		if !ok { // a server that is not Pitwall: what only reads says so
			kind = kindChange
			if t.Annotations != nil && t.Annotations.ReadOnlyHint {
				kind = kindRead
			}
		}
		identity, _ := t.Meta[pitwall.MetaIdentity].(string)
		traits[t.Name] = trait{kind, identity}
	}
	return list, traits, nil
}

// server returns the server's name and version.
func (c client) server() string {
	r := c.session.InitializeResult()
	if r == nil || r.ServerInfo == nil {
		return ""
	}
	return r.ServerInfo.Name + " " + r.ServerInfo.Version
}

// system returns the server's base prompt with the strategy's own, or the
// strategy's alone when the server has none.
func (c client) system(ctx context.Context, strategy string) (string, error) {
	for p, err := range c.session.Prompts(ctx, nil) {
		if err != nil {
			break // a server without prompts
		}
		if p.Name != "trade_turn" {
			continue
		}
		args := map[string]string{}
		if strategy != "" {
			args["strategy"] = strategy
		}
		r, err := c.session.GetPrompt(ctx, &mcp.GetPromptParams{Name: p.Name, Arguments: args})
		if err != nil {
			return "", fmt.Errorf("reading the base prompt: %w", err)
		}
		var b strings.Builder
		for _, m := range r.Messages {
			if t, ok := m.Content.(*mcp.TextContent); ok {
				b.WriteString(t.Text)
			}
		}
		return b.String(), nil
	}
	return strategy, nil
}

// answer is what a call returned: the result that a model reads, and what is for
// the loop only.
type answer struct {
	Result
	meta mcp.Meta
}

// read decodes fields of the structured part; what is missing, or of another type,
// stays zero.
func (a answer) read(into any) { _ = json.Unmarshal(a.Data, into) }

// digest is the server's state digest, if it sends one.
func (a answer) digest() string {
	d, _ := a.meta[pitwall.MetaDigest].(string)
	return d
}

// futureDated returns what the wall removed from the answer, "" if nothing.
func (a answer) futureDated() string {
	m, ok := a.meta[pitwall.MetaFuture].(map[string]any)
	if !ok {
		return ""
	}
	var parts []string
	if n, _ := m["removed"].(float64); n > 0 {
		newest, _ := m["newest"].(string)
		parts = append(parts, fmt.Sprintf("%v rows known after now were removed, the newest of %s", n, newest))
	}
	if n, _ := m["unreadable"].(float64); n > 0 {
		parts = append(parts, fmt.Sprintf("%v rows without a time in the known field were removed: check known and rows", n))
	}
	return strings.Join(parts, "; ")
}

// fault returns the fault of the server's machine that a call met, nil if it has an
// answer.
func (a answer) fault() error {
	if !a.IsError {
		return nil
	}
	var x struct {
		Error struct{ Code, Message, Hint string }
	}
	a.read(&x)
	if c := pitwall.Code(x.Error.Code); c != pitwall.MachineFailed && c != pitwall.JournalFailed {
		return nil
	}
	return pitwall.Errorf(pitwall.Code(x.Error.Code), "%s: %s", a.Name, x.Error.Message).Hintf("%s", x.Error.Hint)
}

// speaker is in whose name a call is made; the zero value is the agent or the loop.
type speaker struct {
	role     string
	readOnly bool
}

// call runs one tool. A tool's own failure is a Result with IsError; an error
// means that the connection or the server's machine failed: nothing was answered.
func (c client) call(ctx context.Context, by speaker, call Call) (answer, error) {
	args := call.Arguments
	if len(args) == 0 {
		args = json.RawMessage("{}")
	}
	params := &mcp.CallToolParams{Name: call.Name, Arguments: args}
	if c.turn > 0 {
		params.Meta = mcp.Meta{pitwall.MetaTurn: c.turn}
		if by.role != "" {
			params.Meta[pitwall.MetaRole] = by.role
		}
		if c.shadow {
			params.Meta[pitwall.MetaShadow] = true
		}
		if by.readOnly {
			params.Meta[pitwall.MetaReadOnly] = true
		}
	}
	r, err := c.session.CallTool(ctx, params)
	out := answer{Result: Result{ID: call.ID, Name: call.Name}}
	if err != nil {
		if ctx.Err() != nil || isClosed(err) {
			return out, err
		}
		out.IsError, out.Text = true, "error "+err.Error() // a protocol error: unknown tool, bad request
		return out, nil
	}
	out.IsError = r.IsError
	for _, content := range r.Content { // pictures are for hosts: no model here reads them, no replay compares them
		if t, ok := content.(*mcp.TextContent); ok {
			out.Text += t.Text
		}
	}
	out.meta = r.Meta
	var ok bool
	if out.Data, ok = r.StructuredContent.(json.RawMessage); !ok { // not of a server in this process
		out.Data, _ = json.Marshal(r.StructuredContent) // it came as JSON
	}
	return out, out.fault()
}

func isClosed(err error) bool {
	return strings.Contains(err.Error(), "closed") || strings.Contains(err.Error(), "EOF")
}
