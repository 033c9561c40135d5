package runs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"pitwall"
	"pitwall/agentloop"
)

// DeskScore is desk.json: what a desk cost, how its confidence and its judge did, and what
// came of its goals.
type DeskScore struct {
	Decisions      int          `json:"decisions"`           // turns, without those of the shadow sample
	USD            *pitwall.Dec `json:"usd"`                 // of these, recorded replies included; null = not known
	USDPerDecision *float64     `json:"usd_per_decision"`    // null alike
	BasisPoints    float64      `json:"basis_points"`        // the run's return
	USDPerPoint    *float64     `json:"usd_per_basis_point"` // null without a gain
	Roles          []RoleCost   `json:"roles"`
	Wake           *WakeScore   `json:"wake,omitempty"`
	Judge          *JudgeScore  `json:"judge,omitempty"`
	Calibration    []Calibrated `json:"calibration"`
	Goals          []Goal       `json:"goals,omitempty"`
}

// RoleCost is what one role used in all turns, recorded replies included.
type RoleCost struct {
	Role    string          `json:"role"`
	Replies int             `json:"replies"` // those of a fork from its turn on
	Asked   int             `json:"asked"`   // of these; the others are recorded ones
	Usage   agentloop.Usage `json:"usage"`
	USD     *pitwall.Dec    `json:"usd"` // null = not known
}

// WakeScore is how often a desk slept, and what a sample of its sleep would have ordered.
type WakeScore struct {
	Looks   int          `json:"looks"`  // bars at which it would have had a turn
	Asleep  int          `json:"asleep"` // of these
	Sampled int          `json:"sampled"`
	Ordered int          `json:"would_have_ordered"` // of the sample
	Missed  float64      `json:"missed"`             // sum over the sample: share of equity that those orders would have made until its next turn
	USD     *pitwall.Dec `json:"usd"`                // of the sample; null = not known
}

// JudgeScore is with whom a judge sided, and how prices then moved.
type JudgeScore struct {
	Bars int         `json:"bars"` // after which it is scored
	Won  []JudgeSide `json:"won"`  // BULL, BEAR, TIE
}

// JudgeSide is the turns that one side won.
type JudgeSide struct {
	Winner string   `json:"winner"`
	Times  int      `json:"times"`
	Scored int      `json:"scored"` // of these; the others were too near to the end
	Right  int      `json:"right"`  // prices rose after BULL, fell after BEAR; of a TIE none
	Moved  *float64 `json:"moved"`  // mean return of the symbols; null without one that is scored
}

// Calibrated is how sure a role was, and how often it was right.
type Calibrated struct {
	Role       string  `json:"role"`
	Said       int     `json:"said"`   // views with a direction
	Scored     int     `json:"scored"` // of these; the others' horizon is after the end
	Right      int     `json:"right"`
	Confidence float64 `json:"confidence"` // mean of those that are scored
	Brier      float64 `json:"brier"`      // mean squared distance of confidence to 1 if right, else 0
	Bins       []Bin   `json:"bins"`
}

// Bin is the scored views of one fifth of confidence.
type Bin struct {
	From       float64 `json:"from"`
	Scored     int     `json:"scored"`
	Right      int     `json:"right"`
	Confidence float64 `json:"confidence"`
}

// Goal is what a strategy wanted, and what came of it.
type Goal struct {
	Name string   `json:"name"`
	Goal float64  `json:"goal"`
	Got  *float64 `json:"got"` // null = not known
	Met  *bool    `json:"met"` // null alike
}

// DeskScore reads desk.json, nil for a run without one.
func (r *Run) DeskScore() (*DeskScore, error) {
	var s DeskScore
	if err := readJSON(r, DeskFile, &s); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return &s, nil
}

// Desk writes desk.json.
func (f *Folder) Desk(s *DeskScore) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", DeskFile, err)
	}
	return f.replace(DeskFile, append(raw, '\n'))
}
