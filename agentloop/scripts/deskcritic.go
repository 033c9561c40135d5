package scripts

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"pitwall"
	"pitwall/agentloop"
)

// criticise plays the critic. A lesson says what the trade gave; after an episode the
// newest belief about a symbol that matured is refined, surer after a hit and less sure after
// a miss. One that became less likely than a coin is retired, and the opposite is believed. A
// symbol without a belief gets one: it goes up.
func criticise(text string) agentloop.Reply {
	lessons, beliefs, retired := []any{}, []any{}, []any{}
	for _, line := range linesAfter(text, "\nClosed trades without a lesson:\n") {
		var t pitwall.MemoryTrade
		if json.Unmarshal([]byte(line), &t) != nil || t.ID == "" {
			continue
		}
		gain, why := 0.0, "the price went as planned"
		if t.Return != nil {
			gain = *t.Return
		}
		lesson := fmt.Sprintf("%s gave %.2f %% in %.0f days: keep to the plan", t.Symbol, 100*gain, t.Days)
		if gain <= 0 {
			why = "it was closed against the plan: " + t.ExitReason
			lesson = fmt.Sprintf("%s lost %.2f %% in %.0f days: ask for more proof before the next purchase", t.Symbol, -100*gain, t.Days)
		}
		expected := t.Expected
		if expected == "" {
			expected = "a gain"
		}
		lessons = append(lessons, map[string]any{"trade": t.ID, "lesson": lesson, "expected": expected, "why": why})
	}
	if _, list, ended := strings.Cut(text, "\nThe episode has ended: "); ended {
		beliefs, retired = reviewed(text, list)
	}
	return answer(map[string]any{"lessons": lessons, "beliefs": beliefs, "retired": retired})
}

// reviewed states, refines and retires beliefs.
func reviewed(text, list string) (beliefs, retired []any) {
	beliefs, retired = []any{}, []any{}
	about := map[string]bool{}
	for line := range strings.Lines(list) {
		var b pitwall.ScoredBelief
		if json.Unmarshal([]byte(line), &b) != nil || b.ID == "" || about[b.Symbol] {
			continue
		}
		about[b.Symbol] = true // the newest, whatever became of it
		if b.Status != pitwall.BeliefMatured || b.Hit == nil || b.Confidence == nil {
			continue
		}
		direction, confidence := b.Direction, min(0.9, *b.Confidence+0.05)
		if !*b.Hit {
			confidence = *b.Confidence - 0.1
		}
		next := map[string]any{"of": b.ID}
		if confidence < 0.5 {
			direction, confidence = map[string]string{"up": "down", "down": "up"}[direction], 0.55
			retired = append(retired, map[string]any{"of": b.ID, "reason": "it came true less often than a coin"})
			delete(next, "of")
		}
		maps.Copy(next, map[string]any{"subject": b.Symbol, "direction": direction, "horizon": b.Horizon, "confidence": round(confidence), "roles": []string{"trader"},
			"statement": fmt.Sprintf("%s goes %s over %d bars, after the last belief was %v", b.Symbol, direction, b.Horizon, map[bool]string{true: "right", false: "wrong"}[*b.Hit])})
		beliefs = append(beliefs, next)
	}
	for _, p := range block(text, "last_bars") {
		if symbol := p["symbol"]; !about[symbol] && len(about) == 0 {
			about[symbol] = true
			beliefs = append(beliefs, map[string]any{"subject": symbol, "direction": "up", "horizon": 20, "confidence": 0.6, "roles": []string{"trader"}, "statement": symbol + " goes on as it did"})
		}
	}
	return beliefs, retired
}

// linesAfter returns the lines of a list behind its heading, up to the first line that is
// no JSON object.
func linesAfter(text, heading string) (lines []string) {
	_, rest, _ := strings.Cut(text, heading)
	for line := range strings.Lines(rest) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "{") {
			break
		}
		lines = append(lines, line)
	}
	return lines
}
