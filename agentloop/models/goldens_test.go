package models

// cassettes are the replies of the recorded answers. A script apart from this
// package summed up the recorded streams, and each was compared with it.
var cassettes = map[string]string{
	"test_multiple_agent_tool_calls/0":                             "gemini-2.0-flash-exp calls in=23 out=5 read=0 write=0 reasoning=0 estimated=false || call_0_0 get_capital{\"country\":\"France\"}",
	"test_multiple_agent_tool_calls/1":                             "gemini-2.0-flash-exp end in=35 out=8 read=0 write=0 reasoning=0 estimated=false |The capital of France is Paris.\n|",
	"test_multiple_agent_tool_calls/2":                             "gpt-4o-mini-2024-07-18 calls in=104 out=16 read=0 write=0 reasoning=0 estimated=false || call_SkEQ3ZGSJC8m6AvaIGNuuKdm get_capital{\"country\":\"England\"}",
	"test_multiple_agent_tool_calls/3":                             "gpt-4o-mini-2024-07-18 end in=129 out=9 read=0 write=0 reasoning=0 estimated=false |The capital of England is London.|",
	"test_openai_instructions_with_tool_calls_keep_instructions/0": "gpt-4.1-mini-2025-04-14 calls in=50 out=15 read=0 write=0 reasoning=0 estimated=false || call_bhZkmIKKItNGJ41whHUHB7p9 get_temperature{\"city\":\"Tokyo\"}",
	"test_openai_instructions_with_tool_calls_keep_instructions/1": "gpt-4.1-mini-2025-04-14 end in=75 out=15 read=0 write=0 reasoning=0 estimated=false |The temperat...59...ees Celsius.|",
	"test_run_stream_sync_streams_real_model/0":                    "gpt-4o-mini-2024-07-18 calls in=53 out=15 read=0 write=0 reasoning=0 estimated=false || call_ZR5UUuTt3pf61kjwAJIYdVMj get_capital{\"country\":\"UK\"}",
	"test_run_stream_sync_streams_real_model/1":                    "gpt-4o-mini-2024-07-18 end in=78 out=9 read=0 write=0 reasoning=0 estimated=false |The capital of the UK is London.|",
	"test_anthropic_count_tokens_error/0":                          "config (404): model: claude-does-not-exist; check the model's name and base_url",
	"test_anthropic_model_thinking_part_stream/0":                  "claude-sonnet-4-20250514 end in=43 out=282 read=0 write=0 reasoning=0 estimated=false |Here are the...1021...ing streets.| thought This is a st...202...t accidents. [EvMCCkYICxgC...504...P/UhjfQYAQ==] []",
	"test_anthropic_tool_output/0":                                 "claude-sonnet-4-5-20250929 calls in=445 out=23 read=0 write=0 reasoning=0 estimated=false || toolu_01X9wcHKKAZD9tBC711xipPa get_user_country{}",
	"test_anthropic_tool_output/1":                                 "claude-sonnet-4-5-20250929 calls in=497 out=56 read=0 write=0 reasoning=0 estimated=false || toolu_01LZABsgreMefH2Go8D5PQbW final_result{\"city\":\"Mexico City\",\"country\":\"Mexico\"}",
	"test_multiple_parallel_tool_calls/0":                          "claude-haiku-4-5-20251001 calls in=423 out=202 read=0 write=0 reasoning=0 estimated=false |I'll help yo...156... their ages.| toolu_0167cfEnoQaPviGdVXA95zcu retrieve_entity_info{\"name\":\"Alice\"} toolu_01EEe2V5HD1Ac4rKiUR4HD2T retrieve_entity_info{\"name\":\"Bob\"} toolu_01XFyAjstT3966qvRynZyVPo retrieve_entity_info{\"name\":\"Charlie\"} toolu_013mnQZbgtK2oe3Mo3XKJsx3 retrieve_entity_info{\"name\":\"Daisy\"}",
	"test_multiple_parallel_tool_calls/1":                          "claude-haiku-4-5-20251001 end in=771 out=77 read=0 write=0 reasoning=0 estimated=false |Based on the...340...ily members.|",
	"test_request_stream_fallback_for_high_max_tokens/0":           "claude-sonnet-4-5-20250929 end in=20 out=5 read=0 write=0 reasoning=0 estimated=false |2|",
	"test_google_instructions_only_with_tool_calls/0":              "gemini-3-flash-preview calls in=83 out=220 read=0 write=0 reasoning=190 estimated=false || call_0_0 generate_topic{} call_0_1 generate_topic{} call_0_2 generate_topic{} [Es8FCswFAXLI...964...3UHrkQCEaZs=] [] []",
	"test_google_instructions_only_with_tool_calls/1":              "gemini-3-flash-preview calls in=348 out=50 read=0 write=0 reasoning=40 estimated=false || call_1_0 generate_topic{} [EtkBCtYBAXLI...296...eI9y8HpJCA==]",
	"test_google_instructions_only_with_tool_calls/2":              "gemini-3-flash-preview calls in=415 out=115 read=0 write=0 reasoning=105 estimated=false || call_2_0 generate_topic{} [EssDCsgDAXLI...616...rA8DTW/WZxvH]",
	"test_google_instructions_only_with_tool_calls/3":              "gemini-3-flash-preview calls in=546 out=116 read=0 write=0 reasoning=106 estimated=false || call_3_0 generate_topic{} [EsEDCr4DAXLI...604...zY/c69jCfzM=]",
	"test_google_instructions_only_with_tool_calls/4":              "gemini-3-flash-preview calls in=679 out=300 read=0 write=0 reasoning=235 estimated=false || call_4_0 final_result{\"response\":[\"What kind of car does a sheep drive? A Lamborghini!\",\"Why don't you see penguins in Great Britain? Because they're afraid of Wales!\",\"What happened when the wheel was invented? It caused a revolution!\"]} [EocHCoQHAXLI...1208...cBk4Z58DJhSx]",
	"test_google_model_stream/0":                                   "gemini-2.0-flash-exp end in=13 out=8 read=0 write=0 reasoning=0 estimated=false |The capital of France is Paris.\n|",
	"test_google_streaming_tool_call_thought_signature/0":          "gemini-3-pro-preview calls in=29 out=212 read=0 write=0 reasoning=202 estimated=false || call_0_0 get_country{} [EpwICpkIAXLI...1408...AXOk15QuFyU=]",
	"test_google_streaming_tool_call_thought_signature/1":          "gemini-3-pro-preview end in=257 out=8 read=0 write=0 reasoning=0 estimated=false |The capital of Mexico is Mexico City.|",
	"test_google_tool_output/0":                                    "gemini-2.0-flash calls in=33 out=5 read=0 write=0 reasoning=0 estimated=false || call_0_0 get_user_country{}",
	"test_google_tool_output/1":                                    "gemini-2.0-flash calls in=47 out=8 read=0 write=0 reasoning=0 estimated=false || call_1_0 final_result{\"city\":\"Mexico City\",\"country\":\"Mexico\"}",
}
