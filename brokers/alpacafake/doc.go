// Package alpacafake is a server that answers as Alpaca does, over the simulated
// venue: REST, the stream of trade updates, and latest prices. Programs that trade at
// Alpaca can be tried against recorded bars, without an account and with faults.
//
//	s, err := alpacafake.New(alpacafake.Config{Source: bars, Symbols: []string{"AAPL"}, From: from, Cash: pitwall.Int(100_000)})
//	web := httptest.NewServer(s) // base URL of trading and of data, ws at /stream
//	s.Step(ctx)                  // the next bar becomes known: orders fill, events go out
//
//	client ──HTTP──► Fault table ──► handlers ──► sim.Venue ──► fills ──► activities
//	       ◄──websocket, binary frames── events ◄──────────────┘
//
// The caller moves the clock: nothing fills between two calls of Step. Answers have
// the fields and errors of recorded payloads; ids count up, so a session repeats byte
// for byte.
//
// # What differs from Alpaca
//
// Orders fill against bars, by the rules of package sim: a market order at the open of
// the next bar, in parts when the volume share is small. Exits become active with the
// first part of their entry, at Alpaca with the last. There are no extended hours, no
// notional orders, no options, no wash-trade test, no settlement of cash beyond the
// venue's, and bid and ask are both the last close. What the fake does not do it refuses
// with 422. Any keys are accepted unless the configuration names some.
//
// # To add a fault
//
// Add its name to the effects in faults.go with what it does, and its case to answer
// (requests, in faults.go) or deliver (events, in stream.go).
//
// # Why not
//
// Why not canned answers: a client's bugs are in sequences (a lost answer, then a
// duplicate id, then a late fill), and only a venue that keeps books can say whether the
// client ended with the right position.
//
// Why not matching of its own: the same orders on the same bars fill as in a
// backtest, so a run through the fake can be compared with one.
//
// Why coder/websocket: it is the library that Alpaca's own Go client uses.
package alpacafake
