package external_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/require"

	"pitwall"
)

// What a review found, each once.

// An answer in which there is nothing to show, such as a limit told with status
// 200, is not recorded; a constant of the file is no secret.
func TestOnlyAnswersAreRecorded(t *testing.T) {
	var calls atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			fmt.Fprint(w, `{"Note":"5 calls per minute"}`)
			return
		}
		fmt.Fprint(w, `{"news":[{"at":"2024-01-02","text":"version 2013-05-01"}]}`)
	})
	text := `
tools:
  - name: search_news
    description: x
    rest: {url: "` + s.URL + `/", rows: news, headers: {X-Api-Version: "2013-05-01"}}
    known: at
`
	tape := newTape()
	r := start(t, rig{tape: tape}, text)
	require.True(t, r.call("search_news", `{}`).IsError)
	a := r.call("search_news", `{}`)
	require.False(t, a.IsError, a.Text)
	require.Contains(t, a.Text, "version 2013-05-01")
	require.Equal(t, a.Text, r.call("search_news", `{}`).Text)
	require.EqualValues(t, 2, calls.Load(), "the answer is recorded, the excuse was not")
}

// A listing that was refused is asked for again: the server may have what was
// missing, or the pin may be mended.
func TestRefusedListingHeals(t *testing.T) {
	o := newOther(t, false)
	tape := newTape()
	r := rig{t: t, tape: tape}
	text := research(o.URL, "      allow: [series, later]\n      timeless: [series, later]\n")
	require.ErrorContains(t, r.try(text), `no tool "later"`)
	o.mcp.AddTool(&mcp.Tool{Name: "later", InputSchema: object("")}, func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) { return say("[]"), nil })
	require.NoError(t, r.try(text))
	n := o.count()
	require.NoError(t, r.try(text))
	require.Equal(t, n, o.count(), "and then it is recorded")
}

// strict refuses whatever is not on the tape.
type strict struct{ *tape }

func (s strict) Get(kind, slot string, request []byte) ([]byte, error) {
	body, err := s.tape.Get(kind, slot, request)
	if err != nil || body == nil {
		return nil, pitwall.Errorf(pitwall.ReplayDiverged, "not recorded")
	}
	return body, nil
}

func TestStrictAsksNoServer(t *testing.T) {
	o := newOther(t, false)
	n := o.count()
	r := rig{t: t, recorder: strict{newTape()}}
	err := r.try(research(o.URL, "      allow: [series]\n      timeless: [series]\n"))
	require.Equal(t, pitwall.ReplayDiverged, pitwall.CodeOf(err))
	require.Equal(t, n, o.count())
}

// A feed or a limit from the environment is no secret: rows that hold it stay as
// they are, and another value is another tool.
func TestSettingsAreNoSecrets(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"news":[{"at":"2024-01-02","price":1000.25,"text":"%s 1000"}]}`, r.URL.Query().Get("feed"))
	})
	text := `
tools:
  - name: search_news
    description: x
    rest: {url: "` + s.URL + `/", rows: news, query: {limit: $LIMIT, feed: $FEED, api_key: $NEWS_KEY}}
    known: at
`
	tape := newTape()
	for _, feed := range []string{"iexx", "sipp", "iexx"} {
		a := start(t, rig{tape: tape, env: map[string]string{"LIMIT": "1000", "FEED": feed, "NEWS_KEY": "sk-12345678"}}, text).call("search_news", `{}`)
		require.False(t, a.IsError, a.Text)
		require.Contains(t, a.Text, "2024-01-02,1000.25,"+feed+" 1000")
	}
	require.Equal(t, 2, s.count())
	require.NotContains(t, tape.everything(), "sk-12345678")
}
