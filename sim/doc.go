// Package sim is the simulated venue: it replays bars, fills orders against
// them and keeps the books. A [Venue] is a world's Clock and its Broker.
//
//	timeline of Known times ──► Next: expire ─► fill ─► post ─► mark ─► journal ─► move the clock
//
// Fill first, publish second: at a step the resting orders meet the bars that
// become known, and only then can the trader see those bars. An order meets a
// bar only when the bar's Start is not before the order's acceptance, so never
// the bar that prompted it.
//
// The rules are numbered as in the order documentation (tools/docs):
//
//	 1 an order accepted after bar k can meet prices from bar k+1's open
//	 2 market: the open, plus slippage against the taker
//	 3 limit buy: open below the limit -> open; else low < limit -> limit; sell mirrored
//	 4 stop: a gap past it -> the open; else touched -> the stop; plus slippage
//	 5 stop-limit: triggered at the open -> rule 3 for the bar; inside -> the stop
//	   if the limit allows, else only if the close is past the limit, else rests
//	 6 trailing stop: tested as it stood, then moved by the bar's high or low
//	11 several orders on one bar: fills at the open in submission order, then
//	   stops, then limits, each in submission order
//	12 day: ends at the close of the session it can first trade in
//	13 ioc, fok: judged at the first open; the rest, or all, canceled
//	14 opg: a session's first open; cls: its last close; else canceled
//	15 volume: at most floor(share x volume) per symbol and bar, in time priority
//	17 the fixed commission once per order
//	18 buying power: reserved at submission, tested again at the fill price;
//	   short of it the whole order is rejected with figures, never shrunk
//	22 every fill says why
//
// The ledger is double-entry: every posting sums to zero, and at each step
// start + realized + unrealized - fees = equity is checked exactly.
//
// # To add an order kind
//
// kinds.go is its one place: what is valid (prices, acceptsKind) and at which
// price a bar fills it (fillPrice). Then write a scenario.
//
// # Why not
//
// Why not time.Time and maps in the loop: bars are int64 columns with a cursor
// per symbol; strings and times are made only for answers and the journal.
package sim
