// Package agentloop drives an agent: it is an ordinary MCP client that moves
// the clock, asks a Model, and runs the calls of each reply one at a time, in
// the listed order, until the model stops.
//
//	clock_next_bar ─► snapshot ─► Model.Reply ─► calls through MCP ─► results ─► Model.Reply ... ─► record
//
// It imports only the root package and the MCP SDK, so it works against any
// MCP server; what else it needs (where to record, the host's time) it declares
// as small interfaces of its own.
//
// The loop, not the model, moves time: clock_next_bar, sim_start and sim_status
// are hidden from the model.
//
// # To add a model
//
// Implement [Model] (one method) in agentloop/models, or in agentloop/scripts
// when it is deterministic, and add one line to the table in cmd/pitwall.
//
// # Why not
//
// Why not call tools directly in process: the loop would then test another path
// than the one that hosts use. Through the channel transport a call costs well
// under 0.1 ms.
package agentloop
