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
// Give it a Known time and filter it here: it is in the digest with all its fields.
//
// # The digest
//
// What the wall shows is made of the list that the digest is made of, and of now:
// bars and actions in full, records as views. A record that is withheld shows in
// coverage only, so its view holds kind, name and time, and its value, which no
// answer can show, may change without a recorded turn being asked again.
//
// # Why not
//
// Why not a view over the whole data with a date filter: statistics, catalog
// sizes and hidden names leak through views. What is handed out here is copied
// from the known prefix, with no spare capacity behind it.
package wall
