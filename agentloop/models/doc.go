// Package models talks to language models: OpenAI and compatible servers, Anthropic,
// Gemini, and programs that answer on standard output (command.go). A [Client] is an
// agentloop.Model of one model of one provider.
//
//	name ─► table ─► key, base URL ─► dialect ─► one HTTP request ─► Reply
//	                                     ▲                 │
//	                                     └── retry.go ◄── hook: status, Retry-After, limit of 64 MB
//	                                            ▲
//	              failure.go (what went wrong) ─┴─ refusals.go (what this server does not take)
//
// A dialect asks once. All retrying is in retry.go, and each failed attempt is
// recorded: 408, 409, 429, 5xx and lost connections up to five attempts with doubled
// waits and jitter; an unusable answer up to three; what would fail again, never. The
// hook (transport.go) sits below the HTTP client, counts requests (a second one in an
// attempt is an error) and refuses redirects.
//
// What counts is that a recorded Reply can stand in for the model, so the same
// content gives the same Reply, streamed or not. Whatever must go back as it came is
// in Reply.Opaque: Anthropic's blocks, Gemini's parts, and of an OpenAI-compatible
// server every field that the dialect does not name (extras.go), since reasoning and
// signatures have a new name with each server. A reply of another provider is rebuilt
// from its text and calls.
//
// An answer that never was one makes no decision and is never recorded (usable.go):
// nothing said, a call announced and absent, a call written as text, a reason for the
// end that is not known. It is a failed attempt.
//
// A server that refuses a field which Pitwall adds on its own (stream_options,
// max_completion_tokens, cache_control, words of a schema, what it sent itself) is
// asked again without, from then on; this is in no replay key. What a strategy asks
// for is never left out.
//
// Calls without an id, or with one that came before in the same conversation, get
// call_<reply>_<place>. Arguments are compacted, and no arguments are {}. What is not
// a JSON object goes back to every provider as {"_invalid": "<what the model sent>"};
// an empty result as "(empty)". A failed result is is_error for Anthropic, the key
// "error" for Gemini, and its text alone for OpenAI, which has no field for it.
//
// Request.Params is not read: the same params are in Options, where they are checked
// once. Keys come from Options.Env only, travel in headers only, and are cut out of
// every error, attempt, reply and fingerprint. Usage that a provider does not report,
// or that of a stream which we left, is the bytes divided by four, and marked.
//
// # To add a provider
//
// One line in table.go, if it speaks one of the dialects. Else a file with a type
// that has ask and version, a case in newClient, params in params.go, and a handler
// in modeltest/<name>.go; judged by TestTalk and TestFaults. Let go test
// ./cmd/pitwall -run TestDoctorGolden -update write
// cmd/pitwall/testdata/verbs/doctor.txt.
//
// # Why no provider's library
//
// Seconds of CPU to build each from an empty cache, as measured: openai-go 99,
// anthropic-sdk-go 59, genai 23, with gRPC, cloud auth and telemetry in 12 MB of the
// binary. Their types also drop what must go back to a server: fields that are newer
// than the library, numbers beyond 15 digits. The three dialects share one way to post
// and to read an answer (transport.go, sse.go).
//
// # Why not
//
// Why not go-openai: it makes requests and splits streams, which is the short part. Its
// types drop the fields that a server must get back, fail on arguments that are sent as
// an object, leave out zeros (a temperature of 0 would be 1), refuse parameters by a
// model's name, and cannot tell a broken stream from a whole one.
//
// Why not the Responses API: no compatible server has it. OpenAI refuses tools
// together with reasoning for some models elsewhere; the refusal is reported as it is.
//
// Why not a clock for Retry-After dates: they count from the answer's own Date.
package models
