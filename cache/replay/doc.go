// Package replay keeps what models and external tools answered, so that a run can
// be repeated without asking, or paying, again. An entry is found by all of the
// request that it answers and by nothing else: a request that differs in one bit
// of meaning is a miss.
//
//	request ─► Canonical ─► sha256 ─► key        Get: every byte is checked; what is
//	                                   │         bad is moved away and missed
//	slot ────► sha256 ──► group ─┐     │
//	                             ▼     ▼
//	<dir>/log/<random>.log        entries that a run is writing, one after the other
//	<dir>/log/<digest>.seg        entries of runs that ended, with an index
//	<dir>/<kind>/<group>/<key>    older versions: a file per entry; read, not written
//	<dir>/quarantine/<key>.<n>    bad entries, kept as evidence
//
// What a request holds is its caller's business: agentloop/keys.go for models and
// turns, tools/external/record.go for tools.
//
// kind is what answered: reply (a model's call), turn, strict (a turn that only a strict
// replay finds: it failed), outside (a tool). slot is
// what entries compete for, such as an agent and a simulated time; it is not in
// the key (the caller puts what matters into the request) but in the entry, and
// one under another slot is bad. Without a slot the group is the first two
// digits of the key.
//
// # Format
//
// A log is entries, each behind a line with its length (segment.go). An entry:
//
//	pitwall replay 1 21b3b5ee\n      the format and a check of this line: one
//	                                 of another format is missed and stays, one
//	                                 with a flipped bit is bad
//	<64 hex>\n                       SHA-256 of all other bytes of the file
//	<64 hex> or -\n                  HMAC-SHA256 of the first line and all below
//	{"kind":...,"body_sha256":...}\n sizes and digests, in one spelling
//	one zstd frame                   the canonical request, then the body
//
// The key is sha256("pitwall replay 1\n" + kind + "\n" + canonical request). The
// same entry has the same bytes on every machine (testdata/golden.sha256): no
// time, host or user is in it.
//
// # Who may be trusted
//
// Anyone who can write to the folder can forge an answer. Options.Secret signs
// entries and refuses unsigned ones; checksums alone detect accidents. Requests must
// not hold keys or tokens: they are stored readable. What authenticates a call does
// not change its answer and belongs in a header.
//
// # Crashes, full disks, many processes
//
// Put returns when the entry is in the file, so kill -9 loses at most the one that
// was being written; a sync follows at once and beside the run, so a machine without
// power loses the last few milliseconds. Close makes a segment of the log; the log of a writer that was
// killed is made one by the next store that is opened, which says what it had to
// leave out. Sixteen small segments become one. A lock on the folder's file "lock"
// makes the first writer of a request win, and a lock on each log says that its
// writer lives. Where the file system has no locks, two writers at one moment may
// keep an answer each, and no log of another process is touched. On systems other
// than Unix folders are not synced.
//
// # Why not
//
// Why not RFC 8785 for the key: it reads numbers as float64, so two different
// numbers of 17 digits get one key, and one request the other's answer.
//
// Why not a database: those in one file let one process write at a time, and runs
// beside each other share this folder. A log can be looked at, copied and deleted by
// hand.
//
// Why not a file per entry, as before: a sync and a rename for each reply took three
// quarters of a first run.
//
// Why not delete bad entries: they are evidence of a failing disk or a forgery.
//
// # How it is tested
//
// Tests carry the number of their item (C1...C17). TestMain starts this test
// program again for processes that race or are killed. More cases for the
// canonical form: go test ./cache/replay -run C1Keys -rapid.checks=1000000; fuzz:
// -fuzz FuzzCanonical, -fuzz FuzzEntry. UPDATE_GOLDEN=1 writes the golden digest.
package replay
