// Package disk writes files that are still there after a loss of power.
//
//	d := disk.OS{}
//	err := disk.MkdirAll(d, dir)             // the names of new folders last
//	err = disk.Replace(d, path, body, true)  // the old file or the new one, whole
//	f, err := d.Open(path, os.O_APPEND|os.O_WRONLY)
//	err = disk.WriteAside(file, write)       // a file that a person named: by rename, links stay
//
// What is written to a file lasts once Sync has returned, and a name that was made,
// renamed or removed once the folder that holds it is synced.
//
// # To add something that writes
//
// Take a [Disk], so that cache/disk/disktest can lose what was not synced and fail at
// any call, and add its case to the tests of power loss (brokers/mirror).
//
// # Why not
//
// Why not a file system of a library: those bring a store's worth of dependencies for
// six calls. Why not a Disk for reading: what a process reads is what it wrote, synced or
// not, so tests read real files.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is where files are written.
type Disk interface {
	Mkdir(dir string) error
	// Open opens a file for writing, with the flags of os.OpenFile.
	Open(path string, flag int) (File, error)
	Truncate(path string, size int64) error
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the names in a folder last.
	SyncDir(dir string) error
}

// File is an open file.
type File interface {
	io.Writer
	Sync() error // returns once what was written is on the disk
	Close() error
}

// OS is the machine's disk.
type OS struct{}

// Mkdir implements Disk.
func (OS) Mkdir(dir string) error { return os.Mkdir(dir, 0o755) }

// Open implements Disk.
func (OS) Open(path string, flag int) (File, error) {
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Truncate implements Disk.
func (OS) Truncate(path string, size int64) error { return os.Truncate(path, size) }

// Rename implements Disk.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements Disk.
func (OS) Remove(path string) error { return os.Remove(path) }

// SyncDir implements Disk.
func (OS) SyncDir(dir string) error { return syncDir(dir) }

// MkdirAll makes a folder and those above it that are missing, each with a name that
// lasts.
func MkdirAll(d Disk, dir string) error {
	switch info, err := os.Stat(dir); {
	case err == nil && !info.IsDir():
		return fmt.Errorf("making the folder %s: it is a file", dir)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	above := filepath.Dir(dir)
	if err := MkdirAll(d, above); err != nil {
		return err
	}
	if err := d.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.SyncDir(above)
}

// Replace writes a file aside and renames it into place. With lasting it is the old file
// or the new one after a loss of power too.
func Replace(d Disk, path string, body []byte, lasting bool) error {
	f, err := d.Open(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil && lasting {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.Rename(path+".tmp", path)
	}
	if err != nil {
		_ = d.Remove(path + ".tmp") // half a file; what it should replace is whole
		return err
	}
	if !lasting {
		return nil
	}
	return d.SyncDir(filepath.Dir(path))
}
