package pitwall

import (
	"archive/zip"
	_ "embed" // the zone database
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
	return zone, nil
}
