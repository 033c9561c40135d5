//go:build !unix

package replay

import "os"

// openEntry opens a file that must not be a link.
func openEntry(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	return os.Open(path)
}

// syncDir does nothing where folders cannot be synced.
func syncDir(string) error { return nil }
