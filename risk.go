package pitwall

import "context"

// RiskFigure is one figure of what a book risks, beside its limit.
type RiskFigure struct {
	Name   string // such as gross_percent; percents are of equity
	Of     string // the symbol or sector that it is about; empty for the whole book
	Value  *Dec   // as held; nil when it is not known
	Worst  *Dec   // with open orders filled at their worst, as limits count; nil without open orders
	Key    string // of its limit
	Limit  string // as a strategy file says it; empty without one
	Reason string // why a value is not known
}

// Risk measures what a book risks. Implementations are safe for concurrent use.
type Risk interface {
	// Risk returns every figure, those that are not known with their reason.
	Risk(ctx context.Context, book string) ([]RiskFigure, error)
}
