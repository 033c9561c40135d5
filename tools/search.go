package tools

import (
	"context"
	"strings"

	"pitwall"
	"pitwall/tools/docs"
)

func addDocs(s *Set) {
	add(s, Tool{Name: "docs_search", Title: "Search the documentation", Idempotent: true,
		Description: "Search Pitwall's documentation: tools, order rules, SQL functions, strategy file, why an agent is not trading."}, s.docsSearch)
}

type docsIn struct {
	Query string `json:"query"`
	Limit *int   `json:"limit,omitempty" jsonschema:"default 3, at most 10"`
}

type docsOut struct {
	Hits []docs.Hit `json:"hits"`
}

func (o docsOut) text(*pitwall.World) string {
	var b strings.Builder
	for _, h := range o.Hits {
		b.WriteString("## " + h.Title + " (" + h.Page + ")\n" + h.Text + "\n")
	}
	if len(o.Hits) == 0 {
		b.WriteString("nothing found; pages are " + strings.Join(docs.Pages(), ", ") + "\n")
	}
	return b.String()
}

func (s *Set) docsSearch(_ context.Context, _ *pitwall.World, in docsIn) (docsOut, error) {
	limit, err := atMost("limit", in.Limit, 3, 10)
	if err != nil {
		return docsOut{}, err
	}
	if strings.TrimSpace(in.Query) == "" {
		return docsOut{}, pitwall.Errorf(pitwall.InvalidInput, "query is empty").Hintf("ask for example: why was my order rejected")
	}
	return docsOut{Hits: s.docs().Search(in.Query, limit)}, nil
}
