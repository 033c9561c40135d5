package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/server"
	"pitwall/tools"
)

// tearsheet calls the tool and splits what it answers.
func tearsheet(t testing.TB, cs *mcp.ClientSession, args map[string]any) (text string, sheet map[string]any, picture []byte) {
	t.Helper()
	if args == nil {
		args = map[string]any{}
	}
	r, err := cs.CallTool(context.Background(), &mcp.CallToolParams{Name: "report_tearsheet", Arguments: args})
	require.NoError(t, err)
	text = r.Content[0].(*mcp.TextContent).Text
	require.False(t, r.IsError, text)
	if len(r.Content) > 1 {
		require.Len(t, r.Content, 2)
		i := r.Content[1].(*mcp.ImageContent)
		require.Equal(t, "image/png", i.MIMEType)
		picture = i.Data
	}
	sheet, ok := r.StructuredContent.(map[string]any)
	require.True(t, ok)
	return text, sheet, picture
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestTearsheet(t *testing.T) {
	s, _ := newServer(t, 60, "AAA", "BBB")
	near, far := mcp.NewInMemoryTransports()
	cs := connect(t, s, near, far)

	text, sheet, picture := tearsheet(t, cs, nil)
	require.Nil(t, picture, "before the first bar there is nothing to draw")
	require.Contains(t, text, "no bar has passed yet")
	require.Nil(t, sheet["strategy"].(map[string]any)["total_return"])
	require.Empty(t, sheet["curve"].(map[string]any)["time"])

	conversation(t, cs)
	text, sheet, picture = tearsheet(t, cs, map[string]any{"benchmark": "AAA"})
	img, err := png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	require.Equal(t, 1200, img.Bounds().Dx())
	for _, part := range []string{"mode=sim as_of=", "figures: figure,strategy,AAA,buy_and_hold", "\ntotal_return,", "trades_closed=", "commission=", "random_traders_90%=", "by_symbol: ", "last_trades: ", "positions: "} {
		require.Contains(t, text, part)
	}
	require.Less(t, strings.Count(text, "\n"), 60)
	portfolio := mustCall(t, cs, "account_portfolio")
	require.Equal(t, field(t, portfolio, "equity"), sheet["headline"].(map[string]any)["final_equity"])
	total := sheet["strategy"].(map[string]any)["total_return"].(float64)
	require.InDelta(t, field(t, portfolio, "equity").(float64)/100_000-1, total, 1e-12)
	curve := sheet["curve"].(map[string]any)
	require.Len(t, curve["time"], 40)
	require.Len(t, curve["benchmark"], 40)
	require.InDelta(t, total, curve["strategy"].([]any)[39].(float64), 1e-6)
	require.Len(t, sheet["fills"], 10)
	require.NotEmpty(t, sheet["omitted"])
	trades := sheet["trades"].([]any)
	require.Equal(t, "r", trades[0].(map[string]any)["entry_reason"])
	dir := os.Getenv("PITWALL_PICTURES")
	if dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tool.png"), picture, 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tool.txt"), []byte(text), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tool.json"), []byte(asJSON(t, sheet)), 0o644))
	}

	again, sheet2, picture2 := tearsheet(t, cs, map[string]any{"benchmark": "AAA"})
	require.Equal(t, text, again)
	require.Equal(t, asJSON(t, sheet), asJSON(t, sheet2))
	require.True(t, bytes.Equal(picture, picture2))
	without, sheet3, none := tearsheet(t, cs, map[string]any{"benchmark": "AAA", "picture": false})
	require.Nil(t, none)
	require.Equal(t, text, without, "the picture is no part of the text")
	require.Equal(t, asJSON(t, sheet), asJSON(t, sheet3))

	r, _ := call(t, cs, "report_tearsheet", map[string]any{"benchmark": "NOPE"})
	isError(t, r, "UNKNOWN_SYMBOL")
	tool, _ := tools.New(slog.New(slog.DiscardHandler), nil).Find("report_tearsheet")
	resolved, err := tool.Out.Resolve(&jsonschema.ResolveOptions{})
	require.NoError(t, err)
	require.NoError(t, resolved.Validate(sheet))
}

// later is a source that tells another story after a day: other prices, another
// symbol, a split and a dividend.
type later struct {
	walk
	actions []pitwall.Action
}

func (l later) Actions() []pitwall.Action { return l.actions }

// What comes after now changes nothing of the answer, its picture included.
func TestTearsheetBehindTheWall(t *testing.T) {
	const known = 30 // days that both stories share
	answer := func(src pitwall.Source) (string, string, []byte) {
		b := &builder{other: src, symbols: []string{"AAA", "BBB"}}
		r := server.NewRegistry(b)
		defer func() { require.NoError(t, r.Close()) }()
		near, far := mcp.NewInMemoryTransports()
		cs := connect(t, newServerOver(r), near, far)
		for i := range known - 5 {
			mustCall(t, cs, "clock_next_bar")
			if i%7 == 0 {
				_, text := call(t, cs, "orders_submit", map[string]any{"symbol": []string{"AAA", "BBB"}[i%2], "target_percent": 10 + i})
				require.Contains(t, text, "sent=true")
			}
		}
		text, sheet, picture := tearsheet(t, cs, map[string]any{"benchmark": "BBB"})
		require.NotNil(t, picture)
		return text, asJSON(t, sheet), picture
	}
	text, sheet, picture := answer(made(60, "AAA", "BBB"))
	other := later{walk: made(60, "AAA", "BBB", "CCC")}
	for k, s := range other.series {
		from := known - 1
		if k == 2 {
			from = 0 // all of it is listed later
		}
		for i := from; i < s.Len(); i++ {
			s.Open[i], s.High[i], s.Low[i], s.Close[i], s.Volume[i] = 7*s.Open[i], 7*s.High[i], 7*s.Low[i], 7*s.Close[i], 5
		}
	}
	c := other.series[2]
	c.Start, c.End, c.Known = c.Start[known:], c.End[known:], c.Known[known:]
	c.Open, c.High, c.Low, c.Close, c.Volume = c.Open[known:], c.High[known:], c.Low[known:], c.Close[known:], c.Volume[known:]
	ex := time.Date(2020, 1, known+1, 0, 0, 0, 0, newYork)
	other.actions = []pitwall.Action{{Symbol: "AAA", Ex: ex, Type: "split", Value: pitwall.Int(7)}, {Symbol: "BBB", Ex: ex, Type: "dividend", Value: pitwall.Int(3)}}
	text2, sheet2, picture2 := answer(other)
	require.Equal(t, text, text2)
	require.Equal(t, sheet, sheet2)
	require.True(t, bytes.Equal(picture, picture2), "the picture shows what comes")
}

// A split changes nothing of what was gained, and a dividend is a gain.
func TestTearsheetOverASplit(t *testing.T) {
	returns := func(src pitwall.Source) (benchmark, hold float64) {
		r := server.NewRegistry(&builder{other: src, symbols: []string{"AAA", "BBB"}})
		defer func() { require.NoError(t, r.Close()) }()
		near, far := mcp.NewInMemoryTransports()
		cs := connect(t, newServerOver(r), near, far)
		_, text := call(t, cs, "clock_next_bar", map[string]any{"bars": 30})
		require.Contains(t, text, "advanced=30")
		_, sheet, _ := tearsheet(t, cs, map[string]any{"benchmark": "AAA", "picture": false})
		return sheet["benchmark"].(map[string]any)["total_return"].(float64), sheet["buy_and_hold"].(map[string]any)["total_return"].(float64)
	}
	bench, hold := returns(made(60, "AAA", "BBB"))
	src := later{walk: made(60, "AAA", "BBB")}
	s := src.series[0]
	const at = 14 // the day of the split, counted from 0
	for i := at; i < s.Len(); i++ {
		s.Open[i], s.High[i], s.Low[i], s.Close[i] = s.Open[i]/4, s.High[i]/4, s.Low[i]/4, s.Close[i]/4
	}
	ex := time.Date(2020, 1, at+1, 0, 0, 0, 0, newYork)
	src.actions = []pitwall.Action{{Symbol: "AAA", Ex: ex, Type: "split", Value: pitwall.Int(4)}}
	bench2, hold2 := returns(src)
	require.InDelta(t, bench, bench2, 1e-9)
	require.InDelta(t, hold, hold2, 1e-9)
	src.actions = append(src.actions, pitwall.Action{Symbol: "AAA", Ex: ex.AddDate(0, 0, 5), Type: "dividend", Value: pitwall.One})
	bench3, hold3 := returns(src)
	first := made(60, "AAA").series[0].Close[4].Float() // the run begins on the fifth day
	require.InDelta(t, bench+4/first, bench3, 1e-9, "four new units earn one each")
	require.InDelta(t, hold+2/first, hold3, 1e-9, "half of the money is in it")
}

func TestTearsheetView(t *testing.T) {
	s, _ := newServer(t, 20, "AAA")
	near, far := mcp.NewInMemoryTransports()
	cs := connect(t, s, near, far)
	found := false
	for tool, err := range cs.Tools(context.Background(), nil) {
		require.NoError(t, err)
		ui, ok := tool.Meta["ui"].(map[string]any)
		require.Equal(t, tool.Name == "report_tearsheet", ok)
		if ok {
			require.Equal(t, "ui://pitwall/tearsheet.html", ui["resourceUri"])
			found = true
		}
	}
	require.True(t, found)
	list, err := cs.ListResources(context.Background(), nil)
	require.NoError(t, err)
	require.Len(t, list.Resources, 1)
	require.Equal(t, "text/html;profile=mcp-app", list.Resources[0].MIMEType)
	r, err := cs.ReadResource(context.Background(), &mcp.ReadResourceParams{URI: "ui://pitwall/tearsheet.html"})
	require.NoError(t, err)
	require.Len(t, r.Contents, 1)
	require.Equal(t, "text/html;profile=mcp-app", r.Contents[0].MIMEType)
	require.True(t, strings.HasPrefix(r.Contents[0].Text, "<!doctype html>"))
	for _, bad := range []string{"{{", "innerHTML", "eval(", "http://www.w3.org/1999", "https://", " src=", "@import", "url("} {
		require.NotContains(t, r.Contents[0].Text, bad)
	}
	_, err = cs.ReadResource(context.Background(), &mcp.ReadResourceParams{URI: "ui://pitwall/nothing.html"})
	require.Error(t, err)
}
