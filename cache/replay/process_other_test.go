//go:build !unix

package replay

var helpers map[string]func() error // processes are killed on unix only
