// Package wall is the wall: the only way from a Source, which holds the
// future, to a Market, which does not. A bar is visible if and only if its
// Known time is not after now; a symbol exists from its first known bar.
//
//	Source (all of history) ──► Wall(now) ──► Market, Instruments
//
// It is pure: no I/O, no goroutine, no clock of its own. Live it earns its
// keep too: vendors return the bar that is still forming, and it is dropped.
//
// # To add a kind of record
//
// Give it a Known time, filter it here, and add it to the digest chain.
//
// # Why not
//
// Why not a view over the whole data with a date filter: statistics, catalog
// sizes and hidden names leak through views. What is handed out here is copied
// from the known prefix, with no spare capacity behind it.
package wall
