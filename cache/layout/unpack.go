package layout

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"pitwall"
)

// largest is how much a compressed file may unpack to.
const largest = 8 << 30

// unpack undoes gzip, zstd or zip, told by the first bytes.
func unpack(name string, raw []byte) (plain []byte, how string, err error) {
	var r io.Reader
	switch {
	case bytes.HasPrefix(raw, []byte("\x1f\x8b")):
		how = "gzip"
		r, err = gzip.NewReader(bytes.NewReader(raw))
	case bytes.HasPrefix(raw, []byte("\x28\xb5\x2f\xfd")):
		how = "zstd"
		var z *zstd.Decoder
		if z, err = zstd.NewReader(bytes.NewReader(raw)); err == nil {
			defer z.Close()
			r = z
		}
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		how = "zip"
		r, err = only(name, raw)
	default:
		return raw, "", nil
	}
	if err == nil {
		plain, err = io.ReadAll(io.LimitReader(r, largest))
	}
	if pitwall.CodeOf(err) == pitwall.DataError {
		return nil, how, err
	}
	if err != nil {
		return nil, how, pitwall.Errorf(pitwall.DataError, "%s: cannot be unpacked as %s: %v", name, how, err).Hintf("the file may be cut off: download it again")
	}
	return plain, how, nil
}

// only opens the one file of a zip archive.
func only(name string, raw []byte) (io.Reader, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, err
	}
	var files []*zip.File
	for _, f := range z.File {
		switch base := path.Base(f.Name); {
		case strings.HasPrefix(f.Name, "xl/"):
			return nil, pitwall.Errorf(pitwall.DataError, "%s is an Excel workbook", name).Hintf("save its sheet as CSV")
		case f.FileInfo().IsDir() || strings.HasPrefix(base, ".") || strings.HasPrefix(f.Name, "__MACOSX/"):
		default:
			files = append(files, f)
		}
	}
	if len(files) != 1 {
		return nil, pitwall.Errorf(pitwall.DataError, "%s holds %d files", name, len(files)).Hintf("unpack it and name the folder")
	}
	return files[0].Open()
}

// decode returns text as UTF-8 without a byte order mark.
func decode(name string, raw []byte) (text []byte, from string, err error) {
	var enc encoding.Encoding
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		raw, from = raw[3:], "UTF-8 with a byte order mark"
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		enc, from = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM), "UTF-16"
	case len(raw) >= 2 && raw[0] != 0 && raw[1] == 0:
		enc, from = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "UTF-16"
	case len(raw) >= 2 && raw[0] == 0 && raw[1] != 0:
		enc, from = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "UTF-16"
	case !utf8.Valid(raw):
		enc, from = byHeader(raw)
	}
	if enc != nil {
		if raw, err = enc.NewDecoder().Bytes(raw); err != nil {
			return nil, from, fmt.Errorf("reading %s as %s: %w", name, from, err)
		}
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return nil, from, pitwall.Errorf(pitwall.DataError, "%s is not text: it holds zero bytes", name).Hintf("give CSV, JSON, Parquet or Feather, plain or as gzip, zip or zstd")
	}
	if start := bytes.ToLower(bytes.TrimSpace(raw[:min(len(raw), 200)])); bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html")) {
		return nil, from, pitwall.Errorf(pitwall.DataError, "%s is a web page, not data", name).Hintf("download the file again; the site may have asked for a login")
	}
	return raw, from, nil
}

// byHeader finds the encoding in which a text names the columns of bars, else that of
// Western Europe: digits are the same in all of them.
func byHeader(raw []byte) (encoding.Encoding, string) {
	const enough = 4096
	start := raw[:min(len(raw), enough)]
	start = start[:bytes.LastIndexByte(start, '\n')+1]
	for _, e := range []struct {
		encoding.Encoding
		name string
	}{
		{charmap.Windows1252, "Windows-1252"}, {simplifiedchinese.GB18030, "GB 18030"}, {japanese.ShiftJIS, "Shift JIS"},
		{korean.EUCKR, "EUC-KR"}, {charmap.Windows1251, "Windows-1251"}, {charmap.Windows1250, "Windows-1250"}, {charmap.Windows1254, "Windows-1254"},
	} {
		if text, err := e.NewDecoder().Bytes(start); err == nil && findHead(text, Hints{}).found {
			return e.Encoding, e.name
		}
	}
	return charmap.Windows1252, "Windows-1252"
}
