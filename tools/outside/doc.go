// Package outside makes tools of REST endpoints and of other MCP servers, as a
// strategy file declares them. It builds [tools.Foreign] values; arguments, wall,
// envelope and recording are not here but in package tools, so that they are the
// same for every kind.
//
//	strategy file ─► []Spec ─► Build ─► []tools.Foreign ─► server.NewWith
//	                             │
//	                    one connection per MCP server, one host per REST tool
//
// What leaves the machine: requests to the host of the URL and to no other, with
// the headers and values that the file names. Redirects to another host are
// refused. Values from the environment are taken out of everything that comes
// back: a server that echoes a key does not tell it to a model or to a record.
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
// # To add a kind of outside tool
//
// Add a field to [Spec], a case to Check and to Build, and a file that returns
// tools.Foreign. The declaration of the wall is the same for all.
//
// # Why not
//
// Why not a connection per call: a stdio server would start each time, and a pin
// would have to be checked each time. Why not the whole environment for a
// server's process: it holds the keys of models and brokers. Why not retry: a
// second call may cost money; the one exception is what the server asks for with
// Retry-After.
package outside
