package agentloop

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// This file reads the calls of a model as they are meant, whatever the provider: only
// where the meaning is certain, and each repair is a warning in the record. What is
// not certain stays as it is, for the tool to refuse: no side, size or symbol of an
// order is ever guessed.

// repair changes the calls of a reply before they are run and kept; what the model
// sent stays beside them.
func (c *talk) repair(calls []Call) {
	for i := range calls {
		x := &calls[i]
		if name := c.resolve(x.Name); name != x.Name {
			c.warn("name_repaired", fmt.Sprintf("%q is %s", x.Name, name))
			x.sent().Name, x.Name = x.Name, name
		}
		args, notes := repairArguments(x.Name, x.Arguments, c.schemaOf(x.Name))
		if len(notes) == 0 {
			continue
		}
		c.warn("arguments_repaired", x.Name+": "+strings.Join(notes, "; "))
		x.sent().Arguments, x.Arguments = written(x.Arguments), args
	}
}

func (x *Call) sent() *Sent {
	if x.Sent == nil {
		x.Sent = &Sent{}
	}
	return x.Sent
}

// written is arguments as the model wrote them, see readable.
func written(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

var (
	nameTail   = regexp.MustCompile(`(<\|.*|:\d+)$`)                                                      // a channel mark, or the number of the call
	namePrefix = regexp.MustCompile(`^(mcp__.+__|(functions?|default_api|tools?|pitwall)(\.|:|/|-|__?))`) // of templates and hosts
	nameMarks  = strings.NewReplacer("_", "", "-", "", ".", "", " ", "", "`", "", `"`, "", "(", "", ")", "")
)

// resolve returns the one tool of the role that a name can mean, or the name.
func (r *role) resolve(name string) string {
	if r.may(name) {
		return name
	}
	short := nameTail.ReplaceAllString(strings.TrimSpace(name), "")
	for cut := ""; cut != short; {
		cut = short
		short = namePrefix.ReplaceAllString(short, "")
	}
	found := ""
	for _, t := range r.tools {
		if t.Name == short {
			return short
		}
		if strings.EqualFold(nameMarks.Replace(t.Name), nameMarks.Replace(short)) || strings.HasPrefix(short, "mcp_") && strings.HasSuffix(short, "_"+t.Name) {
			if found != "" {
				return name
			}
			found = t.Name
		}
	}
	if found == "" {
		return name
	}
	return found
}
