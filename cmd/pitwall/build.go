package main

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// build is the version, and of a build from a checkout what tells it from others:
// recorded turns were read through its tools, and a tool that was mended since must
// be asked again. It costs about a millisecond, once.
func build() string {
	v := version()
	if v != "dev" && !strings.Contains(v, "+dirty") {
		return v
	}
	return v + " " + buildID()
}

// buildID is a digest of the linker's note, which depends on what was built and not
// on when; where there is none, of the file's size and time.
func buildID() string {
	name, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	var id []byte
	if f, err := elf.Open(name); err == nil {
		defer f.Close()
		if s := f.Section(".note.go.buildid"); s != nil {
			id, _ = s.Data() // empty: the file's stat stands in
		}
	}
	if len(id) == 0 {
		info, err := os.Stat(name)
		if err != nil {
			return "unknown"
		}
		id = fmt.Appendf(nil, "%d %d", info.Size(), info.ModTime().UnixNano())
	}
	sum := sha256.Sum256(id)
	return hex.EncodeToString(sum[:6])
}
