//go:build !unix

package server

import (
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Stdio returns the transport on stdin and stdout. Where descriptors cannot be moved,
// Go code at least is kept off stdout.
func Stdio() (mcp.Transport, error) {
	transport := Lines(os.Stdin, os.Stdout)
	os.Stdout = os.Stderr
	return transport, nil
}
