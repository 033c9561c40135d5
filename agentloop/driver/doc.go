// Package driver is Pitwall as a library: it composes a world, drives agents
// through it and leaves a run's folder. cmd/pitwall adds flags and printing to it,
// and a program of your own needs nothing else (examples/golang); where it wants SQL, its
// main calls duckdb.RunWorkerIfChild first.
//
//	Strategy ─ Parse, Check ─┐
//	data ─ Load ─────────────┼─► NewSim ─► Session (World + Status, Finish, Close)
//	Agents ─ Deciders ───────┘   or Live ─► LiveSession: the same on the host's time
//	            Run = Session ─► Drive (loop over MCP) ─► evidence in Dir ─► Result
//	            Worlds = one Session for each caller of a server
//	            Host = a LiveSession for a server, without a loop
//	            Guard = limits and journal around any broker, without a session
//
// The way of a run: Strategy.Check (strategy.go), Load (data.go), Spec and NewSim
// (sim.go), Run and Drive (run.go), the loop (agentloop/loop.go), finish (evidence.go),
// Folder.Seal (cache/runs). Check, Spec and Window are pure and cheap: Run calls them
// again, for callers that did not.
//
// strategy.go, agents.go, rule.go, desk.go (deskkeys.go, wake.go) and account.go are what a strategy file says; data.go and
// models.go find what it names; pods.go is `pods:`, fund.go their worlds over one venue and
// allocate.go the capital that moves between their books; sim.go and warnings.go make a simulated world of it;
// run.go, evidence.go and decisions.go are a run (deskscore.go, calibration.go and goals.go:
// what a desk was worth), verify.go recomputes it; worlds.go serves hosts
// that step the clock themselves; guard.go serves programs that only want their orders
// checked.
//
// The package reads no environment, no host clock and no file but those inside the
// file systems that it is given and what a strategy names by an absolute path; keys,
// caches and the host's time are values in [Config]. Disk is written in Config.Dir only, through cache/runs.
//
// # To add a mode
//
// Implement [Session] in a file beside sim.go and live.go and choose it in [Run] (run.go,
// liverun.go). From drive on, a run knows the Session only. What a session alone knows
// of a run's evidence it adds in Describe and Finish.
//
// live.go is the clock that waits (schedule.go: when the next bar ends; feed.go: where
// bars come from), livesession.go the rest of its Session. remote.go puts an account at a
// broker in the place of the simulated venue (alpaca.go: Alpaca's; profile.go: which one);
// gates.go and arming.go are what must hold before it may start. tend.go is what goes on
// between bars; approvals.go holds orders for a person; hosted.go gives the world to a
// server; clocks.go has the clocks. preflight.go takes a strategy through a bad week
// (badweek.go), and preflightjudge.go says what held.
// ablate.go takes a desk apart (ablatemoves.go: which way a part moved orders;
// ablatevetoes.go: what vetoes saved), analyze.go is one decision without an order.
// sql.go reads a run's folder with SQL.
// fork.go runs a backtest again from a turn on, forkevidence.go says what an order rested on.
// drift.go compares a live run with the backtest over what it saw.
//
// # To add a key of the strategy file
//
// A field of [Strategy], [Agent], [Costs], [Account] or [FillRules] with its yaml
// name, its check in the same file, and a line in tools/docs/strategy.md.
//
// # Why not
//
// Why not a builder or options: a Config with plain fields shows on one page what
// a run depends on, and the zero value of each field is the safe one.
//
// Why is the folder made with the journal's first entry: the venue writes that
// entry when everything has been checked, so a strategy that cannot run leaves
// nothing behind and no world has to be built twice.
package driver
