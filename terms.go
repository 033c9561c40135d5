package pitwall

import (
	"encoding/json"
	"fmt"
	"time"
)

// Terms are what an account may do and what holding costs. The zero value is a
// cash account that buys with everything it has.
type Terms struct {
	Type AccountType `json:"type,omitempty"` // empty = cash

	// Margins are shares of a position's notional: 0.5 = 50 %. 0 means the usual
	// one, see [Terms.WithDefaults].
	Initial           Dec `json:"initial_margin,omitempty"`    // to open
	LongMaintenance   Dec `json:"long_maintenance,omitempty"`  // to keep, long
	ShortMaintenance  Dec `json:"short_maintenance,omitempty"` // to keep, short
	FutureInitial     Dec `json:"future_margin,omitempty"`
	FutureMaintenance Dec `json:"future_maintenance,omitempty"`

	NoShorts   bool     `json:"no_shorts,omitempty"`
	NoBorrow   []string `json:"no_borrow,omitempty"`   // symbols that cannot be shorted
	BorrowRate Dec      `json:"borrow_rate,omitempty"` // of a short's value a year: 0.03 = 3 %
	MarginRate Dec      `json:"margin_rate,omitempty"` // of borrowed cash a year

	// SettleDays is after how many sessions a sale's proceeds can buy again; 0 = at
	// once. Cash accounts only.
	SettleDays int `json:"settle_days,omitempty"`
	// Reinvest turns dividends into units at the last close less the dividend, the
	// convention of adjusted closes; free of costs and in whole lots.
	Reinvest bool `json:"reinvest,omitempty"`
}

// WithDefaults returns t with the usual figures where it states none: 50 % to open
// (Regulation T), 25 % and 30 % to keep long and short (FINRA 4210), 10 % and
// 9 % of a future's notional.
func (t Terms) WithDefaults() Terms {
	if t.Type == "" {
		t.Type = CashAccount
	}
	for _, f := range []struct {
		to    *Dec
		usual Dec
	}{{&t.Initial, One / 2}, {&t.LongMaintenance, One / 4}, {&t.ShortMaintenance, 3 * One / 10}, {&t.FutureInitial, One / 10}, {&t.FutureMaintenance, 9 * One / 100}} {
		if *f.to == 0 {
			*f.to = f.usual
		}
	}
	return t
}

// Path is what a simulation takes a bar's inside to have been.
type Path string

// The path profiles.
const (
	Provable Path = "provable" // only what open, high, low and close prove, else the worse case
	OHLC     Path = "ohlc"     // open, high, low, close, in this order
	// Worst is Provable, but the stop of an entry that filled inside a bar acts
	// whenever the bar's range reaches it.
	Worst Path = "worst"
)

// NoVolumeLimit as Rules.VolumeShare lets an order of any size fill.
const NoVolumeLimit Dec = -1

// Rules are how a simulation fills orders against bars.
type Rules struct {
	// VolumeShare is what all orders together may take of a bar's volume. 0 fills
	// nothing; NoVolumeLimit lifts it.
	VolumeShare Dec `json:"volume_share"`
	// Touch lets a limit fill when the bar only touches it; without it the bar
	// must trade through.
	Touch bool `json:"touch,omitempty"`
	Path  Path `json:"path,omitempty"` // empty = Provable
	// Latency is how long an order is under way: it meets bars that start at
	// least so much after it was accepted.
	Latency time.Duration `json:"latency,omitempty"`
	// CloseCutoff refuses orders on the close that come later than this before an
	// intraday session's close. 0 = none.
	CloseCutoff time.Duration `json:"close_cutoff,omitempty"`
}

// rulesJSON is Rules with durations as people write them.
type rulesJSON struct {
	plainRules
	Latency     string `json:"latency,omitempty"`
	CloseCutoff string `json:"close_cutoff,omitempty"`
}

type plainRules Rules

// MarshalJSON writes durations as text, such as "15m30s".
func (r Rules) MarshalJSON() ([]byte, error) {
	x := rulesJSON{plainRules: plainRules(r)}
	if r.Latency != 0 {
		x.Latency = r.Latency.String()
	}
	if r.CloseCutoff != 0 {
		x.CloseCutoff = r.CloseCutoff.String()
	}
	return json.Marshal(x)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Rules) UnmarshalJSON(b []byte) error {
	var x rulesJSON
	if err := json.Unmarshal(b, &x); err != nil {
		return err
	}
	*r = Rules(x.plainRules)
	for _, d := range []struct {
		text string
		to   *time.Duration
	}{{x.Latency, &r.Latency}, {x.CloseCutoff, &r.CloseCutoff}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = time.ParseDuration(d.text); err != nil {
			return fmt.Errorf("rules: %w", err)
		}
	}
	return nil
}
