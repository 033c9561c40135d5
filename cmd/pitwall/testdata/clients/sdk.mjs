// node sdk.mjs stdio PROGRAM [ARGS], or http URL: ten calls with the TypeScript SDK.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.PITWALL_CLIENTS + "/node_modules/");
const load = (name) => import(pathToFileURL(require.resolve("@modelcontextprotocol/sdk/" + name)));
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");
const { StreamableHTTPClientTransport } = await load("client/streamableHttp.js");

const [mode, target, ...args] = process.argv.slice(2);
const client = new Client({ name: "sdk.mjs", version: "1" });
await client.connect(mode === "stdio" ? new StdioClientTransport({ command: target, args: args.length ? args : ["serve"], stderr: "ignore" }) : new StreamableHTTPClientTransport(new URL(target)));
assert((await client.listTools()).tools.length > 20);
const calls = JSON.parse(readFileSync(new URL("calls.json", import.meta.url)));
for (const [tool, input, want] of calls) {
	const answer = await client.callTool({ name: tool, arguments: input });
	assert(!answer.isError && answer.content[0].text.includes(want), `${tool}: ${answer.content[0].text}`);
}
await client.close();
console.log("ok", calls.length, "calls", mode);
process.exit(0);
