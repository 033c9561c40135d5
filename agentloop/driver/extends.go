package driver

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pitwall"
)

// Read reads the strategy file at a path of files; show is how messages name it. A file
// that says `extends: base.yaml` gets the keys of that file which it does not state itself:
// maps are joined key by key, lists and values are replaced, and null takes a key away.
// [Strategy.Check] has still to be called, after the caller's own changes.
func Read(files fs.FS, file, show string) (*Strategy, error) {
	s, _, err := read(files, file, show, nil)
	return s, err
}

// read returns a strategy and its document; below are the files that extend it.
func read(files fs.FS, file, show string, below []string) (*Strategy, *yaml.Node, error) {
	raw, err := fs.ReadFile(files, file)
	if err != nil {
		return nil, nil, pitwall.Errorf(pitwall.StrategyError, "there is no %s", show).Hintf("pitwall init NAME writes a first strategy")
	}
	s, err := Parse(show, raw)
	if err != nil {
		return nil, nil, err
	}
	s.Dir = path.Dir(file)
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, nil, s.explain(err)
	}
	if s.Extends == "" {
		return s, &doc, nil
	}
	if below = append(below, file); path.Base(s.Extends) != s.Extends || strings.Contains(s.Extends, `\`) {
		return nil, nil, s.bad("extends is %q", s.Extends).Hintf("name a file in the same folder: the paths in it are read from there")
	}
	from := path.Join(s.Dir, s.Extends)
	if slices.Contains(below, from) {
		return nil, nil, s.bad("extends: %s extends itself", s.Extends)
	}
	if _, err := fs.Stat(files, from); err != nil {
		return nil, nil, s.bad("extends: there is no %s beside it", s.Extends)
	}
	base, over, err := read(files, from, strings.TrimSuffix(show, path.Base(file))+s.Extends, below)
	if err != nil {
		return nil, nil, err
	}
	if len(over.Content) == 0 {
		over = &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode, Tag: "!!map"}}}
	}
	joined := &Strategy{File: show, Dir: s.Dir, Fetch: append(base.Fetch, s.Fetch...), origins: base.origins}
	if joined.origins == nil {
		joined.origins = map[string]string{}
		joined.note(over.Content[0], "", base.File)
	}
	joined.note(doc.Content[0], "", show)
	join(over.Content[0], doc.Content[0])
	remove(over.Content[0], "extends")
	if err := over.Decode(joined); err != nil {
		return nil, nil, s.explain(err)
	}
	return joined, over, nil
}

// join puts the keys of a mapping over those of another.
func join(base, over *yaml.Node) {
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		switch old := valueOf(base, key.Value); {
		case old == nil:
			base.Content = append(base.Content, key, value)
		case old.Kind == yaml.MappingNode && value.Kind == yaml.MappingNode:
			join(old, value)
		default:
			*old = *value
		}
	}
}

// remove takes a key out of a mapping.
func remove(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

func valueOf(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// note keeps which file states each key, as every and risk.max_open_orders.
func (s *Strategy) note(n *yaml.Node, above, file string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := above+n.Content[i].Value, n.Content[i+1]
		s.origins[key] = file
		if value.Kind == yaml.MappingNode {
			s.note(value, key+".", file)
		}
	}
}

// origin returns the file that states a key.
func (s *Strategy) origin(key string) string { return cmp.Or(s.origins[key], s.File) }
