// Package sim is the simulated venue: it replays bars, fills orders against
// them and keeps the books. A [Venue] is a world's Clock and its Broker.
//
//	pitwall.Order ─► Venue: ids, prices on the tick, what is valid ─► sim/engine: fills, books
//	pitwall.Fill, OrderState, CashFlow, journal ◄─ Venue ◄──────────── its events
//
// Fill first, publish second: at a step the resting orders meet the bars that
// become known, and only then can the trader see those bars. An order meets a
// bar only when the bar's Start is not before the order's acceptance, so never
// the bar that prompted it. RULES.md beside this file has the exact
// rules; their numbers in fills are those of the order documentation (tools/docs).
//
// Strings, times and the lock live here, integers there.
//
// # To add an order kind
//
// pitwall.Order.Check says what is valid, spec.go turns it into an engine.Spec; how a bar fills
// it is the engine's. Then write a scenario (testdata/*.txt) and a golden case.
//
// # How it is tested
//
// Scenarios by hand (TestScenarios, -update), the hand-worked file of 76 cases
// (TestGoldenScenarios; PITWALL_SCENARIOS=FILE runs another of its format),
// properties over random worlds (-run Property, -rapid.checks=N), agreement with
// the second implementation (TestPropertyVerifyAgrees), and the final equity of
// other engines (anchor_test.go).
//
// # Why not
//
// Why not one package with the engine: what must not allocate and what speaks to
// people want different code.
package sim
