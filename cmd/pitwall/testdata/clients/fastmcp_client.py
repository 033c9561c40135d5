from fastmcp import Client
from fastmcp.client.transports import StdioTransport

from common import CALLS, MODE, TARGET, check, run


async def main():
    async with Client(StdioTransport(TARGET, ["serve"]) if MODE == "stdio" else TARGET) as client:
        assert len(await client.list_tools()) > 20
        for tool, args, want in CALLS:
            check(tool, (await client.call_tool(tool, args)).content[0].text, want)


run("fastmcp", main)
