// Package outside makes tools of REST endpoints and of other MCP servers, behind
// the same wall as our own.
package outside
