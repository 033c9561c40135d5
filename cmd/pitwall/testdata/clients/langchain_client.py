"""One session for all calls: without it the adapter starts a process, and so a world, per call."""

from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

from common import CALLS, MODE, TARGET, check, run


async def main():
    server = {"transport": "stdio", "command": TARGET, "args": ["serve"]} if MODE == "stdio" else {"transport": "streamable_http", "url": TARGET}
    client = MultiServerMCPClient({"pitwall": server})
    async with client.session("pitwall") as session:
        tools = {t.name: t for t in await load_mcp_tools(session)}
        assert len(tools) > 20
        for tool, args, want in CALLS:
            check(tool, await tools[tool].ainvoke(args), want)


run("langchain-mcp-adapters", main)
