// Package disktest is a disk that loses what was not synced, and fails when it is told to.
//
//	d := disktest.New(root)
//	d.Before = func(op disktest.Op) error { ... } // ENOSPC, EIO, or a panic that is the end of the process
//	...                                           // the product writes through d, and reads real files
//	err := d.Crash(random)                        // power is lost: root is what the disk had
//
// A file keeps what was synced and any beginning of what was written after, half a line
// too. Names that were made, renamed or removed last from the next sync of their folder;
// before it any beginning of them may. That is what POSIX promises; a disk that lies about
// having written, or that fills a hole with zeros, is not simulated.
package disktest

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"pitwall/cache/disk"
)

// Op is one call of the product.
type Op struct {
	N    int    // counts from 1
	Do   string // mkdir, open, write, sync, truncate, rename, remove, syncdir
	Path string
}

// Disk is a disk.Disk over a real folder. It is safe for concurrent use.
type Disk struct {
	// Before is called before each call; its error is the call's. A write that fails so has
	// written half. A panic of it ends the process that is simulated: nothing is done then.
	Before func(Op) error

	root string
	mu   sync.Mutex
	ops  int
	now  map[string]*node // what the process sees
	last map[string]*node // what the disk has
	todo map[string][]change
	open []*os.File // of the process
}

// node is a file or folder.
type node struct {
	dir    bool
	synced []byte
	after  []func([]byte) []byte // what happened to it since the last sync
}

// change is a change of a folder's names.
type change struct {
	name string
	node *node // nil: it is removed
}

// New returns a disk over a folder that is there and empty.
func New(root string) *Disk {
	top := &node{dir: true}
	return &Disk{root: root, now: map[string]*node{root: top}, last: map[string]*node{root: top}, todo: map[string][]change{}}
}

// Ops returns how many calls there were.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// call counts a call and asks Before. It locks, and the caller unlocks.
func (d *Disk) call(do, path string) error {
	d.mu.Lock()
	d.ops++
	if d.Before == nil {
		return nil
	}
	defer func() {
		if dead := recover(); dead != nil {
			d.mu.Unlock()
			panic(dead)
		}
	}()
	return d.Before(Op{d.ops, do, path})
}

// Delete removes a folder with all in it, as a person does, and makes that last.
func (d *Disk) Delete(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	in := func(name string) bool { return name == dir || strings.HasPrefix(name, dir+string(filepath.Separator)) }
	for _, m := range []map[string]*node{d.now, d.last} {
		maps.DeleteFunc(m, func(name string, _ *node) bool { return in(name) })
	}
	for above, list := range d.todo {
		d.todo[above] = slices.DeleteFunc(list, func(c change) bool { return in(c.name) })
	}
	return os.RemoveAll(dir)
}

func (d *Disk) name(path string, n *node) {
	if d.now[path] = n; n == nil {
		delete(d.now, path)
	}
	d.todo[filepath.Dir(path)] = append(d.todo[filepath.Dir(path)], change{path, n})
}

// Mkdir implements disk.Disk.
func (d *Disk) Mkdir(dir string) error {
	err := d.call("mkdir", dir)
	defer d.mu.Unlock()
	if err == nil {
		if err = os.Mkdir(dir, 0o755); err == nil {
			d.name(dir, &node{dir: true})
		}
	}
	return err
}

// Open implements disk.Disk.
func (d *Disk) Open(path string, flag int) (disk.File, error) {
	err := d.call("open", path)
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	n := d.now[path]
	if n == nil {
		n = &node{}
		d.name(path, n)
	}
	if flag&os.O_TRUNC != 0 {
		n.after = append(n.after, func([]byte) []byte { return nil })
	}
	d.open = append(d.open, f)
	return &file{File: f, d: d, n: n}, nil
}

// Truncate implements disk.Disk.
func (d *Disk) Truncate(path string, size int64) error {
	err := d.call("truncate", path)
	defer d.mu.Unlock()
	if err == nil {
		if err = os.Truncate(path, size); err == nil {
			n := d.now[path]
			n.after = append(n.after, func(b []byte) []byte { return b[:min(int64(len(b)), size)] })
		}
	}
	return err
}

// Rename implements disk.Disk, within one folder.
func (d *Disk) Rename(from, to string) error {
	err := d.call("rename", to)
	defer d.mu.Unlock()
	if err == nil {
		if err = os.Rename(from, to); err == nil {
			d.name(to, d.now[from])
			d.name(from, nil)
		}
	}
	return err
}

// Remove implements disk.Disk.
func (d *Disk) Remove(path string) error {
	err := d.call("remove", path)
	defer d.mu.Unlock()
	if err == nil {
		if err = os.Remove(path); err == nil {
			d.name(path, nil)
		}
	}
	return err
}

// SyncDir implements disk.Disk.
func (d *Disk) SyncDir(dir string) error {
	err := d.call("syncdir", dir)
	defer d.mu.Unlock()
	if err == nil {
		d.settle(dir, len(d.todo[dir]))
	}
	return err
}

// settle puts the first n changes of a folder's names on the disk.
func (d *Disk) settle(dir string, n int) {
	for _, c := range d.todo[dir][:n] {
		if d.last[c.name] = c.node; c.node == nil {
			delete(d.last, c.name)
		}
	}
	d.todo[dir] = d.todo[dir][n:]
}

// Crash loses what was not synced, all or the end of it, and makes the folder what the
// disk has. The process that wrote must be over; another may begin.
func (d *Disk) Crash(r *rand.Rand) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	some := func(n int) int { return []int{0, n, r.IntN(n + 1)}[r.IntN(3)] }
	for _, f := range d.open {
		_ = f.Close() // what the process closed is closed already
	}
	d.open = nil
	for dir := range d.todo {
		d.settle(dir, some(len(d.todo[dir])))
	}
	d.todo = map[string][]change{}
	left, err := os.ReadDir(d.root)
	for _, e := range left {
		err = errors.Join(err, os.RemoveAll(filepath.Join(d.root, e.Name())))
	}
	names := make([]string, 0, len(d.last))
	for name := range d.last {
		names = append(names, name)
	}
	slices.Sort(names) // a folder before what is in it
	for _, name := range names {
		n := d.last[name]
		if above, ok := d.last[filepath.Dir(name)]; name != d.root && (!ok || !above.dir) {
			delete(d.last, name) // its folder is lost
			continue
		}
		switch {
		case name == d.root:
		case n.dir:
			err = errors.Join(err, os.Mkdir(name, 0o755))
		default:
			n.lose(some(len(n.after)), r)
			err = errors.Join(err, os.WriteFile(name, n.synced, 0o644))
		}
	}
	d.now = map[string]*node{}
	for name, n := range d.last {
		d.now[name] = n
	}
	return err
}

// lose keeps the first n changes of a file since its last sync, and half of the next.
func (n *node) lose(keep int, r *rand.Rand) {
	for i, f := range n.after {
		was := n.synced
		if i < keep {
			n.synced = f(was)
			continue
		}
		if whole := f(slices.Clone(was)); len(whole) > len(was) {
			n.synced = whole[:len(was)+r.IntN(len(whole)-len(was))]
		}
		break
	}
	n.after = nil
}

// file is an open file.
type file struct {
	*os.File
	d *Disk
	n *node
}

// Write implements disk.File.
func (f *file) Write(b []byte) (int, error) {
	err := f.d.call("write", f.Name())
	defer f.d.mu.Unlock()
	if err != nil {
		b = b[:len(b)/2]
	}
	n, werr := f.File.Write(b)
	kept := slices.Clone(b[:n])
	f.n.after = append(f.n.after, func(old []byte) []byte { return append(slices.Clone(old), kept...) })
	return n, errors.Join(err, werr)
}

// Sync implements disk.File. After one that failed, what it should have kept is lost.
func (f *file) Sync() error {
	err := f.d.call("sync", f.Name())
	defer f.d.mu.Unlock()
	if err == nil {
		for _, do := range f.n.after {
			f.n.synced = do(f.n.synced)
		}
		f.n.after = nil
	}
	return err
}
