package server

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"pitwall/tools"
)

// What MCP Apps (extension io.modelcontextprotocol/ui, 2026-01-26) calls a page, and
// where _meta of a tool or a resource speaks of it. Hosts without the extension pass
// over both, so they are told to all.
const (
	uiKey  = "ui"
	uiMIME = "text/html;profile=mcp-app"
)

// addViews serves the pages that hosts show beside answers. They ask for no network
// and no permission, which is what a host without further words gives.
func (s *Server) addViews() {
	for _, v := range tools.Views() {
		meta := mcp.Meta{uiKey: map[string]any{"prefersBorder": true}}
		s.MCP.AddResource(&mcp.Resource{Meta: meta, URI: v.URI, Name: v.Name, Title: v.Title, Description: v.Description, MIMEType: uiMIME, Size: int64(len(v.HTML))},
			func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
				return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: v.URI, MIMEType: uiMIME, Text: v.HTML, Meta: meta}}}, nil
			})
	}
}
