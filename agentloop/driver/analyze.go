package driver

import (
	"context"
	"time"

	"pitwall"
)

// OnlyPlans makes the desk of a strategy plan and order nothing. It is called before the
// agents are made.
func (s *Strategy) OnlyPlans() error {
	if s.Desk == nil {
		return s.bad("there is no desk to ask").Hintf("name a strategy with desk:, such as examples/desk")
	}
	s.Desk.onlyPlans = true
	return nil
}

// Analyze is one turn at the close of a day, or of the last trading day before it; empty =
// the last of the data. See [Strategy.OnlyPlans].
func Analyze(ctx context.Context, c Config, day string) (*Result, error) {
	s := c.Strategy
	at := ""
	for _, x := range c.Source.Series() {
		if x.Instrument.Symbol != s.Symbols[0] {
			continue
		}
		for i := range x.Len() {
			if d := x.Instrument.Day(x.Bar(i).Start).Format(time.DateOnly); day == "" || d <= day {
				at = d
			}
		}
	}
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "the date is %q", day).Hintf("write 2024-01-31")
	}
	if at == "" {
		return nil, pitwall.Errorf(pitwall.NoCoverage, "there are no bars of %s up to %s", s.Symbols[0], day).Hintf("pitwall data ls lists what there is; --data names a file or folder")
	}
	s.From, s.To, c.Turns = at, at, 1
	return Run(ctx, c)
}
