// Package roles holds what the members of a desk are asked: one markdown file a role,
// with a front matter that says what the role needs.
//
//	---
//	name: technical          # of the file
//	tier: fast               # fast, standard or deep: which model it has by default
//	tools: [market_indicators, duckdb_query]
//	schema: AnalystReports   # what it answers with, see agentloop/desk
//	limits: {max_symbol_percent: 10} # of a risk role: what code enforces, by the keys of `risk:`
//	---
//	You are the technical analyst of a trading desk. ...
//
// A file of the same name beside a strategy stands in for a bundled one.
//
// # To add a role
//
// A markdown file beside roles.go, and its line in tools/docs/desk.md. An analyst answers with
// AnalystReports; for another answer, see agentloop/desk.
//
// # Why not
//
// Why not prompts as Go strings: who trades edits them, and an edited copy beside a
// strategy is the bundled file with a few words changed.
package roles
