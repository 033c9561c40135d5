package replay

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/klauspost/compress/zstd"
)

const (
	magic   = "pitwall replay "
	version = "1"

	maxRaw    = 64 << 20 // of a request and its body together
	maxHeader = 8 << 10
	maxFile   = maxRaw + 2*maxHeader // what does not compress grows a little
	maxSlot   = 1 << 10
	slack     = 16 // the decompressor may write this much further before it looks
)

// errOther reports an entry of another format, which stays as it is.
var errOther = errors.New("an entry of another format")

// entry is what a file holds. Its slices are the caller's.
type entry struct {
	header
	request, body []byte
	memory        []byte // that they lie in
}

// header is the third line of an entry.
type header struct {
	Kind    string `json:"kind"`
	Slot    string `json:"slot"`
	Key     string `json:"key"`
	Request int    `json:"request_bytes"`
	Body    int    `json:"body_bytes"`
	SHA256  string `json:"body_sha256"`
}

// codec turns entries into bytes and back. The encoder's settings are a part of
// the format: the same entry has the same bytes on every machine.
type codec struct {
	secret []byte
	first  string
	enc    *zstd.Encoder
	dec    *zstd.Decoder
}

func newCodec(secret []byte) (*codec, error) {
	c := &codec{secret: secret, first: checkedLine(magic + version)}
	var err error
	// Without concurrency there is no goroutine and one order of blocks. A single
	// segment says its size in the frame, small ones too.
	if c.enc, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(1<<20),
		zstd.WithSingleSegment(true), zstd.WithEncoderCRC(true)); err != nil {
		return nil, fmt.Errorf("making the compressor: %w", err)
	}
	if c.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxRaw), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true)); err != nil {
		return nil, fmt.Errorf("making the decompressor: %w", err)
	}
	return c, nil
}

// digest is over all bytes of a file but the digest itself, so that every bit
// is under it.
func (c *codec) digest(rest []byte) string {
	h := sha256.New()
	h.Write([]byte(c.first))
	h.Write(rest)
	return hex.EncodeToString(h.Sum(nil))
}

// mac is over the first line, the header and the frame.
func (c *codec) mac(rest []byte) string {
	h := hmac.New(sha256.New, c.secret)
	h.Write([]byte(c.first))
	h.Write(rest)
	return hex.EncodeToString(h.Sum(nil))
}

// encode makes the bytes of a file.
func (c *codec) encode(kind, slot, key string, request, body []byte) ([]byte, error) {
	if len(request)+len(body) > maxRaw {
		return nil, fmt.Errorf("request and body have %d bytes; at most %d are kept", len(request)+len(body), maxRaw)
	}
	sum := sha256.Sum256(body)
	head, err := json.Marshal(header{kind, slot, key, len(request), len(body), hex.EncodeToString(sum[:])})
	if err != nil {
		return nil, fmt.Errorf("encoding the header: %w", err)
	}
	raw := append(append(make([]byte, 0, len(request)+len(body)), request...), body...)
	signed := append(head, '\n')
	signed = c.enc.EncodeAll(raw, signed)
	mac := "-"
	if len(c.secret) > 0 {
		mac = c.mac(signed)
	}
	rest := append([]byte("\n"+mac+"\n"), signed...)
	return append([]byte(c.first+c.digest(rest)), rest...), nil
}

// decode reads a file and checks every byte. The entry lies in dst's memory if that
// is large enough.
func (c *codec) decode(file, dst []byte) (entry, error) {
	var e entry
	h, _, err := c.head(file)
	if err != nil {
		return e, err
	}
	e.header = h
	mac, signed, _ := bytes.Cut(file[len(c.first)+65:], []byte("\n"))
	if len(c.secret) > 0 && !hmac.Equal(mac, []byte(c.mac(signed))) {
		return e, errors.New("it is not signed with the secret of this cache")
	}
	_, frame, _ := bytes.Cut(signed, []byte("\n"))
	return e, c.unpack(&e, frame, dst)
}

// head checks the digest of a file and reads its header.
func (c *codec) head(file []byte) (h header, digest string, err error) {
	rest, err := c.version(file)
	if err != nil {
		return h, "", err
	}
	if len(rest) < 64 || c.digest(rest[64:]) != string(rest[:64]) {
		return h, "", errors.New("its digest is wrong: bytes changed or are missing")
	}
	_, signed, ok := bytes.Cut(rest[65:], []byte("\n"))
	if !ok || rest[64] != '\n' {
		return h, "", errors.New("it has no signature line")
	}
	line, _, ok := bytes.Cut(signed[:min(len(signed), maxHeader)], []byte("\n"))
	if !ok {
		return h, "", errors.New("it has no header")
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return h, "", fmt.Errorf("its header: %w", err)
	}
	// One header has one way to be written: nothing can hide in it.
	if again, err := json.Marshal(h); err != nil || !bytes.Equal(again, line) {
		return h, "", errors.New("its header is not as it would be written")
	}
	return h, string(rest[:64]), nil
}

// unpack fills request and body. What the frame says of its size is checked
// before memory is taken.
func (c *codec) unpack(e *entry, frame, dst []byte) error {
	if e.Request < 0 || e.Body < 0 || e.Request > maxRaw || e.Body > maxRaw || e.Request+e.Body > maxRaw {
		return errors.New("its sizes are over the cap")
	}
	var h zstd.Header
	size := e.Request + e.Body
	if err := h.Decode(frame); err != nil || h.Skippable || !h.HasFCS || h.FrameContentSize != uint64(size) {
		return errors.New("its frame is not of the size that the header says")
	}
	if cap(dst) < size+slack {
		dst = make([]byte, size+slack)
	}
	e.memory = dst
	raw, err := c.dec.DecodeAll(frame, dst[:0:size+slack])
	if err != nil {
		return fmt.Errorf("its frame: %w", err)
	}
	if len(raw) != size {
		return errors.New("its frame is not of the size that the header says")
	}
	e.request, e.body = raw[:e.Request], raw[e.Request:]
	if sum := sha256.Sum256(e.body); hex.EncodeToString(sum[:]) != e.SHA256 {
		return errors.New("the digest of its body is wrong")
	}
	return nil
}

// version returns what follows the first line.
func (c *codec) version(file []byte) ([]byte, error) {
	if bytes.HasPrefix(file, []byte(c.first)) {
		return file[len(c.first):], nil
	}
	line, _, _ := bytes.Cut(file[:min(len(file), 64)], []byte("\n"))
	if v, ok := bytes.CutPrefix(line, []byte(magic)); ok {
		v, _, _ = bytes.Cut(v, []byte(" "))
		if n, err := strconv.Atoi(string(v)); err == nil && n >= 0 && bytes.HasPrefix(file, []byte(checkedLine(magic+string(v)))) {
			return nil, errOther
		}
	}
	return nil, errors.New("it does not begin as an entry does")
}

// keyOf is the name of a canonical request.
func keyOf(kind string, canonical []byte) string {
	h := sha256.New()
	h.Write([]byte("pitwall replay 1\n" + kind + "\n"))
	h.Write(canonical)
	return hex.EncodeToString(h.Sum(nil))
}

// groupOf is the folder of an entry: that of its slot, else one of 256.
func groupOf(slot, key string) string {
	if slot == "" {
		return key[:2]
	}
	sum := sha256.Sum256([]byte(slot))
	return hex.EncodeToString(sum[:8])
}
