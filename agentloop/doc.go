// Package agentloop drives agents: it is an ordinary MCP client that moves the
// clock and gives each agent that is due its turn. A [Decider] decides: by default one
// Model, whose calls are run one at a time, in the listed order, until it stops.
//
//	clock_next_bar ─► who has a turn? ─► recorded? ─yes─► repeat its changes, compare every answer ─┐
//	      ▲            (every, triggers)      └──no──► Decider ─► Ask: a model, Call: MCP ─► ... ──┤
//	      └──────────────────────────── record of the turn, costs beside it ◄──────────────────────┘
//
// loop.go moves time and picks agents (agent.go, every.go); turnrun.go is one turn;
// decider.go is who decides, ask.go what Ask and Call do for it; replay.go is what is
// taken from and put into the cache, keys.go how it is found; budget.go is money;
// calls.go and arguments.go read calls as they are meant, where that is certain;
// fork.go keeps the turns of another run before one that is decided anew;
// numbers.go marks what an order's reason states and nothing in the turn supports;
// turn.go is the record; client.go is the server as the loop sees it.
// The base prompt is the server's (server/prompts.go); client.go fetches it.
//
// It imports only the root package, the MCP SDK and its schema library, so it
// works against any MCP server; what else it needs (where to record, a cache, the
// host's time) it declares as small interfaces of its own.
//
// The loop, not the model, moves time: clock_next_bar, sim_start and sim_status
// are hidden from the model.
//
// # What is recorded where
//
// A turn's file holds what was the same whether or not it came from the cache. What
// may differ (host times, tokens, money, attempts at the provider, cache marks,
// warnings about any of these) is the timing line beside it.
//
// A fault of the machine (MACHINE_FAILED, JOURNAL_FAILED) is no answer: it ends the run,
// is neither recorded nor compared, and no model sees it. After a query that ran out of
// time or memory, or an external tool that failed, the model goes on. Such a turn, and one
// that failed, is kept for strict replays only (strict.go).
//
// # To add a model
//
// Implement [Model] (one method) in agentloop/models, see the recipe there, or,
// when it is deterministic, in agentloop/scripts/<name>.go with a line in All
// (agentloop/scripts/scripts.go).
//
// # To add a team
//
// Implement [Decider] (one method, see TestTeamDecides): name its members as
// [Agent].Roles, each with its own model, prompt and tools, and ask them with
// [Brief.Converse]. Nothing in this package changes: keys, record, budgets and replay
// cover all roles, and the record keeps them in their order. [Role].ReadOnly lets the
// server refuse what a role would change, and [Role].Acts is what only the Decider may
// call for it. agentloop/desk is a team with the key desk in a strategy file.
//
// # To add a warning
//
// talk.warn or Turn.warn when it follows from what was said and answered;
// turnRun.warn when it depends on money, time or the cache.
//
// # To add a setting of an agent
//
// A field of [Agent], and a line in keys.go if it can change an answer;
// TestEverySettingIsInAKeyOrExplained wants to know which.
//
// # Measured
//
// What stands still comes first in a request: tools, system prompt, then the messages of
// the turn so far. `go test ./agentloop/driver -run PromptsBegin -v` checks it through the
// wires of the providers and prints what a turn of a bundled agent sends, at four bytes
// a token, over its first six turns: buyhold 7,200 tokens in 2 requests, 6,400 of which
// an earlier request began with and 800 of which are new; momentum 9,500 in 3, 8,900 and 600;
// momentum_allocator 11,200 in 3, 10,500 and 800; macro_risk 12,900 in 3, 11,700 and 1,200;
// m2_liquidity 11,000 in 3, 9,900 and 1,100.
//
// # Why not
//
// Why not call tools directly in process: the loop works against any MCP server, and
// each of its calls passes the handlers that hosts use. Within a process server.ServeInProcess
// answers them on the loop's own goroutine.
//
// Why not key a turn by the bars themselves: the server's state_digest stands for
// all that its world can show up to now, the account included; a key of a few
// hundred bytes is checked in microseconds, and newer bars leave it as it was.
//
// Why not the providers' own structured output: most refuse it together with
// tools. A sentence and a test of the answer work with all of them.
package agentloop
