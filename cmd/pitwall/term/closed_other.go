//go:build !unix || !cgo

package term

// stdoutWasClosed reports false: what a program is started with is not known here.
func stdoutWasClosed() bool { return false }
