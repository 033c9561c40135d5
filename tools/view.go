package tools

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
)

// TearsheetView is the resource that shows what report_tearsheet answers.
const TearsheetView = "ui://pitwall/tearsheet.html"

// View is a page that hosts with MCP Apps show beside an answer.
type View struct {
	URI, Name, Title, Description string
	HTML                          string // one self-contained file
}

//go:embed view/tearsheet.html
var tearsheetHTML string

//go:embed view/tearsheet.css
var tearsheetCSS string

//go:embed view/tearsheet.js
var tearsheetJS string

// Views are all pages.
func Views() []View {
	return []View{{URI: TearsheetView, Name: "tearsheet", Title: "Tear sheet", Description: "Equity, positions and fills of the run so far.",
		HTML: joined(tearsheetHTML, tearsheetCSS, tearsheetJS)}}
}

// joined puts style and script into the page. The page's own policy names both by
// their digest: nothing else in it can run, whatever a host allows.
func joined(html, css, js string) string {
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return strings.NewReplacer("{{policy}}", "default-src 'none'; style-src "+digest(css)+"; script-src "+digest(js)+"; base-uri 'none'; form-action 'none'",
		"{{style}}", css, "{{script}}", js).Replace(html)
}
