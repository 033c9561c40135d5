// Package leaktest tries to see the future through every tool that a model has, and
// fails when it can. `pitwall leaktest` runs it over the user's own data.
//
//	Data ─► Build ─► World ─► an agent that calls every tool, with generated SQL ─► transcript
//	  └─ mutate all that is known after t ─► Build ─► World ─► the same agent ─► transcript
//	                                              the bytes up to t must be the same
//
// A mutation changes, drops, deletes, adds or duplicates what is known after a time
// t, or replaces it by bait that would break a cast or overflow. In "change" every
// future row carries a canary (a unique price, volume and text); the agent goes on
// past t, and no canary may turn up before its own row is known.
//
// # That the harness can fail
//
// TestPlantedLeaks plants leaks, each a few lines, in worlds over made-up data and
// requires that each is caught. LEAKS.md lists which check catches which leak, and
// the test that holds each promise of the wall.
//
// # Campaign
//
// `PITWALL_LEAKTEST=600 go test ./cmd/pitwall -run LeaktestShared -v -timeout 0`,
// seed 1, run once at d12a96a (the agent asked less then) on 2 shared cores of an
// AMD EPYC, 553 s: 600 mutations over five sets of real data with news, macro,
// statements and filings, 710 worlds of 12 steps, 353,294 tool calls, 108,000 SQL
// queries (48,787 with rows), 1,120 fills, 324 MB compared, 2,921,140 canaries: no
// byte of the future seen.
//
// # What it does not see
//
// What a model remembers of the data it was trained on; anything outside the
// World that Build makes; how long an answer takes.
//
// # To add a leak
//
// One entry in leaks_test.go, leaks_records_test.go or leaks_tables_test.go: a name,
// a sentence, and what it changes in the world. TestPlantedLeaks fails until a check
// catches it; with -update it rewrites the table in LEAKS.md.
//
// # Why not
//
// Why not compare runs' folders only: a leak in an answer that the script of the
// day does not act on would pass. Why mutate in memory and not files: any source
// can be tried; the files' own readers are tried by the tests of cmd/pitwall. Why
// plant leaks in tests and not in the command: a binary without them cannot leak
// by mistake, and what catches them does not depend on the data.
package leaktest
