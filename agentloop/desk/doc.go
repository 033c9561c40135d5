// Package desk is a team as an [agentloop.Decider]: analysts report, a bull and a bear
// argue before a judge, a trader plans, a risk manager and a portfolio manager review the
// plan, and code turns what they left of it into orders.
//
//	analysts (at the same time) ─► bull and bear, N rounds ─► judge ─► trader: TradePlan
//	                                                                        │ data, no order
//	      orders_submit ◄── code ◄── manager: Verdict ◄── risk: Verdict ◄───┘
//
// With a memory a turn begins with what the desk remembers: a critic writes lessons of
// trades that closed and reviews beliefs, and the others are reminded of what concerns them.
//
// Every part can be left out. desk.go is the order of events: analyse.go (who sees whose
// report), debate.go, plan.go. ask.go is how roles are asked, answers.go what they answer
// with (schema.go: as JSON schemas), menu.go what a trader may choose from, portfolio.go
// how views become weights, power.go who may
// change what of a plan, orders.go what is sent, memory.go what is remembered, remind.go who
// is reminded of what, critic.go what a critic adds, record.go what a turn's record says of it.
//
// # Order of power
//
// A plan is data. A verdict binds: approve leaves the plan as it is, reject ends it, and
// modify may only lower risk. The manager decides over what risk has passed, by the same
// rules. A reviewer that was asked for and has no valid verdict counts as a reject. No
// model of a desk is offered a tool that orders, and the server refuses every change from
// its roles: only this package's own calls, of approved orders, pass. Limits of the
// strategy stand under all of it.
//
// What reduces a position is sent first and reduce-only. A modification may not drop it
// and keep a purchase, and once the server refused it no purchase is sent.
//
// # Answers
//
// A role answers with one JSON object. One that does not fit its schema, or breaks a rule
// that the schema cannot say, is asked for once more with the error. Then the role is
// absent: the record says so, and the others go on without it. Without any report there is
// no plan, and without a plan no order.
//
// Roles that are asked at the same time answer in rounds: all are asked, then their calls
// are made in the order of the roles. So tables and the record do not depend on who was
// faster.
//
// The memory is read in the name of a role that no model plays ([Recorder]), so that the
// record and the keys hold what each role was reminded of.
//
// # To add a kind of answer
//
// A type with check in answers.go, its schema in schema.go, and a part of [Desk] that asks
// for it.
//
// # Why not
//
// Why not let the trader order and the risk manager watch: a veto over what was sent is
// none. Why not clamp a modification that enlarges a plan: what a reviewer meant by it is
// not known, so it is asked again, and then nothing is sent.
//
// Why is an order that reduces a position never shrunk: a smaller sale leaves more risk
// than the plan. It can be rejected.
package desk
