package external_test

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools"
	"pitwall/tools/external"
)

//go:embed func_test.go
var ownFiles embed.FS

type closesIn struct {
	Symbol string `json:"symbol"`
	Limit  *int   `json:"limit,omitempty" jsonschema:"default 5"`
}

type closeRow struct {
	Known string      `json:"known"`
	Close pitwall.Dec `json:"close"`
}

// lastCloses gives the newest closes of a symbol.
func lastCloses(ctx context.Context, now external.Moment, in closesIn) ([]closeRow, error) {
	bars, err := now.Market.Bars(ctx, pitwall.BarQuery{Symbol: in.Symbol})
	if in.Symbol == "BAD" {
		err = errors.New("no such thing as BAD")
	}
	rows := []closeRow{}
	for _, b := range bars {
		rows = append(rows, closeRow{b.Known.Format("2006-01-02T15:04:05Z07:00"), b.Close})
	}
	return rows, err
}

type notebook struct{ lines []string }

// note keeps a line.
func (n *notebook) note(_ context.Context, _ external.Moment, in struct {
	Line string `json:"line"`
}) (string, error) {
	n.lines = append(n.lines, in.Line)
	return fmt.Sprintf("%d lines", len(n.lines)), nil
}

var timeless = external.TimePolicy{Timeless: true}

func TestFunc(t *testing.T) {
	n := &notebook{}
	s := with(t, pitwall.Sim, nil, external.Func(external.Tool{Name: "last_closes", Description: "The newest closes.", Time: timeless, Source: ownFiles}, lastCloses),
		external.Func(external.Tool{Name: "keep_note", Description: "Keeps a line.", Effect: tools.Change, Time: timeless, Source: ownFiles}, n.note))
	tool, ok := s.Find("last_closes")
	require.True(t, ok)
	require.True(t, strings.HasPrefix(tool.Description, "The newest closes.\n// lastCloses gives the newest closes of a symbol.\nfunc lastCloses(ctx context.Context"), tool.Description)
	require.True(t, strings.HasSuffix(tool.Description, "return rows, err\n}"), "the whole function and no more")
	schema, err := json.Marshal(tool.In)
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"object","properties":{"symbol":{"type":"string"},"limit":{"type":"integer","description":"default 5"}},"required":["symbol"],"additionalProperties":false}`, string(schema))
	w := simAt(friday(t))
	a := s.Call(trader(), w, "last_closes", json.RawMessage(`{"symbol":"X","limit":"3"}`))
	require.False(t, a.IsError, a.Text)
	require.JSONEq(t, `{"mode":"sim","as_of":"2024-01-05T16:00:00-05:00","rows":[{"known":"2024-01-05T16:00:00-05:00","close":100}]}`, string(a.JSON))
	a = s.Call(trader(), w, "last_closes", json.RawMessage(`{"symbol":"BAD"}`))
	require.Equal(t, pitwall.ExternalFailed, code(t, a))
	require.Contains(t, a.Text, "no such thing as BAD")
	require.Equal(t, pitwall.InvalidInput, code(t, s.Call(trader(), w, "last_closes", json.RawMessage(`{"symbol":"X","x":1}`))))

	tool, _ = s.Find("keep_note")
	require.Equal(t, tools.Change, tool.Effect)
	require.Contains(t, tool.Description, "// note keeps a line.\nfunc (n *notebook) note(")
	require.Contains(t, s.Call(trader(), w, "keep_note", json.RawMessage(`{"line":"a"}`)).Text, "1 lines")
	reader := pitwall.WithCaller(context.Background(), pitwall.Caller{ReadOnly: true})
	require.Equal(t, pitwall.NotAllowed, code(t, s.Call(reader, w, "keep_note", json.RawMessage(`{"line":"b"}`))))
	require.Len(t, n.lines, 1)
	require.Equal(t, pitwall.NotTimeSafe, refused(t, pitwall.Sim, external.Func(external.Tool{Name: "keep_note"}, n.note)).Code, "Go functions declare too")
}

func TestFuncSource(t *testing.T) {
	var log strings.Builder
	closure := func(context.Context, external.Moment, struct{}) (string, error) { return "x", nil }
	f := external.Func(external.Tool{Name: "closure_tool", Description: "A closure.", Time: timeless, Source: ownFiles}, closure)
	require.Equal(t, "A closure.\nfunc(context.Context, external.Moment, struct {}) (string, error)", f.Description)
	_, err := newSet(slog.New(slog.NewTextHandler(&log, nil)), pitwall.Sim, nil, f)
	require.NoError(t, err)
	require.Contains(t, log.String(), "shows the signature only")
	f = external.Func(external.Tool{Name: "last_closes", Time: timeless}, lastCloses)
	require.Contains(t, f.Description, "func(context.Context, external.Moment, external_test.closesIn)")
	require.Nil(t, f.Definition, "what it does is not known, so nothing is recorded")
	require.Empty(t, f.Warnings)
	src, err := ownFiles.ReadFile("func_test.go")
	require.NoError(t, err)
	long := strings.Replace(string(src), "rows := []closeRow{}", strings.Repeat("\n", 120)+"rows := []closeRow{}", 1)
	f = external.Func(external.Tool{Name: "last_closes", Time: timeless, Source: fstest.MapFS{"a/func_test.go": {Data: []byte(long)}}}, lastCloses)
	require.Len(t, f.Warnings, 1)
	require.Contains(t, f.Warnings[0], "lines")
	changed := external.Func(external.Tool{Name: "last_closes", Time: timeless, Source: fstest.MapFS{"func_test.go": {Data: src}, "helper.go": {Data: []byte("package x")}}}, lastCloses)
	require.NotEqual(t, f.Definition, changed.Definition, "a helper that changes makes another tool")
	lost := external.Func(external.Tool{Name: "last_closes", Time: timeless, Source: fstest.MapFS{"other.go": {Data: src}}}, lastCloses)
	require.NotContains(t, lost.Description, "rows :=", "a file of another name")
}

// A function that computes on visible data is recorded under the world's state.
func TestFuncIsRecordedWithTheWorld(t *testing.T) {
	calls := 0
	f := external.Func(external.Tool{Name: "counts", Time: timeless, Source: ownFiles}, lastCloses)
	inner := f.Call
	f.Call = func(ctx context.Context, now external.Moment, args map[string]json.RawMessage) (external.Payload, error) {
		calls++
		return inner(ctx, now, args)
	}
	r := &tape{held: map[string][]byte{}}
	s := with(t, pitwall.Sim, r, f)
	w := simAt(friday(t))
	args := json.RawMessage(`{"symbol":"X"}`)
	require.Equal(t, s.Call(trader(), w, "counts", args), s.Call(trader(), w, "counts", args))
	require.Equal(t, 1, calls)
	w.Market = stateMarket{w.Market}
	s.Call(trader(), w, "counts", args)
	require.Equal(t, 2, calls, "other data, another answer")
}

type stateMarket struct{ pitwall.Market }

func (stateMarket) Digest() string { return "other" }
