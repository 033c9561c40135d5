package main

import (
	"fmt"
	"net/http"

	"pitwall"
	"pitwall/agentloop/driver"
	"pitwall/cmd/pitwall/term"
)

// alerts returns how a profile tells a person, nil when it does not.
func (a *app) alerts(cfg settings, to driver.Alert) (*driver.Alerts, error) {
	url := ""
	if to.Webhook != "" {
		if url = cfg.get(to.Webhook); url == "" {
			return nil, pitwall.Errorf(pitwall.MissingKey, "%s is not set", to.Webhook).Hintf("set it to the address of the webhook")
		}
	}
	if url == "" && len(to.Command) == 0 {
		return nil, nil
	}
	return &driver.Alerts{Command: to.Command, URL: url, Client: &http.Client{Transport: a.transport}, Failed: func(text string, err error) {
		fmt.Fprintf(a.errs(), "note: an alert was not sent (%s): %s\n", term.OneLine(err.Error()), term.OneLine(text))
	}}, nil
}
