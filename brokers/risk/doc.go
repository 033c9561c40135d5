// Package risk is the guard around every broker: what a trader sends passes
// here first. It checks each order against limits, serializes order flow, and
// writes the intent before anything is sent (no record, no order) and the
// outcome after it.
//
//	tools ──► Guard ──► Broker (the simulated venue, or a real one)
//	            ├──► Limits.Check: pure, over the order and a Snapshot
//	            └──► Journal: intent, then outcome; or the denial
//
// Check, record and send are one act under one lock, so two agents cannot both
// pass one limit. Limits stand on what could happen, not on what is likely:
//
//   - Every open order counts in full: held, working, partly filled (what is
//     left of it) and unknown. Of one Group only the largest order counts. Orders
//     that only reduce (legs, reduce_only) add nothing, but what they may sell
//     cannot be sold twice.
//   - The worst price of an order is its limit for a limit or stop-limit buy; the
//     reference with the collar on top for a market buy, the bare reference when
//     no collar is set; the stop for a stop buy, never below the reference; and
//     for sells the highest of reference, limit and stop, since the higher price
//     is the larger exposure. The reference is the close of the newest known bar.
//   - Exposure values holdings at the reference and open orders at their worst
//     price or the reference, whichever is higher, times the multiplier.
//   - An order that can only shrink a position, with open orders counted, is an
//     exit. Exits skip the limits on exposure (see the rows of [Limits.Check]) and
//     nothing else.
//   - A check that lacks its input refuses: CHECK_INPUT_MISSING.
//   - While an order is unknown (sent, no answer), and until the next bar when it was
//     found meanwhile, another order of its book, symbol and side is held back: a model
//     may send the same one again under a new id. It is no limit and always on, but for
//     [NoLimits]. Under its own id an unknown order is checked as a change of itself
//     before it is sent again.
//
// Losses and fills are looked at before each order and with [Guard.Watch] after each
// bar. A limit with a Then makes its breach last: through [Guard.OnBreach] (a halt, which a
// person lowers; the limit is armed again then), else as long as the guard. With
// over_limit: trim an order that only limits on size deny is sent as large as they allow
// (trim.go).
//
// A change of an order that only makes it smaller, or moves no price, passes. Any
// other change is checked as a new order whose old self is gone, and counts as a
// submission. Canceling always passes.
//
// # To add a limit
//
// Add a field to [Limits] (limits.go), its row to the table in rows.go (key, how it
// is read and written, its check) and the check, a method on trial, in a file of
// its own with its code. A row whose check looks back on submissions, bars or fills
// states how far (looks, looksAtFills); the guard keeps that much. Add its edge, what just passes and
// what is just denied, to edges_test.go, and its key to tools/docs/orders.md, which
// users and models read. What a statistic is computed from, its window and its source
// stand in its comment; numbers_test.go says which of the checks R1 to R48 it is.
// String, Parse, Keys, Symbols, the refusal of what is not set and the order of failures
// follow from the row.
//
// Windows roll over the world's time; a live guard recalls what an earlier process sent
// ([Guard.Recall]). A limit per day uses the day's first equity,
// which comes with the account ([pitwall.Marks]; losses.go shows them). A count per
// calendar day needs a field of [Snapshot] (check.go), which the guard fills (deny.go).
//
// # Why not
//
// Why not "0 means unlimited": a forgotten field would open the door. The zero
// [Limit] refuses, and Off has to be explicit.
//
// Why not stop at the first failure: a trader that learns one limit at a time
// needs as many tries as there are limits.
//
// Why not embed the Broker: a method added to pitwall.Broker must fail to compile
// here until somebody decides it.
//
// Why not trim an exit: what should close a position would leave a part of it.
//
// Why not one price for money and exposure: a limit buy below the market costs at
// most its limit, but what it buys is exposure at the market's price.
//
// Why not let an order pass that lowers an exposure which is over its limit
// already, a hedge: only exits do. Whoever wants to hedge makes room first.
package risk
