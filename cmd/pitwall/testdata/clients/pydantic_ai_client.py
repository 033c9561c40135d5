from fastmcp.client.transports import StdioTransport
from pydantic_ai.mcp import MCPToolset

from common import CALLS, MODE, TARGET, check, run


async def main():
    server = MCPToolset(StdioTransport(TARGET, ["serve"]) if MODE == "stdio" else TARGET)
    async with server:
        assert len(await server.list_tools()) > 20
        for tool, args, want in CALLS:
            check(tool, await server.direct_call_tool(tool, args), want)


run("pydantic-ai-slim", main)
