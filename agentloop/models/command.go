package models

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"pitwall/agentloop"
)

// command asks a program that reads a prompt and prints an answer, such as claude -p or
// codex exec: one process a reply, in an empty folder, so that it reads nothing but the
// prompt. It logs in by itself; Pitwall hands it no key.
type command struct{ argv []string }

// promptArgument stands in the arguments for the prompt; without it the prompt comes on
// standard input.
const promptArgument = "{prompt}"

const (
	mostPrinted  = 8 << 20         // bytes that a program may print
	lastOutput   = 5 * time.Second // for its output after it was stopped
	stderrLength = 2000            // bytes of what it says of a failure
)

func (c *command) version() string { return "command-1" }

func (c *command) takesID(string) bool { return true }

// commandFailed is a program that ended with a failure.
type commandFailed struct{ why string }

func (e *commandFailed) Error() string { return e.why }

func (c *command) ask(ctx context.Context, r agentloop.Request, x *exchange) (agentloop.Reply, error) {
	prompt, err := commandPrompt(r)
	if err != nil {
		return agentloop.Reply{}, err
	}
	dir, err := os.MkdirTemp("", "pitwall-model-")
	if err != nil {
		return agentloop.Reply{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // an empty folder of the system's
	args, given := append([]string(nil), c.argv[1:]...), false
	for i, a := range args {
		if strings.Contains(a, promptArgument) {
			args[i], given = strings.ReplaceAll(a, promptArgument, prompt), true
		}
	}
	cmd := exec.CommandContext(ctx, c.argv[0], args...)
	cmd.Dir, cmd.WaitDelay = dir, lastOutput
	if !given {
		cmd.Stdin = strings.NewReader(prompt)
	}
	out, said := &limited{max: mostPrinted}, &limited{max: stderrLength}
	cmd.Stdout, cmd.Stderr = out, said
	if err := cmd.Start(); err != nil {
		return agentloop.Reply{}, err // it cannot be run: another attempt would be the same
	}
	x.tried, x.sent = true, len(prompt)
	err = cmd.Wait()
	x.read, x.answered = out.Len(), err == nil
	printed, parsed := readPrinted(out.Bytes())
	switch {
	case err != nil:
		words := strings.TrimSpace(said.String())
		if words == "" {
			words = strings.TrimSpace(printed.text)
		}
		return agentloop.Reply{}, &commandFailed{fmt.Sprintf("%s: %v: %s", filepath.Base(c.argv[0]), err, clip(words, maxErrorText))}
	case parsed != nil:
		return agentloop.Reply{}, parsed
	case out.cut:
		return agentloop.Reply{}, &commandFailed{fmt.Sprintf("%s printed more than %d MB", filepath.Base(c.argv[0]), mostPrinted>>20)}
	}
	return printed.reply(r, x), nil
}

// limited keeps the beginning of an output.
type limited struct {
	bytes.Buffer
	max int
	cut bool
}

func (l *limited) Write(p []byte) (int, error) {
	n := len(p)
	if room := l.max - l.Len(); n > room {
		p, l.cut = p[:max(room, 0)], true
	}
	l.Buffer.Write(p)
	return n, nil
}

// commandRules tells a program that has no tools how to call the offered ones.
const commandRules = `You decide; another program runs the tools below for you. Use no tools, files, memory or
web access of your own: what they know is not of the time that you trade in.
Answer in one of two ways and with nothing else:
1. To call tools: one JSON object {"calls":[{"name":"TOOL","arguments":{...}}]}
   The results come in the next message.
2. To end your turn: a text whose last line begins with RESULT:
`

// commandPrompt writes a request as one text.
func commandPrompt(r agentloop.Request) (string, error) {
	var b strings.Builder
	b.WriteString(r.System + "\n\n# How to answer\n" + commandRules + "\n# Tools\n")
	for _, t := range r.Tools {
		line, err := encode(map[string]any{"name": t.Name, "description": t.Description, "arguments": schema(t, &refusals{}, &exchange{})})
		if err != nil {
			return "", err
		}
		b.Write(line)
		b.WriteString("\n")
	}
	for _, m := range r.Messages {
		if m.User != "" {
			b.WriteString("\n# Message\n" + m.User + "\n")
		}
		if m.Reply == nil {
			continue
		}
		b.WriteString("\n# Your answer\n" + m.Reply.Text + "\n")
		if len(m.Reply.Calls) > 0 {
			type call struct {
				Name      string          `json:"name"`
				Arguments json.RawMessage `json:"arguments"`
			}
			var calls []call
			for _, c := range m.Reply.Calls {
				calls = append(calls, call{c.Name, object(c.Arguments)})
			}
			line, err := encode(map[string]any{"calls": calls})
			if err != nil {
				return "", err
			}
			b.Write(line)
			b.WriteString("\n")
		}
		for _, res := range results(m) {
			b.WriteString("\n# Result of " + res.Name + "\n" + res.Text + "\n")
		}
	}
	return b.String(), nil
}

// notFound makes the message of a program that is not there.
func notFound(err error) (string, bool) {
	missing, ok := errors.AsType[*exec.Error](err)
	if !ok {
		return "", false
	}
	return fmt.Sprintf("%s: %v", missing.Name, missing.Err), true
}
