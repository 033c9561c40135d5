// Package lock locks files between processes, on any system.
//
//	if free, err := lock.Whole(f, false); !free { ... } // another process has it
//	lock.Free(f)                                        // so does closing the file, or the end of the process
//
// A lock ends with its process, however that ends, so none is ever left behind.
//
// # To add a system
//
// Both functions of lock_unix.go, in a file with its name.
//
// # Why not
//
// Why not a file that exists while it is held: a killed process would leave it there.
package lock
