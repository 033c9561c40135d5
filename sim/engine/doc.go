// Package engine is the inner loop of the simulated venue: it fills orders
// against bars and keeps the books, on columns of integers, without a lock, a
// string, a map or an allocation per bar.
//
//	Data (columns, timeline; shared) ─► Engine.Step ─► events, equity points, digest
//	                                        ▲
//	                 Submit, Replace, Cancel (numbers in, *pitwall.Error out)
//
// sim/RULES.md is the contract: sim/audit implements it a second time, slowly, and
// `pitwall verify` compares the two.
//
// A bar without a trade costs four comparisons: each symbol keeps its resting
// orders in four sorted indexes (buy and sell limits and stops) and remembers the
// nearest price of each. What may trade is gathered and goes through the moments
// of the bar one by one (match.go). An Engine belongs to one goroutine; engines
// share their Data and never write it. Clone forks a run.
//
// corporate_actions.go is what happens between bars: dividends, splits, borrow fees,
// interest, funding. book.go is a book's cash, positions and their identity. fill.go
// takes a price that match.go found: volume, slippage, fee, the second test of buying
// power. What a bar does that opens past a limit or a stop (a gap) is in match.go.
//
// # To add an order type
//
// order.go lists it, index.go says where it rests, match.go at which price a bar
// fills it (and path.go on a path), sim/RULES.md what the rule is; then sim/audit
// and a scenario.
//
// How far a trailing stop trails is trail in match.go; ratchet moves it after the
// bar. A new distance is a field of pitwall.Order and pitwall.Leg and goes where
// TrailPercent goes (grep finds some 18 files: root, tools, risk, sim, audit). One that
// depends on earlier bars (ATR) is not offered, since the engine keeps no
// history per order: the agent moves the stop with orders_modify.
//
// # Campaigns
//
// .ci/run gives each property 10,000 random worlds. A longer one, per property:
//
//	go test ./sim ./sim/engine -run Property -rapid.checks=1000000 -timeout 0
//
// ran once each on 2 shared AMD EPYC cores, in 4 to 9 minutes, while the last
// changes to this package were being made: no failure of the engine (the digest
// property failed once by its own assumption, was fixed and passed). The
// comparison with the second implementation (PropertyVerifyAgrees) ran 500,000 worlds
// each with seeds 808 and 909 after the last change to this package: no
// difference. That the future does not reach the past was not run so long, only with
// 10,000.
//
// # Why not
//
// Why not SHA-256 over every event and equity point: it took 40 % of a bar's time.
// The log is folded into 128 bits, which tells whether two runs are the same; that
// a run is right is for `pitwall verify` to say.
//
// Why not the worse case for the stop leg of a stop entry (rule 8): the contract's
// source acts only on what the bar proves. It judges such a pair kindly; the path
// profile `worst` does not.
//
// Why not floats: the books must balance to the last digit at every bar. Why not
// a heap of price levels: an order book of one trader holds tens of orders, and
// moving a few words in a sorted slice beats pointers.
package engine
