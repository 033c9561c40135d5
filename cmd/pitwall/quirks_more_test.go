package main

import "strings"

// quirksOfMore are of the kinds of the others, and on no list.
func quirksOfMore() []quirk {
	order := toolCall(`"index":0,"id":"c1",`, "orders_submit", text(buyTen))
	bad := func(name, says string, r replied) quirk {
		return quirk{name: name, answer: always(r), status: failed, says: says, tries: 2}
	}
	works := func(name, says string, r replied) quirk {
		return quirk{name: name, answer: firstly(r), status: did, fills: 2, says: says}
	}
	no := func(name, args, says string) quirk {
		return quirk{name: name, answer: firstly(buying(args)), status: refused, says: says}
	}
	named := func(name, tool string) quirk {
		return works(name, "name_repaired", called(toolCall(`"index":0,"id":"c1",`, tool, text(buyTen))))
	}
	sse := func(lines ...string) replied {
		return replied{200, "text/event-stream", "data: " + strings.Join(lines, "\n\ndata: ") + "\n\n"}
	}
	return []quirk{
		works("repeats-all-at-the-end", "", sse(`{"choices":[{"index":0,"delta":{"tool_calls":[`+order+`]}}]}`, `{"choices":[{"index":0,"message":{"role":"assistant","tool_calls":[`+order+`]},"finish_reason":"tool_calls"}]}`, "[DONE]")),
		works("delta-and-message", "", sse(`{"choices":[{"index":0,"delta":{"tool_calls":[`+order+`]},"message":{"role":"assistant","tool_calls":[`+order+`]},"finish_reason":"tool_calls"}]}`, "[DONE]")),
		works("choices-begin-at-one", "", sse(`{"choices":[{"index":1,"delta":{"tool_calls":[`+order+`]},"finish_reason":"tool_calls"}]}`, "[DONE]")),
		works("one-object-a-line", "", replied{200, "application/x-ndjson", `{"choices":[{"index":0,"delta":{"tool_calls":[` + order + `]}}]}` + "\n" + `{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}` + "\n"}),
		works("stream-as-plain-text", "", replied{200, "text/plain", called(order).body}),
		works("reasoning-as-null-and-list", "", chat(`"tool_calls"`, `{"reasoning":null,"reasoning_content":[{"text":"hm"}]}`, `{"tool_calls":[`+order+`]}`)),
		bad("one-call-no-list", "tool_calls is not a list", message(`"tool_calls"`, `{"tool_calls":`+order+`}`)),
		bad("end-as-an-object", "the model failed", message(`{"type":"stop"}`, `{"content":"RESULT: hold"}`)),
		bad("custom-call", "without the name of a tool", called(`{"index":0,"id":"c1","type":"custom","custom":{"name":"orders_submit","input":`+text(buyTen)+`}}`)),
		bad("event-error", "overloaded, come back later", replied{200, "text/event-stream", "event: error\ndata: {\"message\":\"overloaded, come back later\"}\n\n"}).tried(4),
		bad("base-resp", "insufficient balance", asJSON(200, `{"id":"x","choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}`)).tried(4),
		bad("error-code-msg", "Open api daily request limit reached", asJSON(200, `{"error_code":17,"error_msg":"Open api daily request limit reached"}`)).tried(4),
		bad("code-and-message", "Range of input length", asJSON(200, `{"code":"InvalidParameter","message":"Range of input length should be [1, 30720]","request_id":"r"}`)).tried(4),
		bad("detail-at-200", "Not authenticated", asJSON(200, `{"detail":"Not authenticated"}`)).tried(4),
		bad("errors-as-list", "model is loading", asJSON(200, `{"errors":[{"message":"model is loading"}]}`)).tried(4),
		bad("no-content-at-all", "the answer is empty", replied{204, "", ""}),
		bad("call-of-llama", "as text", said(`[orders_submit(symbol="AAPL", side="buy", qty=10)]`)),
		bad("call-of-gemma", "as text", said("```tool_code\nprint(default_api.orders_submit(symbol=\"AAPL\", side=\"buy\", qty=10))\n```")),
		bad("call-of-dsml", "as text", said(`<｜DSML｜function_calls><｜DSML｜invoke name="orders_submit"><｜DSML｜parameter name="symbol">AAPL</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜function_calls>`)),
		bad("call-of-invoke", "as text", said("Buying now.\n<function_calls>\n<invoke name=\"orders_submit\">\n<parameter name=\"symbol\">AAPL</parameter>\n</invoke>\n</function_calls>")),
		bad("call-of-phi", "as text", said(`functools[{"name": "orders_submit", "arguments": `+buyTen+`}]`)),
		bad("call-of-mistral", "as text", said(`orders_submit[ARGS]`+buyTen)),
		bad("call-of-kimi", "as text", said(`<|tool_calls_section_begin|><|tool_call_begin|>functions.orders_submit:0<|tool_call_argument_begin|>`+buyTen+`<|tool_call_end|><|tool_calls_section_end|>`)),
		bad("call-of-react", "as text", said("Thought: buy.\nAction: orders_submit\nAction Input: "+buyTen)),
		bad("call-of-command-r", "as text", said("Action: ```json\n[{\"tool_name\": \"orders_submit\", \"parameters\": "+buyTen+"}]\n```")),
		bad("call-after-words", "as text", said(`I will buy ten shares. {"name": "orders_submit", "arguments": `+buyTen+`}`)),
		{name: "words-about-a-call", answer: always(said("I called nothing; orders_submit(symbol=AAPL) would cost too much.\nRESULT: hold")), status: held, says: `"result": "hold"`},
		named("name-with-line-break", "orders_submit\n"),
		named("name-in-backticks", "`orders_submit`"),
		named("name-with-brackets", "orders_submit()"),
		named("name-with-hyphen", "orders-submit"),
		named("name-with-slash", "pitwall/orders_submit"),
		named("name-of-tools", "tools.orders_submit"),
		no("fancy-quotes", text(`{“symbol”: “AAPL”, “side”: “buy”, “qty”: 10}`), "at character 2"),
		no("comment-behind", text(buyTen+` // ten shares`), "at character"),
		no("not-a-number", text(`{"symbol":"AAPL","side":"buy","qty":10,"limit":NaN}`), "at character"),
		no("plus-ten", text(`{"symbol":"AAPL","side":"buy","qty":+10}`), "at character"),
		no("grouped-qty", text(`{"symbol":"AAPL","side":"buy","qty":"1,000"}`), "not a decimal number"),
		no("qty-with-words", text(`{"symbol":"AAPL","side":"buy","qty":"10 shares"}`), "not a decimal number"),
		no("schema-as-arguments", text(`{"type":"object","properties":`+buyTen+`}`), "argument type is"),
		no("list-of-orders", text(`[`+buyTen+`,`+buyTen+`]`), "not a valid JSON object"),
		no("field-by-another-name", text(`{"ticker":"AAPL","action":"buy","quantity":10}`), "unknown argument"),
		no("list-of-one-order", text(`[`+buyTen+`]`), "not a valid JSON object: they are ["),
		works("kwargs", "arguments_repaired", buying(text(`{"kwargs":`+buyTen+`}`))),
		no("symbol-as-list", text(`{"symbol":["AAPL"],"side":"buy","qty":10}`), "must be a string; got an array"),
		works("blanks-around", "arguments_repaired", buying(text(`{"symbol":"AAPL","side":" buy ","qty":" 10 "}`))),
		works("ten-in-powers", "", buying(text(`{"symbol":"AAPL","side":"buy","qty":1e1}`))),
		works("a-null-text", "", claude("tool_use", `{"type":"text","text":null}`, use("t", "orders_submit", buyTen))),
		works("a-new-kind-of-block", "", claude("tool_use", `{"type":"brand_new","x":1}`, use("t", "orders_submit", buyTen))),
		works("a-end-turn-with-a-call", "", claude("end_turn", use("t", "orders_submit", buyTen))),
		works("a-input-in-the-start", "", sse(`{"type":"message_start","message":{"model":"m","usage":{"input_tokens":1}}}`, `{"type":"content_block_start","index":0,"content_block":`+use("t", "orders_submit", buyTen)+`}`, `{"type":"content_block_stop","index":0}`, `{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}`, `{"type":"message_stop"}`)),
		{name: "a-no-stop-reason", status: held, answer: always(asJSON(200, `{"type":"message","role":"assistant","content":[{"type":"text","text":"RESULT: hold"}],"stop_reason":null}`))},
		{name: "g-new-field-in-a-part", answer: needs(`"brand_new":{"x":1.50}`, "brand_new must be passed back", gemini(`{"text":"hm","brand_new":{"x":1.50}},{"functionCall":{"name":"orders_submit","args":`+buyTen+`,"other":"y"},"more":[1]}`, "STOP")), status: did, fills: 2},
		{name: "g-new-field-in-a-call", answer: needs(`"other":"y"`, "other must be passed back", gemini(`{"functionCall":{"name":"orders_submit","args":`+buyTen+`,"other":"y"},"more":[1]}`, "STOP")), status: did, fills: 2},
		works("g-args-as-text", "", gemini(`{"functionCall":{"name":"orders_submit","args":`+text(buyTen)+`}}`, "STOP")),
		bad("g-snake-case", "the answer is empty", asJSON(200, `{"candidates":[{"content":{"role":"model","parts":[{"function_call":{"name":"orders_submit","args":`+buyTen+`}}]},"finish_reason":"STOP"}]}`)),
		bad("g-end-as-a-number", "the answer cannot be read", asJSON(200, `{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"orders_submit","args":`+buyTen+`}}]},"finishReason":1}]}`)),
	}
}
