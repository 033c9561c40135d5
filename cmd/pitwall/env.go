package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"
)

// settings come from the environment or .env in the current folder, never from
// a strategy file. The environment wins.
type settings struct {
	Token string   `env:"PITWALL_TOKEN"`                  // bearer token for --http
	Hosts []string `env:"PITWALL_HOSTS" envSeparator:","` // further Host names to accept
	Log   string   `env:"PITWALL_LOG" envDefault:"warn"`  // debug, info, warn or error
}

func readSettings() (settings, error) {
	vars, err := godotenv.Read(".env")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return settings{}, fmt.Errorf("reading .env: %w", err)
	}
	if vars == nil {
		vars = map[string]string{}
	}
	for _, kv := range os.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		vars[k] = v
	}
	s, err := env.ParseAsWithOptions[settings](env.Options{Environment: vars})
	if err != nil {
		return s, fmt.Errorf("reading settings: %w", err)
	}
	return s, nil
}
