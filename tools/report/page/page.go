package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"pitwall/tools/report"
	"pitwall/tools/report/chart"
)

//go:embed page.html
var pageHTML string

//go:embed compare.html
var compareHTML string

//go:embed parts.html
var partsHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

//go:embed decisions.js
var decisionsJS string

// Write writes report.html of a run. s is what r.Sheet computed.
func Write(w io.Writer, r *report.Run, s *report.Sheet) error {
	v, blocks, err := newView(r, s)
	if err != nil {
		return fmt.Errorf("writing the page of %s: %w", s.Run.ID, err)
	}
	return write(w, pageHTML, v.Name, v.Facts, v, blocks)
}

// frame is the part of a page around its content.
type frame struct {
	Title, Subtitle string
	Policy          string
	CSS             template.CSS
	View            any
}

// write fills a template and puts blocks and the script below it.
func write(w io.Writer, text, title, subtitle string, view any, blocks []block) error {
	css := pageCSS + chart.CSS()
	t, err := template.New("page").Parse(partsHTML)
	if err != nil {
		return err
	}
	if t, err = t.Parse(text); err != nil {
		return err
	}
	f := frame{Title: title, Subtitle: subtitle, CSS: template.CSS(css), View: view}
	f.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s' '%s'; base-uri 'none'; form-action 'none'", hash(css), hash(pageJS), hash(decisionsJS))
	var page bytes.Buffer
	if err := t.Execute(&page, f); err != nil {
		return err
	}
	// The last net: what was not cleaned field by field is cleaned here.
	if _, err := io.WriteString(w, clean(page.String())); err != nil {
		return err
	}
	for _, b := range blocks {
		if _, err := fmt.Fprintf(w, "<script type=\"text/plain\" id=\"block-%s\">%s</script>\n", b.name, encoded(b.gzip)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "<script>%s</script>\n<script>%s</script>\n</body>\n</html>\n", pageJS, decisionsJS)
	return err
}

// hash returns the name by which a policy allows a script or style.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
