package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/tools/dare"
)

// usual is what a strategy that states nothing but its symbols says.
func usual(t fataler, symbols ...string) simSpec {
	cash := pitwall.Int(100_000)
	spec, err := (&strategy{Symbols: symbols, Cash: &cash}).spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// sampled is the world of the harness's own sample.
func sampled(t testing.TB) dare.Build {
	return dared(usual(t, "AAA", "BBB", "GONE", "LATE"))
}

func TestDareSample(t *testing.T) {
	rep, err := dare.Run(context.Background(), dare.Sample(), sampled(t), dare.Options{Mutations: 12, Steps: 8, Queries: 10, Seed: 1, Host: time.Now()})
	require.NoError(t, err)
	for _, f := range rep.Findings {
		t.Errorf("%s seed %d at %s: %s", f.Check, f.Seed, f.At, f.Text)
	}
	require.Positive(t, rep.Fills)
	require.Positive(t, rep.Answered)
	t.Logf("%+v", rep)
}

func TestPlants(t *testing.T) {
	list, err := dare.Prove(context.Background(), sampled(t), dare.Options{Seed: 1, Host: time.Now()})
	require.NoError(t, err)
	for _, c := range list {
		t.Logf("%-34s %s", c.Plant.Name, c.By)
		if c.By == "" {
			t.Errorf("not caught: %s", c.Plant.Name)
		}
	}
	require.GreaterOrEqual(t, len(list), 30)
}
