// Package tools holds what a model can call. A tool is a function of a World
// and an input, resolved per call; it knows nothing of MCP, transports, the
// simulator or any broker, so the same tools work in every world.
//
//	MCP request ─► server ─► Set.Call ─► strict decode ─► the tool ─► Broker, Market, Tables ...
//	                             │                            │
//	                       alias, caller, recovery,      one answer: text + JSON,
//	                       one effect at a time          stamped with mode and as_of
//
// [Set.Call] is SDK-free; package server binds it to the SDK's low-level
// AddTool, so that numbers stay exact, arguments are decoded once, and nothing
// is validated after the act.
//
// Tools that Pitwall does not implement itself are [External]: package
// tools/external makes them of Go functions, REST endpoints and other MCP servers,
// and keeps the future out of their answers. The table only takes them.
//
// # To add a tool
//
// Write tools/<name>.go with an input struct, an output struct that has a
// text method, and a function; add one line to all in tools.go; run the schema
// snapshot test with -update and read the diff.
//
// # Why not
//
// Why not the SDK's typed AddTool: it decodes numbers through float64, which
// corrupts integers beyond 2^53, and validates the output after the tool ran,
// which reports failure for an order that was sent.
//
// Why not JSON in the text part too: hosts that pass both to a model would pay
// twice. The text is a compact, complete rendering; the JSON is for programs.
package tools
