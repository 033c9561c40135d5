// Package runs owns a run's folder: its schema, its writer and every reader.
//
//	manifest.json      what was run: strategy, data, versions, model
//	journal.jsonl      one line per change of state, in order
//	turns.log          the turns: prompt, calls, results, reply, warnings
//	summaries.jsonl    one compact line per turn
//	timing.jsonl       what may differ between two runs: host times, usage
//	usage.json         what models used: tokens, cost, what came from the cache
//	metrics.json       the headline figures
//	fills.csv equity.csv prices.csv
//	trades.csv         entries with their exits
//	books.csv          of a fund: the equity of each book
//	decisions.jsonl    of a desk: its decisions, what was executed, what came of it
//	SHA256SUMS         what each of them held when it was written, but for timing.jsonl
//
//	driver ──► Create ──► Folder (a pitwall.Journal, and where agentloop records turns)
//	                        │
//	                      the folder
//	                        ├─► Open: as far as it can be read; trace, why, report
//	                        │     Turns, OrdersOf: turns with their timing, orders
//	                        │     with their turns, changes and fills; Why joins them
//	                        │     Tables: the same for SQL
//	                        ├─► Strict: every line whole or an error; verify, metrics
//	                        └─► List, Find, Attempt: the runs beside each other
//
// The writer appends while the run goes on, so that after a crash everything up to the
// last whole line is there. Equity points wait for the next entry of another kind, the
// end of a turn or 64 KB; all else is written before it counts. Whole files (manifest,
// metrics) are written aside and renamed. Turns are written behind the run's
// back, in their order: the journal says what was done, a turn only why, and after a
// crash the last few may be missing.
//
// Each turn stands in turns.log behind a line with its number, length and sum (older
// versions wrote turns/000123.json and its sum in SHA256SUMS; every reader knows both).
// SHA256SUMS gets the sums of the files at the end, so that pitwall verify, or sha256sum -c, finds what was edited later. The
// digest of its turns is in the manifest: the same text gives the same digest, whatever
// was asked anew or came from the replay cache. It shows honest mistakes and careless
// edits; against a forger, keep the digests somewhere else.
//
// A backtest's own figures and page are of what its Folder was given ([Folder.Held]),
// which a test compares with what the files say; verify, report and all other readers
// read the files.
//
// # To add a field
//
// Add it to its type in schema.go (agentloop/turn.go for what a turn records), and
// write it. A test runs a backtest and fails when the folder holds a field, a column
// or a file that the schema does not have.
//
// # Why not
//
// Why not fsync always: a simulated run can be run again. The journal and the prices of
// a run on the host's time are synced line by line, the journal before what follows from
// it, and the manifest with its name ([Folder.Durable]).
//
// Why the sums are not a chain of signatures: who can write the folder can write them
// all again, so a chain would prove no more than the list and its digest do, and no
// other program could check it.
//
// Why the record of a turn is agentloop's type and not one of this package: the loop
// is written against any MCP server and records its turns without a folder too. So
// this package imports it, and tools/report, which reads folders, imports this one.
package runs
