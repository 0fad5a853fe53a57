"""
What the worst inputs cost: `python worst.py [NAME ...]` reads each in a process of its own and prints MB and seconds.

Each is as large as its reader takes it, or means much more than it is long. A process may take 256 MB more than it
begins with, and no more: one that does not fit has failed.
"""

import contextlib
import io
import json
import os
import resource
import select
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

sys.path.insert(0, str(Path(__file__).parents[1]))

from exposurectl.apply.receipt import read_receipt
from exposurectl.config import load_config
from exposurectl.demo.story import RECORDED
from exposurectl.diagnostics import ExposurectlError
from exposurectl.plan.file import read_plan
from exposurectl.plan.head import read_head
from exposurectl.sources.recorded import read_findings
from exposurectl.targets.pages import page_from
from exposurectl.targets.recorded import read_recorded
from exposurectl.targets.replies import Good, Reply, classify
from exposurectl.targets.rows import server_from_row
from exposurectl.targets.token import Token
from fuzz.files import opened
from yardstick import slowness

MIB = 1024 * 1024
MEMORY = 256 * MIB
SECONDS = 10.0
_FILE, _REPLY = 64 * MIB, 16 * MIB


class Endless(io.RawIOBase):
    """A stream that begins with something and then says the same again and again."""

    def __init__(self, begin: bytes, again: bytes) -> None:
        super().__init__()
        self._begin = begin
        self._again = again * (65_536 // len(again))

    def read(self, size: int = -1) -> bytes:
        del size
        begin, self._begin = self._begin, b""
        return begin or bytes(bytearray(self._again))  # a new one, or all of them would be held as one


def findings(content: bytes) -> None:
    """Read findings from a file."""
    read_findings([("findings", io.BytesIO(content))])


def endless(begin: bytes, again: bytes) -> None:
    """Read findings from a pipe that does not end."""
    read_findings([("findings", cast("BinaryIO", Endless(begin, again)))])


def reply(body: bytes, status: int = 200) -> None:
    """Read what FutureVuls answers where a page of servers was asked for."""
    answer = classify(Reply(status=status, headers={}, body=body), Token("fvgs-0123456789"), RECORDED)
    if isinstance(answer, Good):
        page_from(answer.value, "servers", server_from_row)


def servers(content: bytes) -> None:
    """Read recorded servers."""
    read_recorded([("servers", content)], "web")


def bomb(text: bytes, mebibytes: int) -> bytes:
    """Return so much of a text, packed."""
    packer = zlib.compressobj(9, wbits=31)
    block = text * (MIB // len(text))
    return b"".join([*(packer.compress(block) for _ in range(mebibytes)), packer.flush()])


def full(again: bytes, size: int, *, begin: bytes = b"[", end: bytes = b"0]") -> bytes:
    """Return a document of that size that says the same again and again."""
    return begin + again * ((size - len(begin) - len(end)) // len(again)) + end


def deep(begin: bytes, end: bytes, depth: int) -> bytes:
    """Return a document that nests."""
    return begin * depth + b"0" + end * depth


_PLAN = {"begin": b'{"format_version":1,"changes":[', "end": b"{}]}"}
_NOTES = {"begin": b'{"format_version":1,"warnings":[', "end": b'""]}'}
_PAGE = {"begin": b'{"servers":[', "end": b"{}]}"}

WORST: dict[str, Callable[[], object]] = {
    "a gzip bomb of blanks": lambda: findings(bomb(b" ", 1024)),
    "a gzip bomb of one text": lambda: findings(bomb(b"0" * 1024, 256)),
    "an endless text": partial(endless, b'["', b"x"),
    "an endless list": partial(endless, b"[", b"0,"),
    "an endless page": partial(endless, b'{"findings":[', b'{"type":"x"},'),
    "an endless object": partial(endless, b'{"findings":[],', b'"a":0,'),
    "an endless object with an endless text": partial(endless, b'{"findings":[],"a":"', b"x"),
    "an endless number": partial(endless, b"", b"7"),
    "an endless row without lines": partial(endless, b"", b'{"type":"x"}'),
    "an endless row of long lines": partial(endless, b"", b'{"type":"x"}' * 4_000 + b"\n"),
    "an endless row of lines": partial(endless, b"", b"0\n"),
    "an endless row of events": partial(endless, b"", b'{"detail-type":"x"}\n'),
    "findings that are numbers": lambda: findings(full(b"0,", 16 * MIB)),
    "lines that are numbers": lambda: findings(b"0\n" * (8 * MIB)),
    "findings that are empty": lambda: findings(full(b"{},", 16 * MIB, begin=b'{"findings":[', end=b"{}]}")),
    "a deep list of findings": lambda: findings(deep(b"[", b"]", 100_000)),
    "a deep object of findings": lambda: findings(deep(b'{"findings":', b"}", 100_000)),
    "a deep list on many lines": lambda: findings(deep(b"[\n", b"\n]", MIB)),
    "a reply of empty lists": lambda: reply(full(b"[],", _REPLY)),
    "a reply of small objects": lambda: reply(full(b'{"a":{}},', _REPLY)),
    "a reply of empty servers": lambda: reply(full(b"{},", _REPLY, **_PAGE)),
    "a reply of plain text": lambda: reply(b"A" * _REPLY),
    "a reply of wide text": lambda: reply("\U0001f600".encode() * (_REPLY // 4), 500),
    "a deep reply": lambda: reply(deep(b"[", b"]", 8 * MIB)),
    "recorded servers that are empty lists": lambda: servers(full(b"[],", _FILE)),
    "recorded servers that are numbers": lambda: servers(b"0 " * (_FILE // 2)),
    "a deep list of recorded servers": lambda: servers(deep(b"[", b"]", 100_000)),
    "a plan of empty lists": lambda: read_plan("plan", full(b"[],", _FILE)),
    "a plan of empty changes": lambda: read_plan("plan", full(b"{},", _FILE, **_PLAN)),
    "a plan of warnings": lambda: read_plan("plan", full(b'"",', _FILE, **_NOTES)),
    "a deep plan": lambda: read_plan("plan", deep(b"[", b"]", MIB)),
    "a receipt of outcomes": lambda: read_receipt(
        "receipt", full(b'"a":0,', _FILE, begin=b'{"outcomes":{', end=b'"b":0}}')
    ),
    "HEAD of many": lambda: read_head("HEAD", full(b'"":{},', MIB, begin=b"{", end=b'"":{}}')),
    "a journal of empty lines": lambda: opened(b"\n" * (_FILE - 1)),
    "a config without an end": lambda: load_config(Path("/dev/zero")),
}
"""What is done with each, by name. The inputs themselves are made in the process that reads them."""


def cost(work: Callable[[], object]) -> tuple[float, float] | None:
    """
    Return the MB and the seconds that it takes in a process of its own; None where that is more than 256 MB.

    The seconds are those of a processor that has nothing else to do: the yardstick, once a second meanwhile, tells how
    much slower this one is.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _measured(work, writer)
    os.close(writer)
    slow = []
    while not select.select([reader], [], [], 1)[0]:
        slow.append(slowness())
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    if not said:
        return None
    megabytes, seconds = json.loads(said)
    return megabytes, seconds / statistics.fmean(slow or [1.0])


def _measured(work: Callable[[], object], writer: int) -> None:
    """Do it within the limit, write what it took, and end this process."""
    before = _resident()
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(3 * SECONDS), resource.RLIM_INFINITY))
    begin = time.process_time()
    try:
        with contextlib.suppress(ExposurectlError):
            work()
        took = time.process_time() - begin
        os.write(writer, json.dumps([(_resident() - before) / MIB, took]).encode())
    finally:
        os._exit(0)


def _resident() -> int:
    """Return the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(names: Sequence[str]) -> int:
    """Print what each input costs; the exit code tells whether all are within the limits."""
    codes = [_say(name, cost(WORST[name])) for name in names or WORST]
    return max(codes)


def _say(name: str, costs: tuple[float, float] | None) -> int:
    told = f"{costs[0]:>6.1f} MB {costs[1]:>6.2f} s" if costs else "more than 256 MB, or 30 s"
    sys.stdout.write(f"{name:<40} {told}\n")
    sys.stdout.flush()
    return 0 if costs and costs[1] < SECONDS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
