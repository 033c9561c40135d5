//go:build !unix

package main

import (
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// takeStdout gives the protocol stdout; where descriptors cannot be moved, Go
// code at least is kept off it.
func takeStdout() (mcp.Transport, error) {
	transport := wire(os.Stdin, os.Stdout)
	os.Stdout = os.Stderr
	return transport, nil
}
