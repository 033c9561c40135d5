package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
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

	Data     string `env:"PITWALL_DATA"`      // files and folders for a strategy that names no data, as PATH lists folders
	DataDir  string `env:"PITWALL_DATA_DIR"`  // the store of downloads; empty = the user's cache folder
	CacheDir string `env:"PITWALL_CACHE_DIR"` // what models and external tools answered; empty = the user's cache folder, none = nothing is kept
	HaltDir  string `env:"PITWALL_HALT_DIR"`  // the halt latch; empty = in the user's configuration folder
	Prices   string `env:"PITWALL_PRICES"`    // of models: name=in/out[/cache_read[/cache_write]], USD per million tokens

	vars map[string]string // every variable: keys are looked up by the names in the tables
}

// get looks a variable up.
func (s settings) get(name string) string { return s.vars[name] }

// keyVars are the variables that hold a key's parts, each with its other
// names: of each part the first one that is set counts.
type keyVars [][]string

// String returns "A and B (or C and D)".
func (k keyVars) String() string {
	var names, others []string
	for _, part := range k {
		names = append(names, part[0])
		others = append(others, part[1:]...)
	}
	if len(others) == 0 {
		return strings.Join(names, " and ")
	}
	return fmt.Sprintf("%s (or %s)", strings.Join(names, " and "), strings.Join(others, " and "))
}

// lookUp returns the value of each part, and the names of those not set.
func (k keyVars) lookUp(s settings) (values, missing []string) {
	for _, part := range k {
		i := slices.IndexFunc(part, func(name string) bool { return strings.TrimSpace(s.get(name)) != "" })
		if i < 0 {
			values, missing = append(values, ""), append(missing, strings.Join(part, " or "))
			continue
		}
		values = append(values, strings.TrimSpace(s.get(part[i])))
	}
	return values, missing
}

// readSettings reads the environment and .env. main calls it once.
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
