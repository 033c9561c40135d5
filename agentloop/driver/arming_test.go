package driver

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"pitwall/brokers/halt"
)

// gates closes one gate each, in every way that it can be closed.
var gates = [][]func(*Arming){
	{func(a *Arming) { a.Flag = false }},
	{func(a *Arming) { a.Understands = "" }, func(a *Arming) { a.Understands = "True" }, func(a *Arming) { a.Understands = "yes" }},
	{func(a *Arming) { a.Profile = false }},
	{func(a *Arming) { a.Typed = "" }, func(a *Arming) { a.Typed = "PA2" }, func(a *Arming) { a.Account = "" }, func(a *Arming) { a.Typed, a.Account = "", "" }},
	{func(a *Arming) { a.Limits = false }, func(a *Arming) { a.Unstated = []string{"max_orders"} }},
	{func(a *Arming) { a.Journal = errors.New("disk full") }, func(a *Arming) { a.JournalDone = false }},
	{func(a *Arming) { a.Differences = []string{"AAPL: 10 here, 12 at the broker"} }, func(a *Arming) { a.Compared = false }},
	{func(a *Arming) { a.HaltRead = false }, func(a *Arming) {
		a.Halt = halt.State{Level: halt.ReduceOnly, Raises: []halt.Raise{{Level: halt.ReduceOnly, Reason: "x"}}}
	}},
	{func(a *Arming) { a.Skew = MaxSkew + 1 }, func(a *Arming) { a.Skew = -MaxSkew - 1 }, func(a *Arming) { a.SkewKnown = false }},
	{func(a *Arming) { a.Preflight = false }},
}

func armed() Arming {
	return Arming{Flag: true, Understands: "true", Profile: true, Typed: "PA1", Account: "PA1", Limits: true, JournalDone: true, Compared: true, HaltRead: true, Skew: MaxSkew, SkewKnown: true, Preflight: true}
}

// Of all 1,024 subsets of the ten gates one arms, and each closed gate is named.
func TestArming(t *testing.T) {
	require.Len(t, gates, gateCount)
	arms := 0
	for set := range 1 << len(gates) {
		a, closed := armed(), 0
		for i, g := range gates {
			if set&(1<<i) == 0 {
				g[0](&a)
				closed++
			}
		}
		missing := a.Missing()
		require.Len(t, missing, closed, "subset %010b: %v", set, missing)
		if len(missing) == 0 {
			arms++
		}
	}
	require.Equal(t, 1, arms)
	require.Len(t, Arming{}.Missing(), gateCount, "the zero value is not armed")
	names := map[string]bool{}
	for _, g := range gates {
		for _, shut := range g {
			a := armed()
			shut(&a)
			require.Len(t, a.Missing(), 1)
			names[a.Missing()[0]] = true
		}
	}
	require.Len(t, names, 21, "each is named in its own words")
}
