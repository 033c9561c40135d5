package duckdb

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// limitMemory bounds this process's address space to what it has now plus a
// budget in bytes: an idle worker with its engine open has 1.9-2.3 GB mapped and
// hardly any of it used, so a fixed figure would either kill it or bound nothing.
func limitMemory(budget uint64) error {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := bytes.Cut(raw, []byte("VmSize:"))
	var kb uint64
	if _, err := fmt.Sscanf(string(rest), "%d kB", &kb); err != nil {
		return fmt.Errorf("reading VmSize: %w", err)
	}
	most := kb<<10 + budget
	return unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: most, Max: most})
}

// residentMemory returns the bytes that a process has in memory, 0 when that is unknown.
func residentMemory(pid int) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	var size, pages int64
	if _, e := fmt.Sscan(string(raw), &size, &pages); err != nil || e != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// itself is this program, even when its file was replaced meanwhile.
func itself() (string, error) { return "/proc/self/exe", nil }
