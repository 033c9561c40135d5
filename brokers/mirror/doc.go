// Package mirror keeps the journal of an account at a broker: what the journal says the
// account holds, and whether the broker says the same.
//
//	journal ──► fold: orders, positions, cash ─┐
//	                                           ├─ Sync ─► what is new becomes lines of the journal
//	broker: fills, cash flows, orders, account ┘          what differs is returned
//
//	m, err := mirror.Open(ctx, mirror.Config{Broker: account, Journal: folder, Since: began, Pause: pause})
//	differences, err := m.Sync(ctx, clock, true) // after each bar, after each reconnect, now and then
//
// The journal is the only state: what [Mirror] knows is a fold of its lines, read again
// after a restart. [Mirror.Sync] reads the broker and appends what happened there: fills
// (each once, by id), new states of orders, money that moved. Then positions, open
// orders and cash are compared. A reading can meet a fill half way, so what
// differs is read again before it counts.
//
// An order that was journaled and has no answer is looked for by its id. After 15
// answers that the broker does not have it, it is rejected: it never arrived. A fill of
// it that comes all the same is a difference. Until then
// it is open and counts. An order of another trader, and what the exchange itself does,
// enters with the caller external, and its fills with it.
//
// Fills carry what they realized, by the average cost of what the journal holds: Alpaca's do
// not say it, and limits on losing trades ask. What entered without an order counts from its
// price then.
//
// Of crypto a broker takes its fee out of what a fill brings (fees.go): what the account has
// less is booked as a fee, up to Config.Fee of what was traded.
//
// # To add something that is compared
//
// A line of compare (compare.go), and its row in the table of drifts in the tests.
//
// # Why not
//
// Why not take the broker's account for the truth and go on: a difference means that the
// journal lacks something or that someone else trades the account, and limits count with
// both. [Mirror.Adopt] takes it over when a person has looked.
//
// Why not repair small differences of positions: shares come whole or in fractions, but
// never by accident. Cash does differ by cents that no fill explains (regulatory fees), so
// it has a tolerance, and what is within it becomes a line.
package mirror
