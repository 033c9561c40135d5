//go:build noplants

package dare

import (
	"context"

	"pitwall"
)

// Plant is a leak to be put into a world; this binary was built without them.
type Plant struct{ Name, What string }

// Caught is what became of a plant.
type Caught struct {
	Plant Plant
	By    string
}

// Prove refuses: this binary was built with -tags noplants.
func Prove(context.Context, Build, Options) ([]Caught, error) {
	return nil, pitwall.Errorf(pitwall.Unsupported, "this binary was built without planted leaks").Hintf("build it without -tags noplants")
}
