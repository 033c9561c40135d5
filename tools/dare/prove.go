//go:build !noplants

package dare

import (
	"context"
	"fmt"
)

// Caught is what became of a plant.
type Caught struct {
	Plant Plant
	By    string // the check that saw it first; empty = not caught
}

// Prove puts each plant into worlds over the sample and says which check caught
// it. build must build worlds over any data.
func Prove(ctx context.Context, build Build, o Options) ([]Caught, error) {
	plants := Plants(o.Host)
	list := make([]Caught, 0, len(plants))
	progress := o.Progress
	for i, p := range plants {
		po := Options{Mutations: 36, Steps: 7, Queries: 9, Seed: o.Seed, Host: o.Host, plant: p.do}
		rep, err := Run(ctx, Sample(), build, po)
		if err != nil {
			return list, fmt.Errorf("trying %q: %w", p.Name, err)
		}
		c := Caught{Plant: p}
		if len(rep.Findings) > 0 {
			c.By = rep.Findings[0].Check
		}
		list = append(list, c)
		if progress != nil {
			progress(i+1, len(plants))
		}
	}
	return list, nil
}
