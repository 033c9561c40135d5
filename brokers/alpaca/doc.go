// Package alpaca is a pitwall.Broker for an account at Alpaca, paper or live, and a
// source of its latest bars and quotes. It uses Alpaca's own Go library.
//
//	b, err := alpaca.New(alpaca.Config{Key: key, Secret: secret, Now: now, Sleep: sleep}) // the paper account
//	list, err := b.Instruments(ctx, []string{"AAPL", "BTC/USD"})                          // for Config.Instruments
//	go b.Watch(ctx, func(u alpaca.Update) { wake() })                                     // trade updates
//
//	pitwall.Order ──► rules of Alpaca ──► POST, once ──► accepted, rejected, or no answer
//	                                                       no answer ──► UNKNOWN ──► asked for by its id
//
// # Orders
//
// An order's id, after the prefix, is its client_order_id. Alpaca takes each of those
// once, which is what makes sending safe: an order without an answer is looked for by its
// id, and the same order goes out again, under the same id, only after three answers
// that Alpaca does not have it and within two minutes of its first request. An order is rejected only by a 4xx answer in Alpaca's
// form, or when the connection was never made. Until then it is UNKNOWN and counts
// against limits.
//
// What Alpaca does not take is refused before it is sent: tif gtd, groups, exits by
// percent or trailing, books, fractions outside simple day orders, and for crypto
// everything but market, limit and stop_limit with gtc or ioc. Alpaca has no
// reduce-only orders: the position is read first, and the order carries the intent to
// close. Between the two a fill can come; Alpaca does not turn a long position into a
// short one in one order.
//
// A changed order is a new one at Alpaca (client_order_id with ~r1, ~r2 and so on); here
// it keeps its id. An order that is filled in part cannot be changed. The exits of a
// bracket become active when all of the entry has filled. Canceling one exit cancels both.
//
// # What was tested
//
// A fake server (alpacafake) and recorded payloads. No broker was reached. Not known, and
// so not relied on: whether execution ids of the stream are those of activities, and
// which quantity a replacement of a partly filled order means.
//
// # To add an order kind
//
// Say in toRequest (request.go) how it is written and in checkTaken what Alpaca refuses of
// it; matches (submit.go) must recognize it when it comes back. Then a row to the
// tables of request_test.go.
//
// # Why not
//
// Why not the library's retries: they send a body that was read already, cannot be
// canceled and ignore Retry-After. Its calls take no context, so each call here makes a
// client whose transport has one.
//
// Why not the library's stream of trade updates: it connects again at once, for ever, and
// ends in silence when the server closes it.
//
// Why not fills from the stream: activities are the account's own record, complete
// after any gap; two sources would need to agree on what is the same fill.
//
// Why not orders from memory: what Alpaca says is the truth, also about orders that
// a person placed in its app.
package alpaca
