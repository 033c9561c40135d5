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

	DataDir       string `env:"PITWALL_DATA_DIR"` // the store of downloads; empty = the user's cache folder
	AlpacaKey     string `env:"APCA_API_KEY_ID"`
	AlpacaSecret  string `env:"APCA_API_SECRET_KEY"`
	AlpacaKey2    string `env:"ALPACA_API_KEY"` // the same under its other name
	AlpacaSecret2 string `env:"ALPACA_API_SECRET"`
	FredKey       string `env:"FRED_API_KEY"`
	PolygonKey    string `env:"POLYGON_API_KEY"`
	AlphaKey      string `env:"ALPHAVANTAGE_API_KEY"`

	CacheDir string `env:"PITWALL_CACHE_DIR"` // what models and outside tools answered; empty = the user's cache folder, none = nothing is kept
	Prices   string `env:"PITWALL_PRICES"`    // of models: name=in/out[/cache_read[/cache_write]], USD per million tokens

	vars map[string]string // all of them, for the keys of models and outside tools
}

// get looks a variable up.
func (s settings) get(name string) string { return s.vars[name] }

func readSettings() (settings, error) {
	vars, err := godotenv.Read(".env")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if _, ok := errors.AsType[*fs.PathError](err); !ok {
			err = errors.New("it holds a line that is not NAME=value") // the reader's own words would repeat the line, and with it a key
		}
		return settings{}, fmt.Errorf("reading .env: %w", err)
	}
	return settingsFrom(vars)
}

// settingsFrom puts the environment over the variables of a file.
func settingsFrom(vars map[string]string) (settings, error) {
	if vars == nil {
		vars = map[string]string{}
	}
	for _, kv := range os.Environ() {
		k, v, _ := strings.Cut(kv, "=")
		vars[k] = v
	}
	s, err := env.ParseAsWithOptions[settings](env.Options{Environment: vars})
	s.vars = vars
	if err != nil {
		return s, fmt.Errorf("reading settings: %w", err)
	}
	return s, nil
}

// noCacheDir as PITWALL_CACHE_DIR keeps nothing.
const noCacheDir = "none"
