package optimize

import (
	"cmp"
	"math"
	"slices"
)

// Trade takes a weight from what is held to what it should be.
type Trade struct {
	Symbol   string
	From, To float64
}

// Trades are those that reach the weights, without such as are smaller than least, a
// share of equity; what should not be held at all is closed however small. What pays
// comes before what costs: sales from the largest on, then purchases.
func Trades(symbols []string, held, weights []float64, least float64) []Trade {
	var list []Trade
	for i, s := range symbols {
		from, to := held[i], weights[i]
		if math.Abs(to) < 5e-7 { // rounding of a solver, not a position
			to = 0
		}
		if change := math.Abs(to - from); change > 0 && (change >= least || to == 0) {
			list = append(list, Trade{s, from, to})
		}
	}
	slices.SortStableFunc(list, func(a, b Trade) int {
		x, y := a.To-a.From, b.To-b.From
		if (x < 0) != (y < 0) {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(math.Abs(y), math.Abs(x))
	})
	return list
}
