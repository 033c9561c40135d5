//go:build !linux

package duckdb

import "os"

// limitMemory does nothing here: only Linux has a limit that fits (see doc.go).
// DuckDB's own memory limit, the gate and the deadline hold everywhere.
func limitMemory(uint64) error { return nil }

// residentMemory is unknown here.
func residentMemory(int) int64 { return 0 }

// itself is this program.
func itself() (string, error) { return os.Executable() }
