// Package paper is a broker account without a broker: live prices, fills by the matcher
// of the backtest.
//
//	bars as they become known ─► Venue.Take ─► keep them ─► sim.Venue: fills, books
//	orders ──────────────────────────────────────────────►     │
//	the journal ◄── what came of it ◄──────────────────────────┘
//
// Its state is a function of the bars and the requests so far, in the order of the
// journal. So nothing is saved but these two: [Open] replays them, reaches the same
// digest, compares what the venue does with what the journal says, and writes the lines
// that a crash cut off. A journal that does not follow from its bars is refused.
//
// A bar is kept before it counts, a request is journaled before it is sent (by the
// guard), so no fill is ever known that a restart would not find again.
//
// # What it does not do
//
// It fills as the backtest does (sim/RULES.md): against bars, without a queue, a spread
// or an order book. An order is taken to arrive at the world's time, which is when its
// newest bar became known; how long a model thinks is not counted unless the strategy's
// fills say latency.
//
// # To add an order kind
//
// Nothing here: what sim does, paper does.
//
// # Why not
//
// Why not a state file: it would be a second truth, and one that a crash can leave half
// written.
package paper
