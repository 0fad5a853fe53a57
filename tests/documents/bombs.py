"""
YAML bombs, and what each costs: `python bombs.py` reads each in a process of its own and prints its seconds.

A child may take 64 MB more than its parent has, and no more: it dies of what does not fit.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

from exposurectl.documents import check, read_yaml

MIB = 1024 * 1024
MEMORY = 64 * MIB
USUAL = "version: 1\nrules:\n" + "".join(
    f"  - {{id: r{n}, level: open, because: Because., match: {{ports: [{n}], path: {{origin: [internet-gateway]}}}}}}\n"
    for n in range(500)
)
"""An ordinary policy of 500 rules, which tells how fast this machine is just now."""

BOMBS = {
    "a billion laughs": b"a0: &a0 [x, x]\n"
    + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 99)),
    "a quadratic blowup": b"a: &a " + b"x" * 100_000 + b"\nb: [" + b"*a, " * 100_000 + b"]",
    "deep lists": b"[" * 500_000,
    "deep lists, closed": b"[" * 250_000 + b"]" * 250_000,
    "deep mappings": b"{a: " * 200_000,
    "deep dashes": b"- " * 500_000,
    "deep keys": b"? " * 500_000,
    "deep lists in a key": b"? " + b"[" * 500_000,
    "deep lists after a duplicate key": b"a: 1\na: " + b"[" * 500_000,
    "duplicate keys": b"a: 1\n" * 200_000,
    "merge keys": b"{" + b"<<: {}, " * 100_000 + b"}",
    "merged anchors": b"a: &a {b: 1}\n" + b"".join(b"c%d: {<<: *a}\n" % n for n in range(50_000)),
    "documents": b"---\n" * 250_000,
    "tags": b"- !!python/object:x.y {}\n" * 40_000,
    "invisible characters": "\u202e".encode() * 340_000,
    "a number": b"version: " + b"9" * 1_000_000,
    "a word": b"version: " + b"x" * 1_000_000,
    "an unfinished quotation": b'a: "' + b"\\u0041" * 170_000,
    "too many bytes": b"a: 1\n" * MIB,
}
"""Small texts that mean much: each is given up before it is read."""

LARGEST = {
    "a list in a key": b"? [" + b"0," * 500_000 + b"]",
    "a list": b"[" + b"0," * 500_000 + b"]",
    "keys": b"".join(b"k%06d: 1\n" % n for n in range(80_000)),
    "rules that are none": b"version: 1\nrules: [" + b"{}," * 45_000 + b"]",
    "unknown keys": b"".join(b"k%05d: 1\n" % n for n in range(49_000)),
}
"""Texts about as large as what is read at all, and wrong throughout."""


def problems_of(content: bytes) -> list[str]:
    """Return what is said of a policy file."""
    document, problems = read_yaml("a.yaml", content)
    if document is not None:
        problems = [*problems, *check(document, "policy")]
    return [problem.detail for problem in problems]


def seconds(content: bytes) -> float:
    """Return the processor time that reading takes."""
    begin = time.process_time()
    problems_of(content)
    return time.process_time() - begin


def seconds_apart(content: bytes) -> float | None:
    """Return the same of a process that may take 64 MB more than this one; None where that is too little."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        try:
            os.write(writer, repr(seconds(content)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.wait()
    with os.fdopen(reader) as answer:
        said = answer.read()
    return float(said) if said else None


def main() -> None:
    """Print the seconds of every text, and of the ordinary policy."""
    problems_of(USUAL.encode())  # what is read once and kept is nobody's cost
    cost = {name: seconds_apart(content) for name, content in {**BOMBS, **LARGEST}.items()}
    usual = seconds_apart(USUAL.encode())
    json.dump({"usual": usual, "cost": cost}, sys.stdout)


if __name__ == "__main__":
    main()
