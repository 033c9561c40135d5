// Package memory is what a run remembers: its closed trades, and what an agent or the
// roles of a desk wrote down. It implements [pitwall.Memory].
//
//	journal (fills, notes, equity) ─┐
//	prices known now ───────────────┼─► Recall: trades, lessons, beliefs with scores
//	carried from an earlier run ────┘      └─► memory_search, SQL tables, memory.jsonl
//
// Nothing is kept beside the journal: what was written is an entry of it, and trades are
// the round trips of its fills. So a run that goes on after a stop remembers what it did,
// and every list follows from the run's folder. Each thing carries the simulated time at
// which it was known; Recall leaves out what is known later than the clock.
//
// A belief says in which direction a symbol's price will have moved some bars later, and
// how sure it is. Once that many bars are known it has matured, and it is scored: hit or
// not, and the square of confidence less hit (Brier). Refined and retired beliefs are
// scored as well, else taking back what went wrong would better the record.
//
// store.go reads and writes, trades.go joins trades with plans and lessons and sums them
// up, beliefs.go scores, episodes.go tells when an episode ended and when risk should be
// conservative, search.go ranks, tables.go is the same in SQL, carry.go reads and writes
// memory.jsonl.
//
// # To add a kind
//
// A constant in the root's memory.go, its rules in check (store.go), and what reads it.
//
// # Why not
//
// Why not embeddings: a run would depend on a service that changes. BM25 over a few
// hundred sentences finds what shares a word, and the rest is symbol, regime and age.
//
// Why not a file that the agent edits: what was written last would hide when it was
// known, and nothing could be scored.
package memory
