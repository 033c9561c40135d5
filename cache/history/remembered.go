package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pitwall"
	"pitwall/cache/layout"
)

// An import that is given a mapping remembers it for files of the same header, in
// mappings.yaml in the store's folder. Only imports look there: what a backtest makes of a
// file is stated in the file, its sidecar and the strategy, never on the machine.

// shape is a mapping with the header of the files that it is for.
type shape struct {
	Header  []string `yaml:"header,flow"`
	Mapping `yaml:",inline"`
}

func (l *Local) mappingsFile() string { return filepath.Join(l.Dir, "mappings.yaml") }

// shapes reads what was remembered.
func (l *Local) shapes() (list []shape, err error) {
	raw, err := os.ReadFile(l.mappingsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading remembered mappings: %w", err)
	}
	dec := yaml.NewDecoder(strings.NewReader(string(raw)))
	dec.KnownFields(true)
	if err := dec.Decode(&list); err != nil {
		return nil, pitwall.Errorf(pitwall.DataError, "%s: %v", l.mappingsFile(), err).Hintf("correct it, or remove it and import with flags again")
	}
	return list, nil
}

// recall gives a file without a mapping of its own the one that was remembered for its
// header.
func (l *Local) recall(ctx context.Context, in Input) (Input, error) {
	list, err := l.shapes()
	if err != nil || len(list) == 0 {
		return in, err
	}
	if with, err := mapped(in); err != nil || !with.Mapping.empty() {
		return in, nil // what this file states goes before; the reader says what is wrong
	}
	raw, err := fs.ReadFile(in.FS, in.Path)
	if err != nil {
		return in, fmt.Errorf("reading %s: %w", in.Show, err)
	}
	for _, s := range list {
		hints, err := s.hints(l.mappingsFile())
		if err != nil {
			return in, err
		}
		if header, err := layout.Header(ctx, in.Show, raw, hints); err == nil && slices.Equal(header, s.Header) {
			in.Mapping = s.Mapping
			return in, nil
		}
	}
	return in, nil
}

// remember keeps a file's mapping for others of its header.
func (l *Local) remember(ctx context.Context, in Input) error {
	raw, err := fs.ReadFile(in.FS, in.Path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", in.Show, err)
	}
	hints, err := in.Mapping.hints(in.Show)
	if err != nil {
		return err
	}
	header, err := layout.Header(ctx, in.Show, raw, hints)
	if err != nil {
		return err
	}
	list, err := l.shapes()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(s shape) bool { return slices.Equal(s.Header, header) })
	text, err := yaml.Marshal(append(list, shape{header, in.Mapping}))
	if err != nil {
		return fmt.Errorf("writing remembered mappings: %w", err)
	}
	return writeWhole(l.mappingsFile(), text)
}

// empty reports whether a mapping says nothing.
func (m Mapping) empty() bool { return m.String() == "" }

// String writes a mapping as its keys are written in a strategy: timezone: UTC, dates: dmy.
func (m Mapping) String() string {
	var parts []string
	if len(m.Columns) > 0 {
		names := make([]string, 0, len(m.Columns))
		for meaning, name := range m.Columns {
			names = append(names, meaning+": "+name)
		}
		slices.Sort(names)
		parts = append(parts, "columns: {"+strings.Join(names, ", ")+"}")
	}
	for _, p := range [][2]string{{"timezone", m.Timezone}, {"session", m.Session}, {"dates", m.Dates}, {"decimal", m.Decimal}, {"stamps", m.Stamps}, {"sundays", m.Sundays}} {
		if p[1] != "" {
			parts = append(parts, p[0]+": "+p[1])
		}
	}
	return strings.Join(parts, ", ")
}
