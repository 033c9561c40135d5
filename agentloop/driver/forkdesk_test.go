package driver_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/cache/runs"
)

// A fork with the file of one role asks that role, and those that depend on what it then
// says, with the parent's replay cache and without one; desk.json counts them.
func TestForkAsksOneRoleAndWhatDependsOnIt(t *testing.T) {
	const turns, at = 5, 3
	for name, c := range map[string]struct {
		prompt string
		change string
		play   func(string, agentloop.Request) (agentloop.Reply, error)
		want   map[string]int
	}{
		"the same words of an analyst": {string(file("news", "fast", "AnalystReports", "Read news.")["news.md"].Data), "another prompt of news", nil, map[string]int{"news": 3}},
		"an analyst says another thing": {string(file("news", "fast", "AnalystReports", "Read news.")["news.md"].Data), "another prompt of news", says("news", reports("AAPL", "SELL")),
			map[string]int{"news": 3, "bull": 6, "bear": 6, "judge": 3, "trader": 3}},
		"the risk manager, by its file": {string(file("risk_neutral", "deep", "Verdict", "Be kind.")["risk_neutral.md"].Data), "another prompt of risk_neutral", nil, map[string]int{"risk": 3}},
	} {
		for _, cached := range []bool{true, false} {
			parent := &deskRun{desk: wholeDesk, turns: turns}
			if cached {
				parent.cache = &deskCache{m: map[string][]byte{}}
			}
			r, was, err := parent.run(t)
			require.NoError(t, err)
			again := &deskRun{desk: wholeDesk, turns: turns, cache: parent.cache, play: c.play, fork: &driver.Fork{Parent: os.DirFS(r.Out), Turn: at, Prompt: c.prompt}}
			f, now, err := again.run(t)
			require.NoError(t, err, name)
			require.Equal(t, c.want, again.asked, "%s, cached: %v", name, cached)
			require.Equal(t, was[:at-1], now[:at-1])
			require.Equal(t, c.change, f.Manifest.Fork.Change)
			score, err := runs.Open(os.DirFS(f.Out)).DeskScore()
			require.NoError(t, err)
			counts := map[string]int{}
			for _, x := range score.Roles {
				if counts[x.Role] = x.Asked; x.Asked == 0 {
					delete(counts, x.Role)
				}
				replies := turns - at + 1
				if x.Role == "bull" || x.Role == "bear" {
					replies *= 2
				}
				require.Equal(t, replies, x.Replies, x.Role)
			}
			require.Equal(t, c.want, counts)
			v, err := driver.Verify(os.DirFS(f.Out))
			require.NoError(t, err)
			require.Empty(t, v.Differences)
		}
	}
}

func TestForkRefusesAnotherRolesFile(t *testing.T) {
	parent, _, err := forkOf(t, nil)
	require.NoError(t, err)
	role := string(file("news", "fast", "AnalystReports", "Read.")["news.md"].Data)
	_, _, err = forkOf(t, &driver.Fork{Parent: os.DirFS(parent.Out), Turn: 5, Prompt: role})
	require.ErrorContains(t, err, "the strategy has no desk")
	r, _, err := (&deskRun{desk: wholeDesk, turns: 1}).run(t)
	require.NoError(t, err)
	s, err := driver.Parse("desk.yaml", []byte("name: desk\nsymbols: [AAPL]\ndata: [data]\nfrom: 2014-01-02\nto: 2014-03-31\nagent: {model: script/desk}\ndesk: "+wholeDesk+"\n"))
	require.NoError(t, err)
	require.NoError(t, s.Check())
	f := &driver.Fork{Parent: os.DirFS(r.Out), Turn: 1, Prompt: string(file("macro", "fast", "AnalystReports", "Read.")["macro.md"].Data)}
	require.ErrorContains(t, f.Prepare(s), "the prompt is of the role macro, and the desk has none")
}
