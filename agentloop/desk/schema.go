package desk

import (
	"encoding/json"
	"maps"
	"slices"

	"pitwall/agentloop/roles"
)

// The kinds of answers, as the front matter of a role names them.
const (
	analystReports = "AnalystReports"
	argument       = "Argument"
	judgement      = "Judgement"
	tradePlan      = "TradePlan"
	verdict        = "Verdict"
	compactDebate  = "CompactDebate"
	assignments    = "Assignments"
	critique       = "Critique"
	views          = "Views"
)

const (
	text    = `{"type":"string","minLength":1}`
	texts   = `{"type":"array","items":{"type":"string"}}`
	share   = `{"type":"number","minimum":0,"maximum":1}`
	action  = `{"enum":["BUY","SELL","HOLD"]}`
	figure  = `{"type":"number"}`
	someOne = `{"type":"array","items":{"type":"string"},"minItems":1}`
)

// object is a schema: the fields that must be there, then those that may.
func object(must, may map[string]string) string {
	fields := map[string]json.RawMessage{}
	for name, s := range must {
		fields[name] = json.RawMessage(s)
	}
	for name, s := range may {
		fields[name] = json.RawMessage(s)
	}
	raw, err := json.Marshal(map[string]any{"type": "object", "required": slices.Sorted(maps.Keys(must)), "properties": fields, "additionalProperties": false})
	if err != nil {
		panic(err) // the schemas stand below
	}
	return string(raw)
}

func listOf(items string) string { return `{"type":"array","items":` + items + `}` }

// schemas returns the JSON schema of each kind of answer.
func schemas() map[string]json.RawMessage {
	order := object(map[string]string{"symbol": text, "confidence": share, "reason": text},
		map[string]string{"target_percent": figure, "side": `{"enum":["buy","sell"]}`, "quantity": figure, "entry": figure, "stop": figure, "target": figure, "horizon": text, "invalidation": text})
	approval := object(map[string]string{"symbol": text}, map[string]string{"target_percent": figure, "quantity": figure, "stop": figure})
	report := object(map[string]string{"symbol": text, "signal": action, "confidence": share, "score": `{"type":"number","minimum":1,"maximum":10}`, "horizon": text,
		"reasons": someOne, "evidence": texts, "invalidation": text}, nil)
	side := map[string]string{"claim": text, "evidence": texts, "strength": share}
	sideMay := map[string]string{"answer": text, "price_target": figure}
	judged := map[string]string{"winner": `{"enum":["BULL","BEAR","TIE"]}`, "margin": `{"enum":["DECISIVE","MODERATE","SLIGHT","TIE"]}`,
		"bull_points": texts, "bear_points": texts, "consensus": text, "thesis": text, "recommendation": action}
	both := map[string]string{"bull": object(side, sideMay), "bear": object(side, sideMay)}
	maps.Copy(both, judged)
	lesson := object(map[string]string{"trade": text, "lesson": text, "expected": text, "why": text}, nil)
	belief := object(map[string]string{"subject": text, "direction": `{"enum":["up","down"]}`, "horizon": `{"type":"integer","minimum":1,"maximum":2520}`, "confidence": share, "statement": text},
		map[string]string{"of": text, "regime": text, "roles": texts})
	return map[string]json.RawMessage{
		critique:       json.RawMessage(object(map[string]string{"lessons": listOf(lesson), "beliefs": listOf(belief), "retired": listOf(object(map[string]string{"of": text, "reason": text}, nil))}, nil)),
		analystReports: json.RawMessage(object(map[string]string{"reports": listOf(report)}, nil)),
		argument:       json.RawMessage(object(side, sideMay)),
		judgement:      json.RawMessage(object(judged, nil)),
		compactDebate:  json.RawMessage(object(both, nil)),
		assignments:    json.RawMessage(object(map[string]string{"tasks": listOf(object(map[string]string{"analyst": text, "task": text}, nil))}, nil)),
		views:          json.RawMessage(object(map[string]string{"views": listOf(object(map[string]string{"symbol": text, "expected_return": figure, "confidence": share, "risks": texts}, nil))}, nil)),
		tradePlan:      json.RawMessage(object(map[string]string{"orders": listOf(order)}, map[string]string{"strategy": text, "regime": text, "no_trade": text})),
		verdict: json.RawMessage(object(map[string]string{"decision": `{"enum":["approve","modify","reject"]}`, "risk_score": share, "risk_level": `{"enum":["LOW","MEDIUM","HIGH"]}`,
			"concerns": texts, "recommendations": texts}, map[string]string{"orders": listOf(approval)})),
	}
}

// Prompt is what a role's model is asked: the file's text, what the desk offers it, and how
// to answer.
func (d *Desk) Prompt(name string, r roles.Role) string {
	prompt := r.Prompt
	if name == trader {
		prompt += d.menu()
	}
	prompt += "\n\nEnd with one JSON object, and nothing after it, that matches this schema of " + r.Schema + " (this replaces the line RESULT:):\n" + string(schemas()[r.Schema])
	if r.Schema == analystReports {
		prompt += "\nevidence names the calls that a view rests on, each as the tool's name and the symbol, such as market_indicators AAPL; snapshot stands for what you were given."
	}
	return prompt
}
