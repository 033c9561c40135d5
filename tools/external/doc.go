// Package external makes tools of what Pitwall does not implement itself: Go
// functions ([Func]), and REST endpoints and other MCP servers as a strategy file
// declares them ([Build]). Their answers are data. All of them take one path, the
// same for every kind and host:
//
//	strategy file ─► []Spec ─► Build ┐
//	Go function ────► Func ──► New ──┴► []tools.External ─► server.NewWith
//
//	arguments ─► clamp to now ─► Recorder, else the call ─► wall over the rows ─► envelope
//	 strict                       (raw, simulations only)    fail closed           data, not instruction
//
// [TimePolicy] says how the future is kept out of a backtest. A tool without one is
// refused there.
//
// What leaves the machine: requests to the host of the URL and to no other, with
// the headers and values that the file names. Redirects to another host are
// refused. Values from the environment are removed from everything that comes
// back: a server that echoes a key does not show it to a model or a record.
//
// # Pins
//
// A tool of an MCP server is what its description and schema were when the
// process started; their digest is kept. When the server says that its list
// changed, and at every reconnect, the digests are compared, and a tool that
// differs is disabled for the life of the process (TOOL_CHANGED): approving a
// tool is approving its text. `pin` in the file carries that over to later
// processes.
//
// In a simulation the listing is recorded like an answer, and a run that finds it
// makes no connection until a call needs one. Until then pins are compared with
// the recorded listing, not with what the server says today; the first real call
// connects and compares before it calls. A warm run that needs no call never
// learns that the server changed, and need not: it reads recorded answers only.
//
// # To add a kind of external tool
//
// Add a field to [Spec] and cases to Check in spec.go and to Build in build.go, and
// write tools/external/<kind>.go that returns a [Tool]. The time policy, recording
// and envelope are the same for all.
//
// # Why not
//
// Why not record an answer behind the wall: a record could then be edited into a
// way around it, and a stricter policy would need new calls. Why not tell the model
// how many rows the wall removed: the count is news from tomorrow.
//
// Why is the recorded kind "outside", and the code OUTSIDE_FAILED: both are in the
// keys of answers that users have recorded, and a new word would lose them.
//
// Why not a connection per call: a stdio server would start each time, and a pin
// would have to be checked each time. Why not the whole environment for a
// server's process: it holds the keys of models and brokers. Why not retry: a
// second call may cost money; the one exception is what the server asks for with
// Retry-After.
package external
