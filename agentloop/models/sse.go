package models

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// readAnswer reads an answer as what it is, whatever its Content-Type says: one JSON
// value, or a stream of events. A web page is no answer of a model's server.
func readAnswer(body io.Reader, whole func([]byte) error, event func([]byte) (last bool, err error)) error {
	r := bufio.NewReaderSize(body, 64<<10)
	if mark, err := r.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		r.Discard(len(mark)) //nolint:errcheck // it was just seen
	}
	first, err := r.ReadByte()
	for err == nil && (first == ' ' || first == '\t' || first == '\r' || first == '\n') {
		first, err = r.ReadByte()
	}
	if err != nil {
		return badReplyf("the answer is empty")
	}
	r.UnreadByte() //nolint:errcheck // it was just read
	switch first {
	case '{', '[':
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return values(data, whole, event)
	case '<':
		page, _ := io.ReadAll(io.LimitReader(r, maxError)) // a torn page is still one
		return &badReply{why: "the answer is a web page: " + clip(pageText(page), maxErrorText), final: true}
	}
	start, _ := r.Peek(min(r.Buffered(), maxQuote))
	said, came := string(start), false
	err = events(r, func(data []byte) (bool, error) {
		came = true
		return event(data)
	})
	if err == nil && !came {
		return badReplyf("the answer is neither JSON nor a stream of events: %s", said)
	}
	return err
}

// values reads an answer of one JSON value, or a stream of them without the form of
// events.
func values(data []byte, whole func([]byte) error, event func([]byte) (last bool, err error)) error {
	d := json.NewDecoder(bytes.NewReader(data))
	var first, v json.RawMessage
	if d.Decode(&first) != nil || !d.More() {
		return whole(data)
	}
	for v = first; ; {
		if last, err := event(v); last || err != nil {
			return err
		}
		v = nil
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return badReplyf("the answer cannot be read: %v", err)
		}
	}
}

// events reads server-sent events and gives the data of each to f, until f says
// that it was the last one. The kind is in the data too.
func events(lines *bufio.Reader, f func(data []byte) (last bool, err error)) error {
	var data []byte
	for {
		line, err := lines.ReadBytes('\n') // as long as the body may be
		if text, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, bytes.TrimSpace(text)...)
		}
		if (len(bytes.TrimSpace(line)) == 0 || err != nil) && len(data) > 0 {
			last, e := f(data)
			if last || e != nil {
				return e
			}
			data = nil
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
