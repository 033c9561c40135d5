package pitwall

import (
	"archive/zip"
	"bytes"
	_ "embed" // the zone database
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// zones is the zone database of the Go release that go.mod names, $GOROOT/lib/time.
//
//go:embed zoneinfo.zip
var zones string

// LoadZone returns a time zone by its IANA name. It reads the database in the binary
// and never the host's, whose rules may be of another year: days, and with them when
// a record is known, are the same on every machine. A test finds time.LoadLocation.
func LoadZone(name string) (*time.Location, error) {
	if name == "UTC" {
		return time.UTC, nil
	}
	files, err := zip.NewReader(strings.NewReader(zones), int64(len(zones)))
	if err != nil {
		return nil, fmt.Errorf("reading the zone database: %w", err)
	}
	i := slices.IndexFunc(files.File, func(f *zip.File) bool { return f.Name == name && !f.Mode().IsDir() })
	if i < 0 {
		return nil, Errorf(InvalidInput, "unknown time zone %q", name).Hintf("use a name like America/New_York")
	}
	f, err := files.File[i].Open()
	if err != nil {
		return nil, fmt.Errorf("reading the time zone %q: %w", name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("reading the time zone %q: %w", name, err)
	}
	zone, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return nil, fmt.Errorf("reading the time zone %q: %w", name, err)
	}
	if fast, err := time.LoadLocationFromTZData(name, spelledOut(data, zone)); err == nil {
		return fast, nil
	}
	return zone, nil
}

// spelledOut adds the changes of a zone's clock until 2038 to its data, which hold only a
// rule for those of today. Go finds a listed change faster than it works one out.
func spelledOut(data []byte, zone *time.Location) []byte {
	const header, version = 44, 4
	if len(data) < header || data[version] < '2' {
		return data
	}
	counts := func(at int) (n [6]int) { // UT and standard marks, leap seconds, times, types, characters: RFC 9636
		for i := range n {
			n[i] = int(binary.BigEndian.Uint32(data[at+20+4*i:]))
		}
		return n
	}
	n := counts(0)
	second := header + n[0] + n[1] + 8*n[2] + 5*n[3] + 6*n[4] + n[5] // after the times in 32 bits
	n = counts(second)
	times := second + header
	indexes := times + 8*n[3]
	types := indexes + n[3]
	if n[3] == 0 {
		return data
	}
	var more, which []byte
	at := time.Unix(int64(binary.BigEndian.Uint64(data[indexes-8:])), 0).In(zone)
	for {
		_, next := at.ZoneBounds()
		if next.IsZero() || next.Year() > 2037 {
			break
		}
		lastName, lastOffset := at.Zone()
		if !next.After(at) { // Go gives a year 365 days there
			next = at.Add(24 * time.Hour)
		}
		at = next
		name, offset := at.Zone()
		if name == lastName && offset == lastOffset { // the end of a year
			continue
		}
		kind := 0
		for ; kind < n[4]; kind++ {
			x := data[types+6*kind:]
			text, _, _ := bytes.Cut(data[types+6*n[4]+int(x[5]):], []byte{0})
			if int(int32(binary.BigEndian.Uint32(x))) == offset && (x[4] != 0) == at.IsDST() && string(text) == name {
				break
			}
		}
		if kind == n[4] {
			return data
		}
		more, which = binary.BigEndian.AppendUint64(more, uint64(at.Unix())), append(which, byte(kind))
	}
	out := slices.Concat(data[:indexes], more, data[indexes:types], which, data[types:])
	binary.BigEndian.PutUint32(out[second+20+4*3:], uint32(n[3]+len(which)))
	return out
}
