package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"time"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/term"
)

// alerts tells a person by a command or a webhook. What cannot be told is a note on
// stderr: trading does not wait for it.
type alerts struct {
	app     *app
	command []string
	url     string
	sending sync.WaitGroup
}

// alerts returns how a profile tells, nil when it does not.
func (a *app) alerts(cfg settings, to driver.Alert) (*alerts, error) {
	url := ""
	if to.Webhook != "" {
		if url = cfg.get(to.Webhook); url == "" {
			return nil, pitwall.Errorf(pitwall.MissingKey, "%s is not set", to.Webhook).Hintf("set it to the address of the webhook")
		}
	}
	if url == "" && len(to.Command) == 0 {
		return nil, nil
	}
	return &alerts{app: a, command: to.Command, url: url}, nil
}

const alertTimeout = 20 * time.Second

// tell sends a text behind the caller's back.
func (l *alerts) tell(text string) {
	l.sending.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), alertTimeout)
		defer cancel()
		if len(l.command) > 0 {
			args := append(l.command[1:len(l.command):len(l.command)], text)
			if err := exec.CommandContext(ctx, l.command[0], args...).Run(); err != nil {
				l.failed(text, err)
			}
		}
		if l.url != "" {
			if err := l.post(ctx, text); err != nil {
				l.failed(text, err)
			}
		}
	})
}

// post sends {"text": ...}, which chat services take.
func (l *alerts) post(ctx context.Context, text string) error {
	body, err := json.Marshal(map[string]string{"text": "pitwall: " + text})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the webhook's address cannot be used") // the reader's own words would repeat it, and it may hold a secret
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Client{Transport: l.app.transport}).Do(r)
	if err != nil {
		return fmt.Errorf("the webhook could not be reached")
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return fmt.Errorf("the webhook answered %s", answer.Status)
	}
	return nil
}

func (l *alerts) failed(text string, err error) {
	fmt.Fprintf(l.app.errs(), "note: an alert was not sent (%s): %s\n", term.OneLine(err.Error()), term.OneLine(text))
}
