package risk

import "pitwall"

// Safe mode: narrow limits for a first time with real money.
const (
	safeSymbols  = 3
	safeLeverage = 2 * pitwall.One
	safeShare    = 25 * pitwall.One // of equity in one symbol, when no limit on size is stated
	safePart     = 4
)

// Safe returns the limits in safe mode unless they say safe_mode: false: at most 3
// symbols, leverage 2, and a quarter of every limit on the size of orders and positions;
// where none is stated, 25 % of equity in one symbol. What is narrower already stays.
// [Parse] does it where a file says safe_mode: true; a live world does it by default.
func (l Limits) Safe() Limits {
	if l.none || l.SafeMode.state != unset {
		return l
	}
	l.SafeMode = At(true)
	l.MaxPositions = tighter(l.MaxPositions, safeSymbols)
	l.MaxLeverage = tighter(l.MaxLeverage, safeLeverage)
	stated := false
	for _, size := range []*Limit[pitwall.Dec]{&l.MaxOrderQty, &l.MaxOrderNotional, &l.MaxPositionQty, &l.MaxPositionNotional, &l.MaxSymbolPercent} {
		if size.state == set {
			size.value, stated = size.value/safePart, true
		}
	}
	if !stated {
		l.MaxSymbolPercent = At(safeShare)
	}
	return l
}

// tighter is the narrower of a limit and v.
func tighter[T int | pitwall.Dec](l Limit[T], v T) Limit[T] {
	if l.state == set && l.value < v {
		return l
	}
	return At(v)
}
