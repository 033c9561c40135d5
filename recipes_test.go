package pitwall

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	recipeHeading = regexp.MustCompile(`(?m)^# (To add .*)$`)
	recipePath    = regexp.MustCompile(`[\w.<>*-]+(?:/[\w.<>*-]+)+/?|[\w<>*-]+\.(?:go|md|txt|yaml|json)\b`)
	recipeName    = regexp.MustCompile(`\b(?:[a-z]+[A-Z]|[A-Z][a-z0-9]+[A-Z])\w*\b`)
	placeholder   = regexp.MustCompile(`<[^>]*>`)
)

// recipes returns the "To add ..." sections of a package comment, by heading.
func recipes(doc string) map[string]string {
	list := map[string]string{}
	for _, at := range recipeHeading.FindAllStringSubmatchIndex(doc, -1) {
		text, _, _ := strings.Cut(doc[at[1]:], "\n# ")
		list[doc[at[2]:at[3]]] = text
	}
	return list
}

// missing returns the files, folders and names of a recipe that do not exist.
// Paths are looked up from the package's folder, then from the root; <n> stands
// for any name, and a file of that pattern must exist. known says which
// identifiers the module's Go files hold.
func missing(text, pkg string, known map[string]bool) (list []string) {
	for _, p := range recipePath.FindAllString(text, -1) {
		p = strings.TrimRight(p, "./")
		pattern := placeholder.ReplaceAllString(p, "*")
		here, err1 := filepath.Glob(filepath.Join(pkg, pattern))
		there, err2 := filepath.Glob(pattern)
		if err1 != nil || err2 != nil || len(here)+len(there) == 0 {
			list = append(list, p)
		}
	}
	for _, name := range recipeName.FindAllString(recipePath.ReplaceAllString(text, ""), -1) {
		if !known[name] {
			list = append(list, name)
		}
	}
	return list
}

// identifiers returns the identifiers of a Go file, not the words of its comments.
func identifiers(raw []byte) (list []string) {
	var s scanner.Scanner
	file := token.NewFileSet()
	s.Init(file.AddFile("", file.Base(), len(raw)), raw, nil, 0)
	for {
		_, tok, text := s.Scan()
		if tok == token.EOF {
			return list
		}
		if tok == token.IDENT {
			list = append(list, text)
		}
	}
}

// Every recipe names files and identifiers that exist, and each kind of plug-in
// has a recipe.
func TestRecipes(t *testing.T) {
	known := map[string]bool{}
	require.NoError(t, filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, name := range identifiers(raw) {
			known[name] = true
		}
		return err
	}))
	found := map[string]bool{}
	for _, f := range productFiles(t) {
		if f.ast.Doc == nil {
			continue
		}
		for heading, text := range recipes(f.ast.Doc.Text()) {
			found[heading] = true
			for _, name := range missing(text, f.pkg, known) {
				t.Errorf("%s: %q names %s, which does not exist", f.path, heading, name)
			}
		}
	}
	for _, kind := range []string{"To add a broker", "To add a source", "To add a tool", "To add a provider", "To add a model", "To add a limit"} {
		require.True(t, found[kind], "no recipe %q", kind)
	}
}

// What a recipe names wrongly is found.
func TestRecipesCanFail(t *testing.T) {
	doc := "Package x.\n\n# To add a word\n\nWrite <n>.go, a row in layers.go and nowhere/x.go, see wordList and TestRecipes.\n\n# Why not\n\nWhy not other.go.\n"
	list := recipes(doc)
	require.Len(t, list, 1)
	require.Equal(t, []string{"layers.go", "nowhere/x.go", "wordList"}, missing(list["To add a word"], "", map[string]bool{"TestRecipes": true}))
}
