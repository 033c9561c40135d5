package models

import (
	"encoding/json"

	"google.golang.org/genai"

	"pitwall/agentloop"
)

// geminiReply collects the parts of an answer, in order.
type geminiReply struct {
	builder
	parts []*genai.Part
}

// chunk takes a chunk of a stream or a whole answer.
func (m *geminiReply) chunk(a *genai.GenerateContentResponse) error {
	if a.ModelVersion != "" {
		m.model = a.ModelVersion
	}
	if u := a.UsageMetadata; u != nil {
		m.usage = agentloop.Usage{Input: int(u.PromptTokenCount + u.ToolUsePromptTokenCount), Output: int(u.CandidatesTokenCount + u.ThoughtsTokenCount),
			CacheRead: int(u.CachedContentTokenCount), Reasoning: int(u.ThoughtsTokenCount)}
		m.reported = m.usage.Input > 0 || m.usage.Output > 0
	}
	if f := a.PromptFeedback; f != nil && f.BlockReason != "" {
		m.stop, m.reason = agentloop.StopRefused, string(f.BlockReason)
	}
	if len(a.Candidates) == 0 {
		return nil
	}
	c := a.Candidates[0]
	if c.Content != nil {
		for _, p := range c.Content.Parts {
			if p == nil {
				continue
			}
			if err := m.take(p); err != nil || m.cut {
				return err
			}
		}
	}
	if c.FinishReason != "" {
		return m.end(string(c.FinishReason), c.FinishMessage)
	}
	return nil
}

func (m *geminiReply) take(p *genai.Part) error {
	if f := p.FunctionCall; f != nil {
		call := m.add(len(m.calls), f.ID, f.Name)
		if call == nil {
			return nil
		}
		if f.Args == nil {
			f.Args = map[string]any{}
		}
		args, err := encode(f.Args) // keys come out sorted: the library's type is a map
		if err != nil {
			return badReplyf("arguments are not JSON: %v", err)
		}
		call.args.Write(args)
	}
	if p.Thought {
		m.reasoning.WriteString(p.Text)
	} else {
		m.text.WriteString(p.Text)
	}
	// Chunks of one text are one part again. A signed part stays apart: it must go
	// back as it came.
	if n := len(m.parts); n > 0 && isText(p) && isText(m.parts[n-1]) && m.parts[n-1].Thought == p.Thought {
		m.parts[n-1].Text += p.Text
		return nil
	}
	if !isText(p) || p.Text != "" {
		m.parts = append(m.parts, p)
	}
	return nil
}

func isText(p *genai.Part) bool { return p.FunctionCall == nil && len(p.ThoughtSignature) == 0 }

// finish keeps the provider's own form where there are thoughts or signatures.
func (m *geminiReply) finish(x *exchange) (agentloop.Reply, error) {
	r := m.reply(x)
	keep := false
	for _, p := range m.parts {
		keep = keep || p.Thought || len(p.ThoughtSignature) > 0
	}
	if !keep {
		return r, nil
	}
	content, err := json.Marshal(m.parts)
	if err != nil {
		return r, badReplyf("a part is no JSON: %v", err)
	}
	r.Opaque, err = json.Marshal(opaque{"gemini", content})
	return r, err
}
