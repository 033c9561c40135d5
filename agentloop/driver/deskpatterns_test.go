package driver_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall/agentloop"
	"pitwall/agentloop/driver"
	"pitwall/agentloop/models"
	"pitwall/agentloop/roles"
	"pitwall/cache/runs"
)

// patterns are desks that differ in who sees whose output.
var patterns = map[string]string{
	"parallel":     "{analysts: [technical, breadth, news], trader: {}, risk: {}}",
	"sequential":   "{analysts: [technical, breadth, news], pattern: sequential, trader: {}, risk: {}}",
	"hierarchical": "{analysts: [technical, breadth, news], pattern: hierarchical, trader: {}, risk: {}}",
	"broadcast":    "{analysts: [technical, breadth, news], pattern: broadcast, trader: {}, risk: {}}",
	"compact":      "{analysts: [technical, breadth, news], debate: {compact: true}, trader: {}, risk: {}}",
	"debate":       "{analysts: [technical, breadth, news], debate: {rounds: 2}, trader: {}, risk: {}}",
}

const (
	someTasks = `{"tasks":[{"analyst":"news","task":"Find the deal."},{"analyst":"technical","task":"Find the trend."}]}`
	bothSides = `{"bull":{"claim":"up","evidence":["technical"],"strength":0.7},"bear":{"claim":"down","evidence":["news"],"strength":0.4},` +
		`"winner":"BULL","margin":"SLIGHT","bull_points":[],"bear_points":[],"consensus":"c","thesis":"t","recommendation":"BUY"}`
)

// patterned answers by role, with the name of the role as its reason.
func patterned(role string, r agentloop.Request) (agentloop.Reply, error) {
	text := r.Messages[len(r.Messages)-1].User
	switch {
	case strings.HasSuffix(text, "Answer with one Assignments."), strings.HasPrefix(text, "This is no Assignments"):
		return agentloop.Reply{Text: someTasks}, nil
	case role == "debate":
		return agentloop.Reply{Text: bothSides}, nil
	case slices.Contains([]string{"technical", "breadth", "news"}, role):
		n := fmt.Sprintf("%s %d", role, strings.Count(fmt.Sprint(r.Messages), "Answer with one"))
		return agentloop.Reply{Text: strings.Replace(reports("AAPL", "BUY"), `["r"]`, `["`+n+`"]`, 1)}, nil
	}
	return agentloop.Reply{}, nil
}

// Who sees whose output, and how often each is asked, is what the pattern says.
func TestPatternsShowWhoSeesWhom(t *testing.T) {
	sees := map[string]string{ // the reports in each role's first and last message
		"parallel technical": "", "parallel breadth": "", "parallel news": "", "parallel trader": "technical breadth news", "parallel risk": "",
		"sequential technical": "", "sequential breadth": "technical", "sequential news": "technical breadth", "sequential trader": "technical breadth news", "sequential risk": "",
		"hierarchical technical": "", "hierarchical news": "", "hierarchical trader": "technical news", "hierarchical risk": "",
		"broadcast technical": "technical breadth news", "broadcast breadth": "technical breadth news", "broadcast news": "technical breadth news", "broadcast trader": "technical breadth news", "broadcast risk": "technical breadth news",
		"compact technical": "", "compact debate": "technical breadth news", "compact trader": "technical breadth news", "compact risk": "",
		"debate technical": "", "debate bull": "technical breadth news", "debate judge": "technical breadth news", "debate trader": "technical breadth news", "debate risk": "",
	}
	asked := map[string]map[string]int{
		"parallel":     {"technical": 1, "breadth": 1, "news": 1, "trader": 1, "risk": 1},
		"sequential":   {"technical": 1, "breadth": 1, "news": 1, "trader": 1, "risk": 1},
		"hierarchical": {"technical": 1, "news": 1, "trader": 2, "risk": 1},
		"broadcast":    {"technical": 2, "breadth": 2, "news": 2, "trader": 1, "risk": 1},
		"compact":      {"technical": 1, "breadth": 1, "news": 1, "debate": 1, "trader": 1, "risk": 1},
		"debate":       {"technical": 1, "breadth": 1, "news": 1, "bull": 2, "bear": 2, "judge": 1, "trader": 1, "risk": 1},
	}
	for name, text := range patterns {
		var mu sync.Mutex
		given := map[string]string{}
		d := &deskRun{desk: text, turns: 1, play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range r.Messages {
				given[role] += m.User
			}
			return patterned(role, r)
		}}
		_, turns, err := d.run(t)
		require.NoError(t, err)
		require.Equal(t, asked[name], d.asked, name)
		rec := recordOf(t, turns[0])
		require.Empty(t, rec.Absent, name)
		require.Len(t, rec.Orders, 1, name)
		for who, want := range sees {
			pattern, role, _ := strings.Cut(who, " ")
			if pattern != name {
				continue
			}
			var got []string
			for _, x := range []string{"technical", "breadth", "news"} {
				if strings.Contains(given[role], `"reasons":["`+x+` `) {
					got = append(got, x)
				}
			}
			require.Equal(t, want, strings.Join(got, " "), who)
		}
		switch name {
		case "hierarchical":
			require.Contains(t, given["news"], "Your task: Find the deal.")
			require.NotContains(t, given["technical"], "Find the deal.")
			require.Len(t, rec.Tasks, 2)
		case "broadcast":
			require.Contains(t, given["trader"], "news 2")
			require.NotContains(t, given["trader"], "news 1", "the last word counts")
		case "compact":
			require.Equal(t, "BULL", rec.Debate.Winner)
			require.Equal(t, "down", rec.Debate.Rounds[0].Bear.Claim)
			require.Contains(t, given["trader"], `round 1 bull: {"claim":"up"`)
		}
	}
}

// Analysts that finish in any order leave the same bytes in every pattern, and a changed
// answer of one asks again what depends on it and nothing else.
func TestPatternsDoNotDependOnArrival(t *testing.T) {
	depends := map[string]map[string]int{ // on what technical says
		"parallel": {"technical": 1, "trader": 1}, "sequential": {"technical": 1, "breadth": 1, "news": 1, "trader": 1}, "hierarchical": {"technical": 1, "trader": 1},
		"broadcast": {"technical": 2, "breadth": 1, "news": 1, "trader": 1, "risk": 1}, "compact": {"technical": 1, "debate": 1, "trader": 1},
		"debate": {"technical": 1, "bull": 2, "bear": 2, "judge": 1, "trader": 1},
	}
	for name, text := range patterns {
		first, digest := "", ""
		cache := &deskCache{m: map[string][]byte{}}
		for n, delays := range []map[string]time.Duration{{}, {"technical": 6, "breadth": 3}, {"breadth": 3, "news": 6}} {
			d := &deskRun{desk: text, turns: 2, play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
				time.Sleep(delays[role] * time.Millisecond)
				return patterned(role, r)
			}}
			if n == 0 {
				d.cache = cache
			}
			r, _, err := d.run(t)
			require.NoError(t, err)
			raw, err := os.ReadFile(filepath.Join(r.Out, "turns.log"))
			require.NoError(t, err)
			if first == "" {
				first, digest = string(raw), r.Digest
			}
			require.True(t, first == string(raw), "%s, delays %d: other bytes", name, n)
			require.Equal(t, digest, r.Digest)
		}
		warm := &deskRun{desk: text, turns: 2, cache: cache}
		r, _, err := warm.run(t)
		require.NoError(t, err)
		require.Empty(t, warm.asked, name)
		require.Equal(t, digest, r.Digest)
		mine, err := roles.Read(nil, "", "technical")
		require.NoError(t, err)
		changed := &deskRun{desk: text, turns: 1, cache: cache, beside: file("technical", mine.Tier, mine.Schema, "Read charts."), play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
			reply, err := patterned(role, r)
			if role == "technical" {
				reply.Text = strings.ReplaceAll(reply.Text, "BUY", "SELL")
			}
			return reply, err
		}}
		_, _, err = changed.run(t)
		require.NoError(t, err)
		require.Equal(t, depends[name], changed.asked, name)
	}
}

// What a compact debate, a task or a menu that does not fit leaves.
func TestPartsOfADeskThatFail(t *testing.T) {
	const tie = `"winner":"TIE","margin":"TIE"`
	menu := "strategies: [{name: trend, regime: bull, text: t}, {name: revert, regime: range, text: t}, {name: old, regime: bull, text: t, enabled: false}], "
	plan := func(by string) string {
		return `{` + by + `"orders":[{"symbol":"AAPL","target_percent":50,"confidence":0.5,"reason":"r"}]}`
	}
	for name, c := range map[string]struct {
		desk, role, text string
		stop             agentloop.Stop
		times            int // of the answer; then as usual
		orders           int
		kinds            []string
		result           string
	}{
		"compact tie":        {patterns["compact"], "debate", strings.Replace(bothSides, `"winner":"BULL","margin":"SLIGHT"`, tie, 1), "", 9, 1, nil, "debate: TIE TIE, BUY"},
		"compact half a tie": {patterns["compact"], "debate", strings.Replace(bothSides, `"BULL"`, `"TIE"`, 1), "", 9, 1, []string{"role_absent"}, "debate absent"},
		"compact repaired":   {patterns["compact"], "debate", `{"bull":{}}`, "", 1, 1, []string{"answer_repaired"}, "debate: BULL SLIGHT"},
		"compact refused":    {patterns["compact"], "debate", "No.", agentloop.StopRefused, 9, 1, []string{"refused", "role_absent"}, "debate absent"},
		"compact truncated":  {patterns["compact"], "debate", bothSides[:200], agentloop.StopLength, 9, 1, []string{"output_limit", "role_absent"}, "debate absent"},
		"compact silent":     {patterns["compact"], "debate", " ", "", 9, 1, []string{"role_absent"}, "debate absent"},
		"silent analyst":     {patterns["compact"], "news", " ", "", 9, 1, []string{"role_absent", "evidence_not_fetched"}, "news absent"},
		"cites one before":   {patterns["sequential"], "news", strings.Replace(reports("AAPL", "BUY"), "snapshot", "technical", 1), "", 9, 1, nil, "orders: 1 sent"},
		"cites one after":    {patterns["sequential"], "technical", strings.Replace(reports("AAPL", "BUY"), "snapshot", "news", 1), "", 9, 1, []string{"evidence_not_fetched"}, "orders: 1 sent"},
		"cites one unseen":   {patterns["parallel"], "news", strings.Replace(reports("AAPL", "BUY"), "snapshot", "technical", 1), "", 9, 1, []string{"evidence_not_fetched"}, "orders: 1 sent"},
		"no tasks":           {patterns["hierarchical"], "trader", `{"tasks":[]}`, "", 1, 1, nil, "orders: 1 sent"},
		"bad tasks":          {patterns["hierarchical"], "trader", `{"tasks":[{"analyst":"macro","task":"x"}]}`, "", 1, 1, []string{"answer_repaired"}, "orders: 1 sent"},
		"no answer to tasks": {patterns["hierarchical"], "trader", "Well.", "", 2, 1, []string{"role_absent"}, "trader absent; orders: 1 sent"},
		"no last word":       {patterns["broadcast"], "news", "Well.", "", -2, 1, []string{"role_absent"}, "news absent; orders: 1 sent"},
		"of the menu":        {"{" + menu + "trader: {}}", "trader", plan(`"strategy":"trend","regime":"bull",`), "", 9, 1, nil, "orders: 1 sent"},
		"not of the menu":    {"{" + menu + "trader: {}}", "trader", plan(`"strategy":"luck","regime":"bull",`), "", 9, 0, []string{"role_absent"}, "trader absent"},
		"disabled":           {"{" + menu + "trader: {}}", "trader", plan(`"strategy":"old","regime":"bull",`), "", 9, 0, []string{"role_absent"}, "trader absent"},
		"no regime":          {"{" + menu + "trader: {}}", "trader", plan(`"strategy":"trend",`), "", 9, 0, []string{"role_absent"}, "trader absent"},
		"nothing by no one":  {"{" + menu + "trader: {}}", "trader", `{"orders":[],"no_trade":"n","regime":"bear"}`, "", 9, 0, nil, "no trade: n"},
	} {
		n := 0
		d := &deskRun{desk: c.desk, turns: 1, play: func(role string, r agentloop.Request) (agentloop.Reply, error) {
			if role == c.role {
				if n++; c.times > 0 && n <= c.times || c.times < 0 && n >= -c.times {
					return agentloop.Reply{Text: c.text, Stop: c.stop}, nil
				}
			}
			return patterned(role, r)
		}}
		r, turns, err := d.run(t)
		require.NoError(t, err, name)
		require.Equal(t, c.kinds, kindsOf(turns[0]), "%s: %v", name, turns[0].Warnings)
		require.Equal(t, c.orders, r.Orders, name)
		require.Contains(t, turns[0].Result, c.result, name)
	}
	// The menu stands in the trader's prompt and in the log, and says why an answer is none.
	d := &deskRun{desk: "{" + menu + "analysts: [technical], trader: {}}", turns: 1, play: says("trader", plan(`"strategy":"old","regime":"bull",`))}
	r, turns, err := d.run(t)
	require.NoError(t, err)
	require.Contains(t, r.Manifest.Agents[0].Roles[1].Prompt, "- trend (regime bull): t\n- revert (regime range): t\n")
	require.NotContains(t, r.Manifest.Agents[0].Roles[1].Prompt, "- old")
	require.NotContains(t, r.Manifest.Agents[0].Roles[0].Prompt, "- trend")
	require.Equal(t, "the strategy old is disabled", recordOf(t, turns[0]).Absent[0].Why)
	d.play = says("trader", plan(`"strategy":"trend","regime":"bull",`))
	r, _, err = d.run(t)
	require.NoError(t, err)
	lines, err := os.ReadFile(filepath.Join(r.Out, runs.DecisionsFile))
	require.NoError(t, err)
	require.Contains(t, string(lines), `"trade_plan":{"strategy":"trend","regime":"bull"`)
}

// Each template runs with scripts, as it is and changed.
func TestTemplates(t *testing.T) {
	run := func(text string) (*driver.Strategy, *driver.Result) {
		s, err := driver.Parse("t.yaml", []byte("symbols: [AAPL]\nbenchmark: SPX\ndata: [data]\nfrom: 2014-01-02\nto: 2014-06-30\nevery: 5\nagent: {model: script/desk}\ndesk: "+text))
		require.NoError(t, err, text)
		require.NoError(t, s.Check(), text)
		var list []driver.Model
		for _, a := range s.Team() {
			m, err := driver.NewModel(a, models.Options{})
			require.NoError(t, err)
			list = append(list, m)
		}
		c := config(filepath.Join(t.TempDir(), "run"))
		c.Strategy, c.Turns = s, 20
		c.Agents, err = s.Deciders(list, nil)
		require.NoError(t, err)
		r, err := driver.Run(t.Context(), c)
		require.NoError(t, err, text)
		for _, x := range turnsIn(t, r.Out) {
			require.Empty(t, recordOf(t, x).Absent, "%s turn %d", text, x.Turn)
		}
		return s, r
	}
	seats := map[string]string{
		"tradingagents": "fundamentals technical sentiment news bull bear judge trader risk manager",
		"fincon":        "critic fundamentals technical macro trader risk risk_conservative",
		"crypto":        "technical sentiment onchain defi social bull bear judge trader risk",
		"debate":        "bull bear judge trader",
		"portfolio":     "fundamentals technical news trader risk",
		"activetrader":  "technical breadth sentiment macro debate trader risk",
	}
	for _, name := range roles.Templates() {
		s, r := run("bundled/" + name)
		var got []string
		for _, a := range s.Team() {
			got = append(got, a.Name)
		}
		require.Equal(t, seats[name], strings.Join(got, " "), name)
		if name != "debate" { // no report speaks for a side
			require.Greater(t, r.Orders, 1, name)
		}
	}
	s, _ := run("{template: bundled/tradingagents, debate: {rounds: 1}, manager: false, risk: {profile: conservative}, analysts: [technical]}")
	require.Equal(t, []any{1, "conservative", true, "parallel"}, []any{s.Desk.Debate.Rounds, s.Desk.Risk.Profile, s.Desk.Manager == nil, s.Desk.Pattern})
	require.Equal(t, "bundled/tradingagents", s.Desk.Template)
	raw, err := json.Marshal(s.Desk)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "fundamentals")
}
