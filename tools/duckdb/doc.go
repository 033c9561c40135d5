// Package duckdb is the agent's SQL engine: one in-memory DuckDB per world that
// physically holds only rows known now. It implements pitwall.Tables.
//
//	SQL ─► gate (parse, allow-list) ─► top up from the walled Market ─► SELECT, capped ─► rows
//
// Rows live in one physical table; every defined name is a view of it. A query
// first pulls the bars that became known since the last one, so the engine never
// holds a bar from the future and no SQL trick can see one.
//
// The gate refuses before anything runs: one SELECT, tables and functions by
// allow-list, no qualified names, no samples. Behind it stand locked settings,
// no file system, one thread, a memory limit, macros that answer the clock with
// the world's time, a deadline, and caps on rows and bytes.
//
// # To allow a function
//
// Add it to allowed in functions.go when it is a pure function of its
// arguments and cannot build text or lists of unbounded size.
//
// # Why not
//
// Why not prepared statements as the gate: the driver executes every statement
// of a text but the last while preparing. The parse gate parses only.
//
// Why in process: a worker process with an address-space limit comes with a
// later change behind the same pitwall.Tables. Until then the functions that
// can build values beyond DuckDB's memory limit (repeat, lpad, range as a
// scalar, list functions) are not allowed at all.
//
// The module github.com/marcboeker/go-duckdb moved to
// github.com/duckdb/duckdb-go; its v2 says so in its go.mod.
package duckdb
