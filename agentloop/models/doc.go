// Package models talks to language models: OpenAI and compatible servers, Anthropic
// and Gemini. A [Client] is an agentloop.Model of one model of one provider.
//
//	name ─► table ─► key, base URL ─► dialect ─► one HTTP request ─► Reply
//	                                     ▲                 │
//	                                     └── retry.go ◄── hook: status, Retry-After, limit of 64 MB
//
// A dialect asks once. All retrying is in retry.go, and each failed attempt is
// recorded: 408, 409, 429, 5xx and lost connections up to five attempts with doubled
// waits and jitter; an unusable answer up to three; what would fail again, never. The hook (transport.go) sits below the libraries, counts requests (a second
// one in an attempt is an error) and refuses redirects.
//
// What counts is that a recorded Reply can stand in for the model, so the same
// content gives the same Reply, streamed or not. Whatever must go back as it came
// (Anthropic's thinking with its signature, Gemini's thoughtSignature) is in
// Reply.Opaque; a reply of another provider, or one whose calls are no longer the
// same, is rebuilt from its text and calls.
//
// Calls without an id, or with one that came before in the same reply, get
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
// # Why these libraries
//
// Seconds of CPU to build each from an empty cache, as measured before the choice:
// openai-go 99, anthropic-sdk-go 59, genai 23, go-openai 1.3; all official three take
// 2.8 GB of memory. So: go-openai for OpenAI's dialect, genai for Gemini, whose
// signatures its compatible endpoint hides, and a hand-written dialect of 450 lines for
// Anthropic. The limit was 30. This package on top of a built agentloop took 26 seconds
// of user time and 8 of system time on two busy cores (24 s of wall): nearly all is genai.
//
// # Why not
//
// Why not read answers with go-openai's types: they drop "reasoning" (Ollama,
// OpenRouter, Groq, vLLM), fail on arguments that are sent as an object, and cannot
// tell a broken stream from a whole one. So the library makes requests and splits
// streams, and our types read. It leaves out zeros (a temperature of 0 would be 1) and
// refuses max_tokens by the model's name; those fields are patched into the body.
//
// It also refuses gpt-6 models with tools unless reasoning_effort is none: OpenAI
// offers those together in the Responses API only, which is not spoken here, because
// no compatible server has it. The refusal is reported as it is.
//
// Why not keep numbers of Gemini's arguments as text: genai decodes them to float64,
// so beyond 15 digits they change, and keys come out sorted. Ids are texts here.
//
// Why not OpenRouter's reasoning_details: they are not sent back, so a model behind
// it that insists on signatures refuses the second step; use its own provider.
//
// Why not a clock for Retry-After dates: they count from the answer's own Date.
package models
