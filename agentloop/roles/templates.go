package roles

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed templates/*.yaml
var templates embed.FS

// Templates lists the bundled desks.
func Templates() (names []string) {
	files, err := fs.Glob(templates, "templates/*.yaml")
	if err != nil {
		panic(fmt.Sprintf("reading the embedded templates: %v", err)) // they are in the binary
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(path.Base(f), ".yaml"))
	}
	return names
}

// Template returns a bundled desk, as the value of a strategy's `desk:`.
func Template(name string) ([]byte, error) {
	raw, err := templates.ReadFile("templates/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no template %s; bundled are %s", name, strings.Join(Templates(), ", "))
	}
	return raw, nil
}
