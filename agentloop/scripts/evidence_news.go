package scripts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"pitwall/agentloop"
)

// headline is a piece of news about a symbol.
type headline struct {
	known  time.Time
	symbol string
	title  string
}

// since is some days before a time of the world.
func since(asOf string, days int) string {
	t, err := time.Parse(time.RFC3339, asOf)
	if err != nil {
		return asOf
	}
	return t.AddDate(0, 0, -days).Format(time.RFC3339)
}

// has reports whether a tool is on offer.
func (t turn) has(tool string) bool {
	return slices.ContainsFunc(t.Tools, func(x agentloop.Tool) bool { return x.Name == tool })
}

// asOf is the world's time, from the turn's first message.
func (t turn) asOf() string { return value(t.Messages[0].User, "as_of") }

// probe asks, as the last call of a first reply, which symbols there is news of:
// news_search refuses one that it has nothing of, since silence would look like no
// news.
func (t turn) probe(symbols []string) []agentloop.Call {
	if t.has("search_news") || len(symbols) == 0 {
		return nil
	}
	return []agentloop.Call{call("news_search", map[string]any{"symbols": symbols, "limit": 1})}
}

// searches asks for the headlines of the last days, a call per symbol: one call
// for all of them would be filled by whoever makes most noise. A tool search_news
// of the strategy goes first; the built-in one is asked for what [turn.probe] found
// only.
func (t turn) searches(symbols []string, days int) (calls []agentloop.Call) {
	from := since(t.asOf(), days)
	if t.has("search_news") {
		for _, s := range symbols {
			calls = append(calls, call("search_news", map[string]any{"symbols": s, "start": from, "end": t.asOf()}))
		}
		return calls
	}
	probed := t.results(0)[len(t.results(0))-1]
	if probed.IsError {
		return nil
	}
	until := covers(probed.Text)
	return t.builtin(slices.DeleteFunc(slices.Clone(symbols), func(s string) bool { return until[s] < from[:len(time.DateOnly)] }), days)
}

func (t turn) builtin(symbols []string, days int) (calls []agentloop.Call) {
	for _, s := range symbols {
		calls = append(calls, call("news_search", map[string]any{"symbols": []string{s}, "since": since(t.asOf(), days), "limit": 50}))
	}
	return calls
}

// headlines reads the answers of the newest reply's searches, those that failed left
// out.
func (t turn) headlines() (found []headline) {
	for k, c := range t.Messages[t.step()].Reply.Calls {
		r := t.last()[k]
		symbol := symbolOf(c)
		switch {
		case r.IsError:
		case c.Name == "news_search":
			found = append(found, readNews(r.Text, symbol)...)
		case c.Name == "search_news":
			found = append(found, readRows(r.Text, symbol)...)
		}
	}
	return found
}

// readNews reads "<known> AAPL;MSFT [source] headline"; its text follows on a line
// that begins with blanks.
func readNews(text, symbol string) (found []headline) {
	for line := range strings.Lines(text) {
		when, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		known, err := time.Parse(time.RFC3339, when)
		_, title, ok := strings.Cut(rest, "] ")
		if err == nil && ok {
			found = append(found, headline{known, symbol, title})
		}
	}
	return found
}

// readRows reads the CSV block of search_news, whatever surrounds it.
func readRows(text, symbol string) (found []headline) {
	const first = "created_at,headline"
	_, rest, ok := strings.Cut(text, first)
	if !ok {
		return nil
	}
	header, body, _ := strings.Cut(rest, "\n")
	for _, row := range table(first+header, body) {
		if known, err := time.Parse(time.RFC3339, row["created_at"]); err == nil {
			found = append(found, headline{known, symbol, row["headline"]})
		}
	}
	return found
}

// tally is what the headlines about a symbol say.
type tally struct{ good, bad, read int }

func (c tally) net() int { return c.good - c.bad }

func (c tally) String() string {
	return fmt.Sprintf("%+d (%d good, %d bad of %d headlines)", c.net(), c.good, c.bad, c.read)
}

// add counts two tallies together.
func (c tally) add(d tally) tally { return tally{c.good + d.good, c.bad + d.bad, c.read + d.read} }

// score tallies the headlines per symbol that name one of its names (all of them,
// for a symbol without names), each title once: the same story comes from several
// sources, and a list of stocks is tagged with everything that it mentions.
func score(found []headline, names map[string][]string) map[string]tally {
	counts, seen := map[string]tally{}, map[[2]string]bool{}
	for _, h := range found {
		title := strings.ToLower(h.title)
		about := slices.ContainsFunc(names[h.symbol], func(n string) bool { return strings.Contains(title, strings.ToLower(n)) })
		key := [2]string{h.symbol, title}
		if seen[key] || len(names[h.symbol]) > 0 && !about {
			continue
		}
		seen[key] = true
		c := counts[h.symbol]
		c.read++
		switch sign := tone(title); {
		case sign > 0:
			c.good++
		case sign < 0:
			c.bad++
		}
		counts[h.symbol] = c
	}
	return counts
}

// The words of strong catalysts: results, ratings, deals, and what goes wrong.
// Words of mere daily moves ("outperforms competitors") are left out on purpose.
const (
	goodWords = " beat beats tops topped surpasses exceeds record raises raised upgrade upgrades upgraded surge surges soars jumps rallies wins approval approves approved boosts bullish buyback partnership breakthrough expands "
	badWords  = " miss misses missed cut cuts slashes downgrade downgrades downgraded plunge plunges sinks tumbles slumps falls fell drops lawsuit lawsuits sues sued probe investigation investigated fraud recall recalls warns warning weak layoffs breaches suspends bearish halts resigns "
)

// tone is above 0 when a title has more good words than bad ones. It knows no
// negation and no irony: it is a yardstick, not a reader.
func tone(title string) (sum int) {
	for _, w := range strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch {
		case strings.Contains(goodWords, " "+w+" "):
			sum++
		case strings.Contains(badWords, " "+w+" "):
			sum--
		}
	}
	return sum
}

// symbolOf is the symbol that a search asked for: search_news takes a text, the
// built-in one a list.
func symbolOf(c agentloop.Call) string {
	var args struct{ Symbols any }
	if json.Unmarshal(c.Arguments, &args) != nil {
		return ""
	}
	switch v := args.Symbols.(type) {
	case string:
		return v
	case []any:
		if len(v) == 1 {
			return fmt.Sprint(v[0])
		}
	}
	return ""
}
