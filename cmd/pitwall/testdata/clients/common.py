"""What the clients share: where the server is, ten calls, and what each must answer."""

import asyncio
import json
import pathlib
import sys
from importlib.metadata import version

CALLS = json.loads(pathlib.Path(__file__).with_name("calls.json").read_text())
MODE, TARGET = sys.argv[1], sys.argv[2]  # stdio PROGRAM, or http URL


def check(tool, answer, want):
    text = str(answer)
    assert want in text and "error " not in text[:8], f"{tool}: {text[:300]}"


def run(package, main):
    asyncio.run(asyncio.wait_for(main(), 100))
    print("ok", len(CALLS), "calls", MODE, package, version(package))
