package models

import (
	"bufio"
	"bytes"
	"io"
)

// events reads server-sent events and gives the data of each to f, until f says
// that it was the last one. The kind is in the data too.
func events(r io.Reader, f func(data []byte) (last bool, err error)) error {
	lines := bufio.NewReaderSize(r, 64<<10)
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
