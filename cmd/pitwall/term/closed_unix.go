//go:build unix && cgo

package term

/*
#include <fcntl.h>

static int stdout_was_closed;

// Before Go starts: it opens the null device for descriptors that are closed, where
// everything that is written succeeds and is lost.
__attribute__((constructor)) static void look(void) { stdout_was_closed = fcntl(1, F_GETFD) == -1; }

static int was_closed(void) { return stdout_was_closed; }
*/
import "C"

// stdoutWasClosed reports whether descriptor 1 was closed when the program started.
func stdoutWasClosed() bool { return C.was_closed() != 0 }
