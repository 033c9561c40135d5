package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"time"
)

// Alerts tells a person by a command or a webhook. What cannot be told goes to Failed:
// trading does not wait for it. Set the fields before it is used.
type Alerts struct {
	Command []string // with its arguments; the text is added
	URL     string   // of a webhook
	Client  *http.Client
	Failed  func(text string, err error)

	sending sync.WaitGroup
}

const alertTimeout = 20 * time.Second

// Tell sends a text behind the caller's back.
func (l *Alerts) Tell(text string) {
	l.sending.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), alertTimeout)
		defer cancel()
		if len(l.Command) > 0 {
			args := append(l.Command[1:len(l.Command):len(l.Command)], text)
			if err := exec.CommandContext(ctx, l.Command[0], args...).Run(); err != nil {
				l.Failed(text, err)
			}
		}
		if l.URL != "" {
			if err := l.post(ctx, text); err != nil {
				l.Failed(text, err)
			}
		}
	})
}

// Wait returns when everything has been sent, or has failed.
func (l *Alerts) Wait() { l.sending.Wait() }

// post sends {"text": ...}, which chat services take.
func (l *Alerts) post(ctx context.Context, text string) error {
	body, err := json.Marshal(map[string]string{"text": "pitwall: " + text})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the webhook's address cannot be used") // the reader's own words would repeat it, and it may hold a secret
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := l.Client.Do(r)
	if err != nil {
		return fmt.Errorf("the webhook could not be reached")
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		return fmt.Errorf("the webhook answered %s", answer.Status)
	}
	return nil
}
