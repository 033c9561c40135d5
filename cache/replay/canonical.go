package replay

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"pitwall"
)

const (
	maxDepth  = 200    // of nested objects and arrays
	maxDigits = 10_000 // of a number written out in full
)

// Canonical is the one way to write a request: two requests have the same
// canonical form exactly when they say the same. Keys are sorted by the bytes
// they are written with, there is no white space, numbers are exact decimals
// (1, 1.0 and 1e0 are one number, -0 is 0, nothing is rounded), and a string has
// one escaping. "1" is not 1, and NFD is not NFC: models read them as different.
//
// Duplicate keys, text after the value, invalid UTF-8, half a surrogate pair,
// more than 200 levels and numbers of more than 10,000 digits are errors.
func Canonical(request []byte) ([]byte, error) {
	c := canon{out: make([]byte, 0, len(request)+32)}
	if err := c.read(request); err != nil {
		return nil, err
	}
	return c.out, nil
}

// canon writes the canonical form while it reads. It can be used again: read
// starts anew in the memory of the last time.
type canon struct {
	src     []byte
	at      int // in src
	out     []byte
	members []member // of the objects that are open, the innermost last
	spare   []byte
}

// member is where a key and its value lie in out: {"key":value.
type member struct{ from, colon, to int }

func (c *canon) read(request []byte) error {
	c.src, c.at, c.out, c.members = request, 0, c.out[:0], c.members[:0]
	defer func() { c.src = nil }()
	if len(request) > maxRaw {
		return pitwall.Errorf(pitwall.InvalidInput, "the request has %d bytes; at most %d are kept", len(request), maxRaw)
	}
	if err := c.value(0); err != nil {
		return err
	}
	if c.next(); c.at < len(c.src) {
		return c.fail("text after the value")
	}
	return nil
}

func (c *canon) fail(what string) error {
	return pitwall.Errorf(pitwall.InvalidInput, "the request is not the JSON that a key can be made of: %s at byte %d", what, c.at)
}

// next skips white space and returns the byte there, 0 at the end.
func (c *canon) next() byte {
	for ; c.at < len(c.src); c.at++ {
		if b := c.src[c.at]; b != ' ' && b != '\n' && b != '\r' && b != '\t' {
			return b
		}
	}
	return 0
}

func (c *canon) value(depth int) error {
	if depth > maxDepth {
		return c.fail("more than 200 levels")
	}
	switch b := c.next(); {
	case b == '"':
		return c.text()
	case b == '{':
		return c.object(depth)
	case b == '[':
		return c.array(depth)
	case b == '-' || digit(b):
		return c.number()
	case b == 't':
		return c.word("true")
	case b == 'f':
		return c.word("false")
	case b == 'n':
		return c.word("null")
	}
	return c.fail("no value")
}

func (c *canon) word(w string) error {
	if len(c.src)-c.at < len(w) || string(c.src[c.at:c.at+len(w)]) != w {
		return c.fail("no value")
	}
	c.at += len(w)
	c.out = append(c.out, w...)
	return nil
}

func (c *canon) array(depth int) error {
	c.at++
	c.out = append(c.out, '[')
	for n := 0; ; n++ {
		if n == 0 && c.next() == ']' {
			break
		}
		if err := c.value(depth + 1); err != nil {
			return err
		}
		b := c.next()
		if b == ']' {
			break
		}
		if b != ',' {
			return c.fail("neither , nor ]")
		}
		c.at++
		c.out = append(c.out, ',')
	}
	c.at++
	c.out = append(c.out, ']')
	return nil
}

func (c *canon) object(depth int) error {
	base, sorted := len(c.members), true
	c.at++
	c.out = append(c.out, '{')
	start := len(c.out)
	for n := base; ; n++ {
		if n == base && c.next() == '}' {
			break
		}
		m := member{from: len(c.out)}
		if c.next() != '"' {
			return c.fail("no key")
		}
		if err := c.text(); err != nil {
			return err
		}
		m.colon = len(c.out)
		if c.next() != ':' {
			return c.fail("no :")
		}
		c.at++
		c.out = append(c.out, ':')
		if err := c.value(depth + 1); err != nil {
			return err
		}
		m.to = len(c.out)
		// Keys in order, as in what was canonical already, need no second look.
		sorted = sorted && (n == base || bytes.Compare(c.key(c.members[n-1]), c.key(m)) < 0)
		c.members = append(c.members, m)
		b := c.next()
		if b == '}' {
			break
		}
		if b != ',' {
			return c.fail("neither , nor }")
		}
		c.at++
		c.out = append(c.out, ',')
	}
	c.at++
	if !sorted {
		if err := c.sort(start, c.members[base:]); err != nil {
			return err
		}
	}
	c.members = c.members[:base]
	c.out = append(c.out, '}')
	return nil
}

func (c *canon) key(m member) []byte { return c.out[m.from+1 : m.colon-1] }

// sort puts the members that begin at start in the order of their keys.
func (c *canon) sort(start int, own []member) error {
	slices.SortFunc(own, func(a, b member) int { return bytes.Compare(c.key(a), c.key(b)) })
	c.spare = c.spare[:0]
	for i, m := range own {
		if i > 0 {
			if bytes.Equal(c.key(own[i-1]), c.key(m)) {
				return c.fail("the key " + strconv.Quote(string(c.key(m))) + " twice in the object that ends")
			}
			c.spare = append(c.spare, ',')
		}
		c.spare = append(c.spare, c.out[m.from:m.to]...)
	}
	copy(c.out[start:], c.spare)
	return nil
}

// text reads a string. What is written as it should be is copied in one piece,
// which is nearly everything.
func (c *canon) text() error {
	src, from, i := c.src, c.at, c.at+1
	for i < len(src) {
		switch b := src[i]; {
		case b == '"':
			c.at = i + 1
			c.out = append(c.out, src[from:c.at]...)
			return nil
		case b == '\\':
			if i+1 < len(src) && src[i+1] != 'u' && src[i+1] != '/' {
				if c.at = i; strings.IndexByte(`"\bfnrt`, src[i+1]) < 0 {
					return c.fail("an unknown escape")
				}
				i += 2
				continue
			}
			c.at = i
			c.out = append(c.out, src[from:i]...)
			if err := c.escape(); err != nil {
				return err
			}
			from, i = c.at, c.at
		case b < ' ':
			c.at = i
			return c.fail("a control character in a string")
		case b < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && n <= 1 {
				c.at = i
				return c.fail("invalid UTF-8")
			}
			i += n
		}
	}
	c.at = i
	return c.fail("a string without end")
}

// escape reads an escape that has another way to be written: \/ and \u0041.
func (c *canon) escape() error {
	if c.at+1 >= len(c.src) {
		return c.fail("a string without end")
	}
	if c.src[c.at+1] == 'u' {
		return c.unicode()
	}
	c.out = append(c.out, '/')
	c.at += 2
	return nil
}

// unicode reads \u0041 or a pair of surrogates.
func (c *canon) unicode() error {
	r := c.hex4(c.at)
	if r < 0 {
		return c.fail("not four hex digits")
	}
	n := 6
	if utf16.IsSurrogate(r) {
		if r = utf16.DecodeRune(r, c.hex4(c.at+n)); r == utf8.RuneError {
			return c.fail("half a surrogate pair")
		}
		n += 6
	}
	switch {
	case r == '"' || r == '\\':
		c.out = append(c.out, '\\', byte(r))
	case r >= ' ':
		c.out = utf8.AppendRune(c.out, r)
	default: // the escapes with a letter have one, the others four digits
		const short = "\x00\x00\x00\x00\x00\x00\x00\x00btn\x00fr"
		if int(r) < len(short) && short[r] != 0 {
			c.out = append(c.out, '\\', short[r])
		} else {
			c.out = append(c.out, '\\', 'u', '0', '0', '0'+byte(r>>4), "0123456789abcdef"[r&15])
		}
	}
	c.at += n
	return nil
}

// hex4 is the value of \u0041 at i, or -1.
func (c *canon) hex4(i int) rune {
	if len(c.src)-i < 6 || c.src[i] != '\\' || c.src[i+1] != 'u' {
		return -1
	}
	var r rune
	for _, b := range c.src[i+2 : i+6] {
		switch l := b | 0x20; {
		case digit(b):
			r = r<<4 | rune(b-'0')
		case 'a' <= l && l <= 'f':
			r = r<<4 | rune(l-'a'+10)
		default:
			return -1
		}
	}
	return r
}
