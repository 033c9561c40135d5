package roles

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed *.md
var bundled embed.FS

// The tiers of models: how much thought a role is worth.
const (
	Fast     = "fast"
	Standard = "standard"
	Deep     = "deep"
)

// Role is what a file says.
type Role struct {
	Name   string   `yaml:"name"`
	Tier   string   `yaml:"tier"`
	Tools  []string `yaml:"tools"`
	Schema string   `yaml:"schema"`
	// Limits are those of a strategy's `risk:` that the risk manager stands for: code
	// enforces them, whatever it answers.
	Limits map[string]any `yaml:"limits"`
	Prompt string         `yaml:"-"`
}

// Names lists the bundled roles.
func Names() (names []string) {
	files, err := fs.Glob(bundled, "*.md")
	if err != nil {
		panic(fmt.Sprintf("reading the embedded roles: %v", err)) // they are in the binary
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f, ".md"))
	}
	return names
}

// Read returns a role: from the file NAME.md in dir of files, else from the bundled ones.
// files may be nil.
func Read(files fs.FS, dir, name string) (Role, error) {
	if files != nil {
		file := path.Join(dir, name+".md")
		switch raw, err := fs.ReadFile(files, file); {
		case err == nil:
			return parse(file, name, raw)
		case !errors.Is(err, fs.ErrNotExist):
			return Role{}, fmt.Errorf("reading role %s: %w", name, err)
		}
	}
	raw, err := bundled.ReadFile(name + ".md")
	if err != nil {
		return Role{}, fmt.Errorf("role %s not found: no file %s.md beside the strategy; bundled are %s", name, name, strings.Join(Names(), ", "))
	}
	return parse(name+".md", name, raw)
}

// IsFile reports whether a text begins as the file of a role.
func IsFile(text string) bool {
	return strings.HasPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "---\n")
}

// Parse reads the file of a role, whatever its name.
func Parse(raw []byte) (Role, error) { return parse("the role", "", raw) }

// parse reads front matter and prompt. With a name the file has to say the same one.
func parse(file, name string, raw []byte) (Role, error) {
	var r Role
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	head, prompt, ok := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	if !ok || !IsFile(text) {
		return r, fmt.Errorf("%s begins with no front matter; write ---, then name, tier, tools and schema, then --- on a line of its own", file)
	}
	dec := yaml.NewDecoder(bytes.NewReader([]byte(head)))
	dec.KnownFields(true)
	if err := dec.Decode(&r); err != nil {
		return r, fmt.Errorf("%s: the front matter takes name, tier, tools, schema and limits: %w", file, err)
	}
	if r.Prompt = strings.TrimSpace(prompt); r.Prompt == "" {
		return r, fmt.Errorf("%s holds no prompt", file)
	}
	switch {
	case r.Name == "":
		return r, fmt.Errorf("%s says no name", file)
	case r.Name != name && name != "":
		return r, fmt.Errorf("%s says name: %q; write name: %s", file, r.Name, name)
	case !slices.Contains([]string{Fast, Standard, Deep}, r.Tier):
		return r, fmt.Errorf("%s says tier: %q; use fast, standard or deep", file, r.Tier)
	case r.Schema == "":
		return r, fmt.Errorf("%s says no schema", file)
	}
	return r, nil
}
