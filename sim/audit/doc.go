// Package audit is the second implementation of the simulation: it computes a run
// again from its journal and its bars, and checks other people's fills against bars.
//
//	journal, bars, terms ──► Verify (a replica by the sections of sim/RULES.md) ──► differences
//	the run's CSV rows ──► CheckFiles, CheckEnd ──► differences from the journal
//	anybody's fills, bars ──► CheckTrades ──► the fills that no bar explains
//
// It exists to disagree. It shares no code with the engine, with sim or with what
// writes a run's folder, and imports only the root: its products, its order of
// events and its tests come from the rules, not from the first implementation. It
// is slow (it scans lists where the engine keeps indexes) so that it can be read
// beside the rules, section by section. sim's TestPropertyVerifyAgrees compares the
// two on random worlds.
//
// # To add an order type
//
// Write the rule into sim/RULES.md, then order.go (how it is accepted), match.go
// (at which price a bar fills it), buyingpower.go (what it reserves) and a play in
// replica_test.go, worked out by hand.
//
// Dividends, splits, fees of the night and interest are in actions.go.
//
// # Why not
//
// Why not replay the orders through the engine: a fault in the engine would agree
// with itself. `pitwall verify` does that as well, to compare digests.
//
// Why not a cheaper check of sums: a wrong fill price balances too.
package audit
