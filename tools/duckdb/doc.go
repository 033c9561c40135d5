// Package duckdb is the agent's SQL: a worker process per world, whose
// in-memory DuckDB physically holds only rows known now. It implements
// pitwall.Tables.
//
//	SQL ─► Tables: tops up from the walled Market ─► pipes ─► worker: gate ─► SELECT, capped ─► rows
//
// The worker is this program again: it calls [RunWorkerIfChild] first in main and in
// TestMain, and Main does not return in a worker. A program that cannot do that
// names another one with [Tables.Command]; without either, SQL refuses and says
// so. The worker starts at the first query, sees an empty environment, has its
// standard output pointed at nothing (DuckDB can be made to print there), and
// talks on descriptors 3 and 4 (wire.go). It ends when those are closed.
//
// Each defined name is a view of a physical table. A query first sends the bars
// that became known since the last one, so the engine never holds a bar from the
// future and no SQL trick can see one.
//
// An answer is a function of the rows, the clock and the text. DuckDB's answers are
// not a function of rows alone: the blocks in which they were written decide the
// order in which a join returns them, and so a float sum or what LIMIT keeps.
// So a table's rows are written in one order (known first, then by symbol) and in
// the same steps whatever was asked before (rows.go): full blocks for good, the rest
// in a transaction that also holds the clock and is rolled back when time moves on;
// no checkpoint ever, after which DuckDB begins a new block.
//
// The gate (in the worker, since parsing is where hostile text bites) refuses
// before anything runs: one SELECT, tables, functions and types by allow-list, no
// qualified names, no samples. Verdicts are kept by text. Behind it stand locked
// settings, no file system, one thread, a memory limit, macros that answer the
// clock with the world's time, caps on rows, columns and bytes, and, since
// DuckDB's own limits are soft, two hard ones: the process's address space (what
// it has when idle plus 1 GiB; Linux only, elsewhere there is none) and a
// deadline of 5 s after which it is killed. The next query starts a new worker
// and loads it; a worker that died while idle is replaced without a word.
//
// A worker has about 60 MB resident, 50 of them this program's own pages, which all
// workers share. The worlds of a server share one budget, [Workers]: 400 MB as ps
// counts them, so about seven workers run at a time, and the rest start again (50 ms
// on an idle machine) when their world asks.
//
// # To allow a function
//
// Add it to allowed in functions.go when it is a pure function of its
// arguments and cannot build text or lists of unbounded size.
//
// # To allow a type
//
// Add it to allowedTypes in functions.go when no value of it, nor a conversion
// to or from it, depends on the host.
//
// # Measured
//
// `go test ./tools/duckdb -run xxx -bench .` sets the worker beside bare DuckDB.
// `PITWALL_WORLDS=64 go test ./agentloop/driver -run SQLOfMany -v` measures the memory
// of many worlds: 64 with SQL had 4,206 MB resident in 64 workers (674 MB with shared pages
// counted once) before they shared a budget, 408 MB (114 MB) in 7 workers since.
// `PITWALL_SQL=1000000 go test ./tools/duckdb -run RandomSQL -v -timeout 0` is
// the campaign of random texts (seed 1, 2). Run once at d12a96a on 2 shared cores of
// an AMD EPYC: 1,000,000 texts, 85,586 answered, 0 workers died, 635 s.
// `PITWALL_SQL_SAME=10000 go test ./tools/duckdb -run 'TheSame|HostDate' -v -timeout 0`
// compares workers with different pasts, and one whose clock is moved.
//
// # Why not
//
// Why not one table for all series, filtered by each view: its rows lay in the
// order in which queries had asked for them. Why not one committed append per query:
// the order is right then, the blocks are not.
//
// Why not prepared statements as the gate: the driver executes every statement
// of a text but the last while preparing. The parse gate parses only.
//
// Why not prepared plans: they save 0.3 ms of a 1.1 ms window query, but a plan is made for
// the rows of its moment and kept when they grow, so a join returned other rows under LIMIT
// than the same text planned anew: an answer would depend on what was asked before.
//
// Why not in this process: DuckDB's memory limit and cancellation are not
// bounds (length(repeat('x', 2000000000)) took 3.9 GB under a limit of 256 MB),
// and a crash would end every agent's session.
//
// Why not JSON on the pipes: gob keeps int64 apart from float64 and is fast on
// columns. Why a package-level flag in worker.go: whether Main was called is a
// fact of the process.
//
// Why not DuckDB 2.0.0 (duckdb-go v2.20000.0): its prebuilt libraries moved to
// modules of their own, go.duckdb.org/libduckdb/..., which the module proxy
// refuses (403, November 2026), so it does not build. A new major also brings new functions
// and settings: the allow-list, the gate's campaign and the digests come first.
//
// The module github.com/marcboeker/go-duckdb moved to
// github.com/duckdb/duckdb-go; its v2 says so in its go.mod.
package duckdb
