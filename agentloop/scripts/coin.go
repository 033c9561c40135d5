package scripts

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"pitwall/agentloop"
)

// newCoin judges a debate by tossing a coin: what a judge is worth is what it does better.
// The toss is a function of seed and of what the judge was asked.
func newCoin(given map[string]any) (agentloop.Model, error) {
	p := read(given, "seed")
	seed := p.number("seed", 1)
	return script(func(t turn) agentloop.Reply {
		raw, err := json.Marshal(t.Messages)
		if err != nil {
			panic(err) // what was asked came as JSON
		}
		toss := sha256.Sum256(fmt.Appendf(raw, "\nseed %v", seed))
		winner, recommendation := "BULL", "BUY"
		if toss[0]%2 == 1 {
			winner, recommendation = "BEAR", "SELL"
		}
		return answer(map[string]any{"winner": winner, "margin": "SLIGHT", "bull_points": []string{}, "bear_points": []string{}, "consensus": "none: a coin was tossed", "thesis": "a coin was tossed", "recommendation": recommendation})
	}), p.err
}
