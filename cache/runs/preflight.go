package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The files of a preflight's folder, which holds a folder for each drill.
const (
	PreflightFile = "preflight.json" // a Preflight
	PreflightPage = "preflight.txt"  // the same for a person
)

// Preflight is what came of a strategy's bad week at the fake broker.
type Preflight struct {
	Strategy string   `json:"strategy"`
	Name     string   `json:"name"`
	Digest   string   `json:"strategy_digest"` // of the strategy with the changes of the command line
	Build    string   `json:"build"`           // of the program
	Symbols  []string `json:"symbols"`
	Model    string   `json:"model"`
	From     string   `json:"from"` // the days of the week
	To       string   `json:"to"`
	Budget   string   `json:"loss_budget"` // as the strategy states it
	Passed   bool     `json:"passed"`
	Drills   []Drill  `json:"drills"`
}

// Drill is one fault of a preflight, with what was done and refused under it.
type Drill struct {
	Name       string   `json:"name"` // also its folder's
	What       string   `json:"what"`
	Orders     int      `json:"orders"` // that were sent
	Fills      int      `json:"fills"`
	Refused    []string `json:"refused"`     // codes with their numbers
	WorstDay   float64  `json:"worst_day"`   // the largest loss of a day, a fraction of the day before
	WorstFall  float64  `json:"worst_fall"`  // from the peak
	Loss       float64  `json:"loss"`        // the largest from the start
	Happened   []string `json:"happened"`    // a halt, a start that was refused
	Failures   []string `json:"failures"`    // what must hold and did not
	ModelCalls int      `json:"model_calls"` // of the strategy's own models and the drill's member
}

// Write writes the record and its page into a folder.
func (p Preflight) Write(dir, page string) error {
	body, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return fmt.Errorf("encoding the preflight: %w", err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, PreflightPage), []byte(page), 0o644), os.WriteFile(filepath.Join(dir, PreflightFile), append(body, '\n'), 0o644)); err != nil {
		return fmt.Errorf("writing the preflight: %w", err)
	}
	return nil
}

// PassedPreflight reports whether a folder of runs holds a passed preflight of a strategy by
// a build of the program. A record that cannot be read is none.
func PassedPreflight(parent fs.FS, digest, build string) bool {
	found, _ := fs.Glob(parent, "*/"+PreflightFile) // the pattern is well formed
	for _, name := range found {
		var p Preflight
		if readJSON(parent, name, &p) == nil && p.Passed && p.Digest == digest && p.Build == build {
			return true
		}
	}
	return false
}
