//go:build unix

package server

import (
	"fmt"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/sys/unix"
)

// Stdio returns the transport on stdin and stdout. It moves stdout to a descriptor of
// its own and points descriptor 1 at stderr, so that nothing else in the process, C++
// code of the SQL engine included, can put a stray line into the protocol.
func Stdio() (mcp.Transport, error) {
	fd, err := unix.Dup(int(os.Stdout.Fd()))
	if err != nil {
		return nil, fmt.Errorf("taking stdout for the protocol: %w", err)
	}
	unix.CloseOnExec(fd)
	if err := redirect(int(os.Stderr.Fd()), int(os.Stdout.Fd())); err != nil {
		return nil, fmt.Errorf("taking stdout for the protocol: %w", err)
	}
	os.Stdout = os.Stderr
	return Lines(os.Stdin, os.NewFile(uintptr(fd), "protocol")), nil
}
