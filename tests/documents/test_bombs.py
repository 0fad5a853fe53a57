"""YAML bombs: each is refused before it costs anything."""

import sys
import time
import tracemalloc

import pytest

from exposurectl.documents import check, read_yaml

MIB = 1024 * 1024
SECONDS = 1 if sys.gettrace() is None else 5  # measuring coverage makes Python several times slower

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
    "a list in a key": b"? [" + b"0," * 500_000 + b"]",
    "a list": b"[" + b"0," * 500_000 + b"]",
    "keys": b"".join(b"k%06d: 1\n" % n for n in range(80_000)),
    "duplicate keys": b"a: 1\n" * 200_000,
    "merge keys": b"{" + b"<<: {}, " * 100_000 + b"}",
    "merged anchors": b"a: &a {b: 1}\n" + b"".join(b"c%d: {<<: *a}\n" % n for n in range(50_000)),
    "documents": b"---\n" * 250_000,
    "tags": b"- !!python/object:x.y {}\n" * 40_000,
    "invisible characters": "\u202e".encode() * 340_000,
    "a number": b"version: " + b"9" * 1_000_000,
    "a word": b"version: " + b"x" * 1_000_000,
    "rules that are none": b"version: 1\nrules: [" + b"{}," * 45_000 + b"]",
    "unknown keys": b"".join(b"k%05d: 1\n" % n for n in range(49_000)),
    "an unfinished quotation": b'a: "' + b"\\u0041" * 170_000,
    "too many bytes": b"a: 1\n" * MIB,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_quickly_and_in_few_words(name: str) -> None:
    begin = time.process_time()

    document, problems = read_yaml("a.yaml", BOMBS[name])
    if document is not None:
        problems = [*problems, *check(document, "policy")]

    assert problems
    assert time.process_time() - begin < SECONDS
    assert len(problems) <= 102
    assert all(len(problem.detail) < 200 for problem in problems)


@pytest.mark.parametrize("name", ["a billion laughs", "a quadratic blowup", "deep lists in a key", "merged anchors"])
def test_a_bomb_takes_no_more_memory_than_its_text(name: str) -> None:
    tracemalloc.start()

    try:
        read_yaml("a.yaml", BOMBS[name])
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 16 * MIB
