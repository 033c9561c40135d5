import asyncio

from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client

from common import CALLS, MODE, TARGET, check, run


async def main():
    server = stdio_client(StdioServerParameters(command=TARGET, args=["serve"])) if MODE == "stdio" else TARGET
    async with Client(server) as client:
        assert len((await client.list_tools()).tools) > 20
        for tool, args, want in CALLS:
            check(tool, (await client.call_tool(tool, args)).content[0].text, want)
        heard = asyncio.Event()

        async def progress(done, total, message):
            heard.set()

        endless = "SELECT count(*) FROM generate_series(1, 10000) a, generate_series(1, 10000) b, generate_series(1, 10000) c"
        call = asyncio.create_task(client.call_tool("duckdb_query", {"sql": endless}, progress_callback=progress))
        await asyncio.wait_for(heard.wait(), 30)
        call.cancel()


run("mcp", main)
