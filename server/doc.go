// Package server serves worlds over MCP: stdio, in process, and HTTP for both
// protocol eras. One *mcp.Server value serves every world; which world a call
// is about follows from who calls and from the URL, on every call, and never
// from an MCP session.
//
//	stdio ──────────┐
//	in process ─────┼─► *mcp.Server ─► recover ─► tools.Set.Call(world of (principal, name))
//	HTTP /mcp/{name}┘                                    ▲
//	   Host, Origin, token, size and time limits     Registry: (principal, name) -> World
//
// Over stdio and in process the principal is "local" and the name "main". Over
// HTTP the principal is the token's owner and the name is in the URL.
//
// http.go is the chain in front: size and time limits, checkHost, checkOrigin, the
// bearer token (verifier). frame.go refuses what is no request, with JSON-RPC's own error: batches, and ids that
// an answer could not carry. At the end of input, stdio answers what it has read.
//
// A call that carries a progress token is answered on an event stream: progress.go
// notifies there what the tool reports (tools.Progress), before the answer.
//
// prompts.go holds what models read first: the instructions for hosts, and the base
// prompt (trade_turn: investor policy and how to work), which a strategy's own prompt
// follows.
//
// # To add a transport
//
// Make an mcp.Transport and give it to Server.Run; if it has callers of its own,
// give their identity to world resolution in caller (server.go).
//
// # Why not
//
// Why not let the SDK carry calls within a process: every message is encoded to bytes and
// decoded through a buffer of 32 KB, and each call wakes three goroutines. A client of
// [ServeInProcess] is an ordinary mcp.ClientSession whose tools/call is answered by
// middleware (inprocess.go) on the caller's goroutine, through the same handlers;
// TestInProcessAnswersAsTheWireDoes compares the two. `go test ./server -run xxx -bench
// Transports` sets each transport beside a typed echo of the SDK alone.
//
// Why not a server per world: lists would vary by connection, and a session
// would own money.
package server
