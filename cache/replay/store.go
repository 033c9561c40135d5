package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"unicode/utf8"

	"pitwall"
)

// ErrNondeterministic reports that the same request has another recorded answer.
var ErrNondeterministic = errors.New("the same request has another recorded answer")

var errNotRegular = errors.New("it is not a regular file")

// Options configure a store.
type Options struct {
	ReadOnly bool         // nothing is written, nothing quarantined
	Secret   []byte       // if set, entries carry and must carry an HMAC-SHA256: for caches that others can write to
	Log      *slog.Logger // of bad entries; nil = nowhere
}

// Store is a folder of entries. It is safe for concurrent use, by many
// processes too. Close it after use.
type Store struct {
	dir     string
	o       Options
	codec   *codec
	scratch sync.Pool // *scratch

	mu       sync.RWMutex    // writers hold the lock of the folder of logs too
	segments []*segment      // as of the last look
	own      *segment        // the log that this store writes, one of segments; nil without any write
	unsynced bool            // something was written since the last sync began
	syncing  bool            // a goroutine is at it
	failed   error           // of the last sync
	found    []Bad           // in logs that were made segments: for Verify
	locker   *os.File        // of the lock
	logged   map[string]bool // bad entries

	step func(name string) error // tests stop a write here
}

// scratch is memory that one call borrows.
type scratch struct {
	canon     canon
	file, raw []byte
}

// Open returns the store in dir and makes the folder if it is not there. What writers
// that were killed have left is put in order first.
func Open(dir string, o Options) (*Store, error) {
	if dir == "" {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "the replay cache has no folder")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if !o.ReadOnly {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("making the replay cache: %w", err)
		}
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, pitwall.Errorf(pitwall.InvalidInput, "the replay cache %s is not a folder", dir)
	}
	c, err := newCodec(o.Secret)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, o: o, codec: c, logged: map[string]bool{}, step: func(string) error { return nil }}
	s.scratch.New = func() any { return new(scratch) }
	if err := s.tidy(); err != nil {
		return nil, fmt.Errorf("reading the replay cache: %w", err)
	}
	return s, nil
}

// Dir is the store's folder.
func (s *Store) Dir() string { return s.dir }

// place is where a request's entry belongs. path is that of an older file with this
// entry alone.
type place struct {
	kind, slot, key, group, path string
	request                      []byte // canonical
}

func (p place) id() string { return idOf(p.key, p.group) }

func (s *Store) place(b *scratch, kind, slot string, request []byte) (place, error) {
	if !validKind(kind) {
		return place{}, pitwall.Errorf(pitwall.InvalidInput, "unknown kind of entry %q", kind).Hintf("use 1 to 16 letters a-z, and neither %q nor %q", quarantine, logs)
	}
	if len(slot) > maxSlot || !utf8.ValidString(slot) {
		return place{}, pitwall.Errorf(pitwall.InvalidInput, "a slot is at most %d bytes of UTF-8", maxSlot)
	}
	if err := b.canon.read(request); err != nil {
		return place{}, err
	}
	p := place{kind: kind, slot: slot, key: keyOf(kind, b.canon.out), request: b.canon.out}
	p.group = groupOf(slot, p.key)
	p.path = filepath.Join(s.dir, kind, p.group, p.key)
	return p, nil
}

func validKind(kind string) bool {
	for _, c := range kind {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return len(kind) >= 1 && len(kind) <= 16 && kind != quarantine && kind != logs
}

func (s *Store) borrow() *scratch { return s.scratch.Get().(*scratch) }

// giveBack keeps memory for the next call, unless one large entry would hold it
// for good.
func (s *Store) giveBack(b *scratch) {
	if cap(b.file)+cap(b.raw)+cap(b.canon.out)+cap(b.canon.spare) < 8<<20 {
		s.scratch.Put(b)
	}
}

// Get returns the body kept for a request, nil without one. kind is "reply",
// "turn", "strict" or "outside" (any [a-z]{1,16}); slot groups entries that compete for the
// same place (such as an agent and a simulated time) and may be "".
//
// An entry that is not whole, not where it belongs or not signed is moved to the
// quarantine, logged and not returned; one of another format is left alone.
func (s *Store) Get(kind, slot string, request []byte) ([]byte, error) {
	b := s.borrow()
	defer s.giveBack(b)
	p, err := s.place(b, kind, slot, request)
	if err != nil {
		return nil, err
	}
	e, err := s.read(b, p)
	if err != nil && !errors.Is(err, errOther) {
		return nil, fmt.Errorf("reading the replay cache: %w", err)
	}
	if e == nil {
		return nil, nil
	}
	return append(make([]byte, 0, len(e.body)), e.body...), nil
}

// read returns the entry of a place in b's memory, nil without a good one.
func (s *Store) read(b *scratch, p place) (*entry, error) {
	if e, err := s.readLogs(b, p); e != nil || err != nil {
		return e, err
	}
	e, info, err := s.load(b, p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		if err = e.fits(p); err == nil {
			return &e, nil
		}
	}
	if bad, ok := errors.AsType[*badEntry](err); ok {
		s.reject(p.path, p.key, info, bad.why)
		return nil, nil
	}
	return nil, err
}

// readLogs looks for an entry in the logs and segments, and again after looking for
// new ones.
func (s *Store) readLogs(b *scratch, p place) (*entry, error) {
	for look := range 2 {
		if look > 0 {
			s.mu.Lock()
			unlock := s.lock()
			err := s.refresh()
			unlock()
			s.mu.Unlock()
			if err != nil {
				return nil, err
			}
		}
		s.mu.RLock()
		g, r, ok := s.find(p.id())
		s.mu.RUnlock()
		if !ok {
			continue
		}
		e, err := s.decode(b, g, r)
		if err == nil {
			err = e.fits(p)
		}
		if bad, ok := errors.AsType[*badEntry](err); ok {
			s.mu.Lock()
			_, err = s.drop(g, r, bad.why)
			s.mu.Unlock()
			return nil, err
		}
		return &e, err
	}
	return nil, nil
}

// decode reads an entry of a segment into b's memory.
func (s *Store) decode(b *scratch, g *segment, r row) (entry, error) {
	data, err := g.read(r, b.file)
	if cap(data) > cap(b.file) {
		b.file = data[:0]
	}
	if err != nil {
		return entry{}, err
	}
	e, err := s.codec.decode(data, b.raw)
	if cap(e.memory) > cap(b.raw) {
		b.raw = e.memory
	}
	if err != nil && !errors.Is(err, errOther) {
		err = &badEntry{err.Error()}
	}
	return e, err
}

// fits checks that an entry is the one of a place.
func (e *entry) fits(p place) error {
	switch {
	case e.Kind != p.kind || e.Slot != p.slot || e.Key != p.key:
		return &badEntry{"it is the entry of another place"}
	case !bytes.Equal(e.request, p.request):
		// The key was made of p.request, so equal bytes are an equal key.
		return &badEntry{"its request is not the one of its key"}
	}
	return nil
}

// badEntry says why a file is not an entry. The machine's errors are no badEntry.
type badEntry struct{ why string }

func (e *badEntry) Error() string { return e.why }

// load reads and decodes a file into b's memory. The FileInfo is of the file
// that was read.
func (s *Store) load(b *scratch, path string) (entry, fs.FileInfo, error) {
	f, err := openEntry(path, os.O_RDONLY)
	if errors.Is(err, errNotRegular) {
		info, err := os.Lstat(path)
		if err != nil {
			return entry{}, nil, err
		}
		return entry{}, info, &badEntry{errNotRegular.Error()}
	}
	if err != nil {
		return entry{}, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return entry{}, nil, err
	}
	if !info.Mode().IsRegular() {
		return entry{}, info, &badEntry{errNotRegular.Error()}
	}
	if info.Size() > maxFile {
		return entry{}, info, &badEntry{fmt.Sprintf("it has %d bytes, more than any entry", info.Size())}
	}
	if n := int(info.Size()); cap(b.file) < n {
		b.file = make([]byte, n)
	}
	file := b.file[:info.Size()]
	if _, err := io.ReadFull(f, file); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return entry{}, info, &badEntry{"it shrank while it was read"}
		}
		return entry{}, info, err
	}
	e, err := s.codec.decode(file, b.raw)
	if cap(e.memory) > cap(b.raw) {
		b.raw = e.memory
	}
	if err != nil && !errors.Is(err, errOther) {
		err = &badEntry{err.Error()}
	}
	return e, info, err
}

// Strict is a store that refuses what it does not hold, so that nothing is called.
type Strict struct{ *Store }

// Get returns what was recorded, or an error.
func (s Strict) Get(kind, slot string, request []byte) ([]byte, error) {
	body, err := s.Store.Get(kind, slot, request)
	switch {
	case err != nil:
		err = &pitwall.Error{Code: pitwall.MachineFailed, Message: "the replay cache could not be read: " + err.Error(), Hint: "leave out --strict-replay to make the call", Err: err}
	case body == nil:
		err = pitwall.Errorf(pitwall.ReplayDiverged, "this call is not recorded").Hintf("leave out --strict-replay to make it")
	}
	return body, err
}
