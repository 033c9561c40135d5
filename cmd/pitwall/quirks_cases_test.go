package main

import (
	"strings"

	"pitwall/agentloop"
)

const (
	did     = agentloop.StatusOrdered
	held    = agentloop.StatusNoAction
	refused = agentloop.StatusToolError
	failed  = agentloop.StatusModelError
)

// quirksOfAnswers are ways to end a reply, or not to have one.
func quirksOfAnswers() []quirk {
	bad := func(name, says string, r replied) quirk {
		return quirk{name: name, answer: always(r), status: failed, says: says, tries: 2}
	}
	hi := `{"content":"RESULT: hold"}`
	order := toolCall(`"index":0,"id":"c1",`, "orders_submit", text(buyTen))
	return []quirk{
		{name: "plain", answer: firstly(buying(text(buyTen))), status: did, fills: 2},
		bad("ends-error", "the model failed: error: MALFORMED", asJSON(200, `{"choices":[{"message":{"content":""},"finish_reason":"error","native_finish_reason":"MALFORMED"}]}`)),
		bad("ends-abort", "the model failed: abort", chat(`"abort"`, hi)),
		bad("ends-filter-of-calls", "function_call_filter: MALFORMED_FUNCTION_CALL", chat(`"function_call_filter: MALFORMED_FUNCTION_CALL"`)),
		bad("ends-unknown", "the model failed: because", chat(`"because"`, hi)),
		bad("ends-nowhere", "without a finish_reason", replied{200, "text/event-stream", "data: {\"choices\":[{\"delta\":" + hi + "}]}\n\n"}),
		bad("says-nothing", "the answer is empty", chat(`"stop"`, `{"role":"assistant","content":""}`)),
		bad("says-null", "the answer is empty", message(`"stop"`, `{"content":null}`)),
		bad("only-done", "the answer is empty", replied{200, "text/event-stream", "data: [DONE]\n\n"}),
		bad("no-body", "the answer is empty", replied{200, "text/event-stream", ""}),
		bad("thinks-only", "holds reasoning only", chat(`"stop"`, `{"reasoning_content":"I will buy."}`)),
		bad("thinks-forever", "holds reasoning only", said("<think>RESULT: buy")),
		bad("all-tokens-gone", "raise max_tokens", chat(`"length"`, `{"reasoning":"hm"}`)),
		bad("announces-a-call", "announces a call of a tool and holds none", chat(`"tool_calls"`, `{"content":null}`)),
		bad("old-function-call", "old function_call", chat(`"function_call"`, `{"function_call":{"name":"orders_submit","arguments":`+text(buyTen)+`}}`)),
		bad("call-without-name", "without the name of a tool", called(toolCall(`"index":0,"id":"x",`, "", text("{}")))),
		bad("call-in-tags", "tool parser", said("Buying.\n<tool_call>{\"name\": \"orders_submit\", \"arguments\": "+buyTen+"}</tool_call>")),
		bad("call-in-a-fence", "a call of orders_submit as text", said("```json\n{\"name\":\"orders_submit\",\"parameters\":"+buyTen+"}\n```")),
		bad("neither-json-nor-stream", "nor a stream of events: upstream gone", replied{200, "text/plain", "upstream gone"}),
		bad("a-no-text", "the answer is empty", claude("end_turn")),
		bad("a-unknown-end", "the model failed: tired", claude("tired", `{"type":"text","text":"RESULT: hold"}`)),
		bad("g-no-parts", "the answer is empty", gemini("", "STOP")),
		bad("g-unknown-end", "the model failed: MISSING_THOUGHT_SIGNATURE", gemini(`{"text":"x"}`, "MISSING_THOUGHT_SIGNATURE")),
		{name: "bad-once", answer: once(chat(`"error"`), buying(text(buyTen))), status: did, fills: 2, tries: 1},
		{name: "a-bad-once", answer: once(claude("end_turn"), claude("tool_use", use("t", "orders_submit", buyTen))), status: did, fills: 2, tries: 1},
		{name: "g-bad-once", answer: once(gemini("", "MALFORMED_FUNCTION_CALL"), gemini(`{"functionCall":{"name":"orders_submit","args":`+buyTen+`}}`, "STOP")), status: did, fills: 2, tries: 1},
		{name: "second-request-fails", answer: func(a ask) replied {
			if a.step == 0 {
				return buying(text(buyTen))
			}
			return asJSON(500, `{"error":{"message":"out of memory"}}`)
		}, status: failed, says: "failed in 2 of 2 turns: unavailable (500): out of memory", tries: 4},
		// A reason that is missing after [DONE] or in whole JSON is none that is bad.
		{name: "ends-with-null", answer: firstly(chat("null", `{"tool_calls":[`+order+`]}`)), status: did, fills: 2},
		{name: "ends-with-nothing", answer: firstly(chat(`""`, `{"tool_calls":[`+order+`]}`)), status: did, fills: 2},
		{name: "whole-without-end", answer: firstly(message("null", `{"tool_calls":[`+order+`]}`)), status: did, fills: 2},
		{name: "ends-in-capitals", answer: always(chat(`"STOP"`, hi)), status: held, says: `"result": "hold"`},
		{name: "ends-eos", answer: firstly(chat(`"eos"`, `{"tool_calls":[`+order+`]}`)), status: did, fills: 2},
		{name: "thinks-aloud", answer: always(said("<think>RESULT: sell all</think>\nRESULT: hold")), status: held, says: `"reasoning": "RESULT: sell all"`},
		{name: "filtered", answer: always(chat(`"content_filter"`)), status: held, says: `"detail": "content_filter"`},
		{name: "declines", answer: always(chat(`"stop"`, `{"refusal":"I do not trade."}`)), status: held, says: "refusal: I do not trade."},
		{name: "a-declines", answer: always(claude("refusal")), status: held, says: `"detail": "refusal"`},
		{name: "g-safety", answer: always(gemini("", "SAFETY")), status: held, says: `"detail": "SAFETY"`},
		{name: "g-blocked", answer: always(replied{200, "text/event-stream", "data: {\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"}}\n\n"}), status: held, says: "PROHIBITED_CONTENT"},
		{name: "a-pauses", answer: firstly(claude("pause_turn", `{"type":"text","text":"Let me go on."}`)), status: held, says: `"result": "done"`},
		{name: "length-in-a-call", answer: firstly(chat(`"length"`, `{"tool_calls":[`+toolCall(`"index":0,"id":"c",`, "orders_submit", text(`{"symbol":"AA`))+`]}`)), status: refused, says: "cut at its limit of tokens"},
		{name: "counts-as-floats", answer: always(asJSON(200, `{"choices":[{"message":{"content":"RESULT: hold"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100.0,"completion_tokens":"20","total_tokens":null}}`)), status: held, says: `"usage":{"input":100,"output":20}`},
		{name: "same-call-again", answer: always(called(toolCall(`"index":0,"id":"x",`, "account_portfolio", text("{}")))), status: agentloop.StatusStepLimit, says: "account_portfolio {}: the same call 25 times"},
	}
}

// quirksOfCalls are ways to write calls.
func quirksOfCalls() []quirk {
	order := func(name, args string) quirk {
		return quirk{name: name, answer: firstly(buying(args)), status: did, fills: 2, says: "arguments_repaired"}
	}
	no := func(name, args, says string) quirk {
		return quirk{name: name, answer: firstly(buying(args)), status: refused, says: says}
	}
	named := func(name, tools string) quirk {
		return quirk{name: name, answer: firstly(called(toolCall(`"index":0,"id":"c1",`, tools, text(buyTen)))), status: did, fills: 2, says: "name_repaired"}
	}
	reads := func(name, tools, args, says string) quirk {
		return quirk{name: name, answer: firstly(called(toolCall(`"index":0,"id":"c1",`, tools, args))), status: held, says: says}
	}
	both := func(name string, parts ...string) quirk {
		return quirk{name: name, answer: firstly(called(parts...)), status: did, fills: 2}
	}
	return []quirk{
		order("twice-encoded", text(text(buyTen))),
		order("thrice-encoded", text(text(text(buyTen)))),
		order("in-a-fence", text("```json\n"+buyTen+"\n```")),
		order("comma-too-many", text(`{"symbol":"AAPL","side":"buy","qty":10,}`)),
		order("inside-arguments", text(`{"arguments":`+buyTen+`}`)),
		order("side-in-capitals", text(`{"symbol":"AAPL","side":"BUY","qty":10}`)),
		order("size-as-text", text(`{"symbol":"AAPL","side":"buy","qty":"10"}`)),
		order("empty-fields", text(`{"symbol":"AAPL","side":"buy","qty":10,"limit":"","tif":"","take_profit":null}`)),
		order("zero-fields", text(`{"symbol":"AAPL","side":"buy","qty":10,"type":"market","limit":0,"stop":0.0,"trail":0,"notional":0,"target_percent":0}`)),
		{name: "as-an-object", answer: firstly(buying(buyTen)), status: did, fills: 2},
		{name: "a-as-a-text", answer: firstly(claude("tool_use", use("t", "orders_submit", text(buyTen)))), status: did, fills: 2, says: "they were encoded twice"},
		{name: "g-side-in-capitals", answer: firstly(gemini(`{"functionCall":{"name":"orders_submit","args":{"symbol":"AAPL","side":"BUY","qty":10}}}`, "STOP")), status: did, fills: 2, says: "side was BUY"},
		reads("null-for-none", "account_portfolio", text("null"), "null stands for no arguments"),
		reads("none-at-all", "account_portfolio", text(""), `"result": "done"`),
		reads("list-as-text", "market_last_price", text(`{"symbols":"[\"AAPL\"]"}`), "symbols was a text with its JSON in it"),
		reads("whole-as-decimal", "market_indicators", text(`{"symbols":["AAPL"],"names":["sma:20"],"last":2.0}`), "last was 2.0 for 2"),
		reads("line-break-in-sql", "duckdb_query", text("{\"sql\":\"select 1\nas x\"}"), "a text held what JSON writes otherwise"),
		reads("apostrophe-in-sql", "duckdb_query", text(`{"sql":"select \'a\' as x"}`), "a text held what JSON writes otherwise"),
		order("words-of-python", text(`{"symbol":"AAPL","side":"buy","qty":10,"reduce_only":False,"limit":None}`)),
		order("null-as-text", text(`{"symbol":"AAPL","side":"buy","qty":10,"tif":"null","limit":"None"}`)),
		order("nothing-before-them", text("{}"+buyTen)),
		// Where the meaning is not certain the model is asked again, with the place.
		no("single-quotes", text(`{'symbol':'AAPL','side':'buy','qty':10}`), `did you mean {\"symbol\":\"AAPL\",\"side\":\"buy\",\"qty\":10}?`),
		no("torn", text(`{"symbol":"AAPL"`), "at character 16"),
		no("two-objects", text(buyTen+buyTen), "at character 40"),
		no("sell-all-or-ten", text(`{"symbol":"AAPL","side":"sell","qty":10,"target_percent":0}`), "give exactly one"),
		no("no-size-but-zero", text(`{"symbol":"AAPL","side":"buy","qty":0}`), "qty 0"),
		no("symbol-in-small-letters", text(`{"symbol":"aapl","side":"buy","qty":10}`), "UNKNOWN_SYMBOL"),
		no("exit-of-zero", text(`{"symbol":"AAPL","side":"buy","qty":10,"stop_loss":0}`), "stop_loss is 0"),
		no("money-in-words", text(`{"symbol":"AAPL","side":"buy","notional":"$1,000"}`), "not a decimal number"),
		no("twice-the-name", text(`{"symbol":"AAPL","side":"buy","qty":10,"qty":100}`), "duplicate argument"),
		named("name-of-a-template", "functions.orders_submit"),
		named("name-with-number", "functions.orders_submit:0"),
		named("name-default-api", "default_api:orders_submit"),
		named("name-of-a-host", "mcp__pitwall__orders_submit"),
		named("name-of-another-host", "mcp_pitwall_orders_submit"),
		named("name-with-prefix", "pitwall_orders_submit"),
		named("name-in-capitals", "Orders_Submit"),
		named("name-as-a-type", "OrdersSubmit"),
		named("name-with-channel", "orders_submit<|channel|>commentary"),
		{name: "name-with-dot", answer: firstly(called(toolCall(`"index":0,"id":"c1",`, "orders.submit", text(buyTen)))), status: did, fills: 2},
		{name: "name-unknown", answer: firstly(called(toolCall(`"index":0,"id":"c1",`, "order_submit", text(buyTen)))), status: refused, says: "did you mean orders_submit?"},
		both("one-index", toolCall(`"index":0,`, "account_portfolio", text("{}")), toolCall(`"index":0,`, "orders_submit", text(buyTen))),
		both("one-index-two-ids", toolCall(`"index":0,"id":"a",`, "account_portfolio", text("{}")), toolCall(`"index":0,"id":"b",`, "orders_submit", text(buyTen))),
		both("no-index", toolCall(`"id":"a",`, "account_portfolio", text("{}")), toolCall(`"id":"b",`, "orders_submit", text(buyTen))),
		both("one-id-for-two", toolCall(`"index":0,"id":"a",`, "account_portfolio", text("{}")), toolCall(`"index":1,"id":"a",`, "orders_submit", text(buyTen))),
		both("number-as-id", toolCall(`"index":0,"id":7,`, "orders_submit", text(buyTen))),
		both("name-in-parts", toolCall(`"index":0,"id":"a",`, "orders_", text("")), toolCall(`"index":0,`, "submit", text(buyTen))),
		both("name-in-each-part", toolCall(`"index":0,"id":"a",`, "orders_submit", text("")), toolCall(`"index":0,"id":"a",`, "orders_submit", text(buyTen[:9])), toolCall(`"index":0,"id":"a",`, "orders_submit", text(buyTen[9:]))),
		both("new-id-in-each-part", toolCall(`"index":0,"id":"a",`, "orders_submit", text(buyTen[:9])), `{"index":0,"id":"b","function":{"arguments":`+text(buyTen[9:])+`}}`),
		{name: "a-same-id-again", answer: sameID(func(id string) replied { return claude("tool_use", use(id, "account_portfolio", "{}")) }), status: held, says: `"sent": {`},
		{name: "same-id-again", answer: sameID(func(id string) replied {
			return called(toolCall(`"index":0,"id":"`+id+`",`, "account_portfolio", text("{}")))
		}), status: held, says: `"sent": {`},
		{name: "a-id-of-another-form", answer: needs(`"tool_use_id":"call_0_0"`, "id", claude("tool_use", use("functions.x:0", "orders_submit", buyTen))), status: did, fills: 2},
	}
}

// sameID calls twice with one id, and refuses a conversation in which it is there twice.
func sameID(call func(id string) replied) func(ask) replied {
	return func(a ask) replied {
		switch {
		case strings.Count(a.raw, `"id":"one"`) > 1:
			return asJSON(400, `{"error":{"message":"ids must be unique"}}`)
		case a.step < 2:
			return call("one")
		}
		return firstly(replied{})(a)
	}
}

// quirksOfServers are what servers ask for, and how they say no.
func quirksOfServers() []quirk {
	bought := buying(text(buyTen))
	order := toolCall(`"index":0,"id":"c1",`, "orders_submit", text(buyTen))
	with := func(fields string) replied { return called(strings.Replace(order, `"type"`, fields+`,"type"`, 1)) }
	back := func(name, part string, r replied) quirk {
		return quirk{name: name, answer: needs(part, "the "+part+" must be passed back", r), status: did, fills: 2}
	}
	without := func(name, field, body, says string) quirk {
		return quirk{name: name, answer: strict(field, body, bought), status: did, fills: 2, says: says, tries: 1}
	}
	ends := func(name, says string, r replied) quirk {
		return quirk{name: name, answer: always(r), status: failed, says: says}
	}
	thinks := func(field, value string) replied {
		return chat(`"tool_calls"`, `{`+text(field)+`:`+value+`}`, `{"tool_calls":[`+order+`]}`)
	}
	return []quirk{
		{name: "wants-properties", answer: func(a ask) replied {
			for _, x := range a.body["tools"].([]any) {
				f := x.(map[string]any)["function"].(map[string]any)
				if f["parameters"].(map[string]any)["properties"] == nil {
					return asJSON(400, `{"error":{"message":"object schema missing properties"}}`)
				}
			}
			return firstly(bought)(a)
		}, status: did, fills: 2},
		back("wants-reasoning-content", `"reasoning_content":"hm"`, thinks("reasoning_content", `"hm"`)),
		back("wants-reasoning", `"reasoning":"hm"`, thinks("reasoning", `"hm"`)),
		back("wants-details", `"signature":"s1"`, chat(`"tool_calls"`, `{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"h"}]}`,
			`{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"m","signature":"s1"}]}`, `{"tool_calls":[`+order+`]}`)),
		back("wants-blocks", `"thinking_blocks":[{"signature":"s2","thinking":"hm","type":"thinking"}]`, thinks("thinking_blocks", `[{"type":"thinking","thinking":"hm","signature":"s2"}]`)),
		back("wants-what-has-no-name", `"brand_new":{"x":[1.50]}`, thinks("brand_new", `{"x":[1.50]}`)),
		back("wants-thoughts-in-text", "<think>hm</think>", replied{200, "text/event-stream", "data: {\"choices\":[{\"delta\":{\"content\":" + text("<think>hm</think>") + ",\"tool_calls\":[" + order + "]},\"finish_reason\":\"tool_calls\"}]}\n\n"}),
		back("wants-extra-content", `"thought_signature":"c2ln"`, with(`"extra_content":{"google":{"thought_signature":"c2ln"}}`)),
		back("a-wants-blocks", `"signature":"s3"`, claude("tool_use", `{"type":"thinking","thinking":"hm","signature":"s3"}`, use("t", "orders_submit", buyTen))),
		back("a-wants-no-empty-signature", `{"thinking":"hm","type":"thinking"}`, claude("tool_use", `{"type":"thinking","thinking":"hm"}`, use("t", "orders_submit", buyTen))),
		back("g-wants-signature", `"thoughtSignature":"c2ln"`, gemini(`{"thoughtSignature":"c2ln","functionCall":{"name":"orders_submit","args":`+buyTen+`}}`, "STOP")),
		without("knows-max-tokens", "max_completion_tokens", `{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted"}]}`, "max_tokens is sent instead"),
		without("no-stream-options", "stream_options", `{"error":{"message":"Unrecognized request argument supplied: stream_options"}}`, "refuses stream_options: it is left out"),
		without("no-options-at-500", "stream_options", `{"error":{"message":"got an unexpected keyword argument 'stream_options'"}}`, "refuses stream_options"),
		{name: "no-system-role", answer: func(a ask) replied {
			if strings.Contains(a.raw, `"role":"system"`) {
				return asJSON(400, `{"error":{"message":"System role not supported"}}`)
			}
			return firstly(bought)(a)
		}, status: did, fills: 2, says: "it is sent with the first message", tries: 1},
		without("no-additional-properties", "additionalProperties", `{"error":{"message":"Unknown name \"additionalProperties\": Cannot find field."}}`, "refuses additionalProperties"),
		{name: "no-stream", answer: func(a ask) replied {
			if a.body["stream"] == true {
				return asJSON(400, `{"error":"streaming is not supported"}`)
			}
			return firstly(message(`"tool_calls"`, `{"tool_calls":[`+order+`]}`))(a)
		}, status: did, fills: 2, says: "whole answers are asked for", tries: 1},
		{name: "refuses-what-it-sent", answer: func(a ask) replied {
			if strings.Contains(a.raw, `"prefix"`) {
				return asJSON(400, `{"error":{"message":"property 'prefix' is not supported"}}`)
			}
			return firstly(thinks("prefix", "true"))(a)
		}, status: did, fills: 2, says: "refuses prefix", tries: 1},
		{name: "a-no-cache-control", answer: strict("cache_control", `{"error":{"message":"system.0.cache_control: Extra inputs are not permitted"}}`, claude("tool_use", use("t", "orders_submit", buyTen))), status: did, fills: 2, says: "refuses cache_control", tries: 1},
		{name: "g-no-additional-properties", answer: strict("additionalProperties", `{"error":{"code":400,"message":"Unknown name \"additionalProperties\": Cannot find field."}}`, gemini(`{"functionCall":{"name":"orders_submit","args":`+buyTen+`}}`, "STOP")), status: did, fills: 2, says: "refuses additionalProperties", tries: 1},
		ends("no-such-path", "config (404): 404 page not found; check the model's name and base_url", replied{404, "text/plain", "404 page not found"}),
		ends("error-as-text", "config (404): Unexpected endpoint or method", asJSON(200, `{"error":"Unexpected endpoint or method. (POST /chat/completions)"}`)),
		ends("error-as-object", "request (400): maximum context length is 4096 tokens; the turn's conversation is longer", asJSON(200, `{"object":"error","message":"maximum context length is 4096 tokens","code":400}`)),
		ends("login-page", "the answer is a web page: Please log in; check base_url", replied{200, "text/html", "<!doctype html><html><head><style>p{}</style></head><body><p>Please log in</p></body></html>"}),
		ends("too-large-page", "request (413): 413 Too Large", replied{413, "text/html", "<html><body><h1>413 Too Large</h1></body></html>"}),
		ends("no-tool-parser", "config (400): \"auto\" tool choice requires --tool-call-parser; start the server with a tool parser", asJSON(400, `{"object":"error","message":"\"auto\" tool choice requires --tool-call-parser","code":400}`)),
		ends("no-tools", "choose a model that can call tools", asJSON(400, `{"error":"m does not support tools"}`)),
		ends("proxy-unknown-model", "config (400): Invalid model name passed in model=fake-1", asJSON(400, `{"error":{"message":"Invalid model name passed in model=fake-1","code":"400"}}`)),
		ends("proxy-no-channel", "config (503): no channel", asJSON(503, `{"error":{"message":"no channel","code":"model_not_found"}}`)),
		ends("proxy-of-a-provider", "unavailable (502): Provider returned error: rate limited upstream", asJSON(502, `{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"rate limited upstream"}}}`)).tried(4),
		ends("quota-of-the-day", "billing (429): Rate limit exceeded: free-models-per-day", asJSON(200, `{"error":{"message":"Rate limit exceeded: free-models-per-day","code":429}}`)),
		ends("a-no-such-model", "config (404): model: claude-fake", asJSON(404, `{"type":"error","error":{"type":"not_found_error","message":"model: claude-fake"}}`)),
		ends("g-no-such-model", "config (404): models/gemini-3-fake is not found", asJSON(404, `{"error":{"code":404,"message":"models/gemini-3-fake is not found"}}`)),
		{name: "with-a-mark", answer: func(a ask) replied {
			r := firstly(bought)(a)
			r.body = "\xef\xbb\xbf" + r.body
			return r
		}, status: did, fills: 2},
		{name: "comments-and-crlf", answer: func(a ask) replied {
			r := firstly(bought)(a)
			r.body = ": waiting\r\n\r\n" + strings.ReplaceAll(r.body, "\n", "\r\n")
			return r
		}, status: did, fills: 2},
	}
}

func (q quirk) tried(n int) quirk { q.tries = n; return q }
