// Package pitwall is the vocabulary of Pitwall: the nouns and contracts that
// every other package speaks, and nothing that does I/O.
//
// Pitwall is an MCP server through which a language model trades bar by bar,
// with the same tools on recorded history and on a live broker. All that one
// trader can touch is a [World]:
//
//	World = Clock + Market + Records + Broker + Tables + Journal + Instruments
//
//	          history ──► wall ──► Market ─┐
//	sim.Venue ─► Clock, Broker ────────────┼─► World ─► tools ─► server ─► an MCP client
//	or a live vendor and broker ───────────┘
//
// The one rule is the wall: a record is visible if and only if its Known time
// is not after the world's clock. No method of [Market] or [Records] takes a
// date after now, so tomorrow cannot be asked for. Only a [Source] holds the
// future, and only cmd, cache and sim may hold a Source.
//
// Money, prices and quantities are [Dec], exact to 1e-8. float64 is for
// statistics and never flows back into a ledger.
//
// # To add a word
//
// Add a type here when three packages speak it; otherwise keep it with its
// only consumer. Zero values must be safe: a zero limit refuses.
//
// # Why not
//
// Why not a decimal library: shopspring costs about 0.9 µs an addition and
// allocates; the matcher and the digest need fixed 64-bit words. An int64 at
// 1e-8 reaches ±92 billion, which is stated and checked, not assumed.
//
// Why not an event bus: the [Journal] with Follow is the one stream.
package pitwall
