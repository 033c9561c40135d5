// Package dare tries to see the future through every door that a model has, and
// fails when it can. It is the leak harness behind `pitwall dare`, for anybody's
// data.
//
//	Data ─► Build ─► World ─► an agent that calls every tool, with generated SQL ─► transcript
//	  └─ mutate all that is known after t ─► Build ─► World ─► the same agent ─► transcript
//	                                              the bytes up to t must be the same
//
// A mutation changes, drops, deletes, adds or doubles what is known after a time
// t, or replaces it by bait that would break a cast or overflow. In "change" every
// future row carries a canary (a unique price, volume and text); the agent goes on
// past t, and no canary may turn up before its own row is known.
//
// # That the harness can fail
//
// [Plants] is a list of leaks, each put into a world in a few lines; [Prove] runs
// the harness on each and says which check caught it. Build with -tags noplants to
// leave them out of a binary.
//
// # Campaign
//
// `PITWALL_DARE=600 go test ./cmd/pitwall -run DareShared -v -timeout 0`, seed 1,
// run once at d12a96a (the agent asked less then) on 2 shared cores of an AMD EPYC,
// 553 s: 600 mutations over
// five sets of real data with news, macro, statements and filings, 710 worlds of 12
// steps, 353,294 tool calls, 108,000 SQL queries (48,787 with rows), 1,120 fills,
// 324 MB compared, 2,921,140 canaries: no byte of the future seen.
//
// # What it does not see
//
// What a model remembers of the data it was trained on; anything outside the
// World that Build makes; how long an answer takes.
//
// # To add a leak
//
// One entry in plants.go, plants_records.go or plants_tables.go: a name, a
// sentence, and what it changes in the world. TestPlants fails until a check
// catches it.
//
// # Why not
//
// Why not compare runs' folders only: a leak in an answer that the script of the
// day does not act on would pass. Why mutate in memory and not files: any source
// can be tried; the files' own readers are tried by the tests of cmd/pitwall.
package dare
