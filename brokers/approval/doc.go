// Package approval keeps orders back until a person has approved them, out of band of the
// model that sent them.
//
//	model ─► Desk ─► risk.Guard: limits ─► Hold: journaled, alert ─► waits
//	                                                                   │
//	pitwall approve, or the link of the alert ─► a file in the run's folder
//	                                                                   │
//	                 Desk.Work: hash, time, price ─► risk.Guard again ─► broker
//
//	desk := approval.New(approval.Config{Broker: guard, Journal: folder, Dir: dir, ...}, past)
//	guard.Hold(desk.Hold)
//	err := desk.Work(ctx) // now and then: what was decided is sent, what has lapsed is dropped
//
// An approval is bound to a hash of the whole order and of when it was held, so it approves
// one order once. It lapses after [Window] of the clock that the world waits by (the
// host's at a broker, the feed's where one is played), and when the last known price is
// farther than Collar from what it was. What is approved passes the limits and the halt
// again, and is then sent as any other order.
//
// The journal is the state: [Waiting] folds it, so a restart goes on with what waits. A
// decision is a file that another process writes ([Decide]) and that only adds to it: it
// cannot name another order, and the first no stands.
//
// With [Entries] an order that can only shrink its position needs no approval: an exit does
// not wait for a person who is asleep. [All] holds these too. Changes that make an
// order bigger or move its price are refused unless it is an exit: cancel it and send
// another one, which a person sees. Cancels always pass.
//
// # What it does not do
//
// It does not stop whoever may run commands or write files as this user: a host with a
// shell can run pitwall approve. A link is as secret as the channel that carries it.
//
// # To add a way to decide
//
// Call [Decide] with who decided, from a process or a handler that no tool reaches, as
// link.go does.
//
// # Why not
//
// Why not wait inside Submit: the guard sends one order at a time, and an exit would wait
// behind an entry. Why not a tool with a secret: a model that reads it can approve.
package approval
