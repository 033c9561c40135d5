"""Every call goes through the strict schema: each field is present, null where it is not meant."""

import json

from agents.mcp import MCPServerStdio, MCPServerStreamableHttp, MCPUtil
from agents.tool_context import ToolContext

from common import CALLS, MODE, TARGET, check, run


async def main():
    if MODE == "stdio":
        server = MCPServerStdio(params={"command": TARGET, "args": ["serve"]}, client_session_timeout_seconds=30)
    else:
        server = MCPServerStreamableHttp(params={"url": TARGET}, client_session_timeout_seconds=30)
    async with server:
        tools = {t.name: MCPUtil.to_function_tool(t, server, convert_schemas_to_strict=True) for t in await server.list_tools()}
        assert len(tools) > 20
        loose = [name for name, t in tools.items() if not t.strict_json_schema]
        assert "orders_submit" not in loose, loose
        for tool, args, want in CALLS:
            strict = {name: None for name in tools[tool].params_json_schema.get("required", [])} | args
            text = json.dumps(strict)
            context = ToolContext(context=None, tool_name=tool, tool_call_id="call", tool_arguments=text)
            check(tool, await tools[tool].on_invoke_tool(context, text), want)
        print("strict tools", len(tools) - len(loose), "of", len(tools))


run("openai-agents", main)
