// Package halt is the latch that stops trading: raised by any process of this machine,
// read before every send, lowered by a person.
//
//	pitwall kill on ─┐                               risk.Guard: limits, journal
//	a breaker ───────┼─► Latch: a folder of raises ──────► Gate: the last check ──► Broker
//	the flatten job ─┘      a file each, fsync'd      Job: cancels, closes, reads back
//
// A raise is one file whose name holds its level, so it is there whole with the call
// that makes it, and no raise can overwrite another. Trading is allowed when the folder
// can be read and is empty. A folder that is missing or cannot be read, and a file that
// is not understood, halt. A raise outlives the process and the machine's restart and
// never expires.
//
// The levels, each with all that the ones before it refuse:
//
//	reduce_only   only orders that shrink a position are sent
//	halt          nothing is sent; cancels pass
//	cancel        and open orders are canceled
//	flatten       and positions are closed
//
// [Gate] reads the latch and sends under one lock: of the orders of a process at most
// one is under way when a raise returns. [Job] does what cancel and flatten ask for. It
// is done when the broker's own lists say so, and its reports, beside the latch, say what
// it did and what is left ([Latch.Reports]).
//
// # What it does not do
//
// It does not reach an order that is already at the venue, unless the level cancels. It
// holds for processes that trade through a Gate over the same folder: one machine and
// one user. Whoever may delete files of that folder can lower it. A market order of the
// flatten job fills when its market trades.
//
// # To add a level
//
// A row of levels (latch.go) at its place, what it refuses in [Gate], what it does in
// [Job], a flag of pitwall kill.
//
// # Why not
//
// Why not one file that is written aside and renamed: two processes that raise at the
// same time would have to read, compare and write, and the lower one could win. Why not a
// lock for that: what waits for a lock is not halted yet.
//
// Why a missing folder halts: a deleted one must not lift a halt. [Latch.Prepare] makes
// it, before anything trades.
package halt
