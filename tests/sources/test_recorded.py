"""Files of findings in every form that people have them in."""

import gzip
import io
import itertools
import json
import re
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.sources.recorded import RecordedFindings, read_findings

Make = Callable[..., dict[str, Any]]


class Pipe(io.RawIOBase):
    """Standard input: bytes come in small pieces, and there is no going back."""

    def __init__(self, content: bytes) -> None:
        self._pieces = (content[start : start + 7] for start in range(0, len(content), 7))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = next(self._pieces, b"")
        buffer[: len(piece)] = piece
        return len(piece)


def read(*contents: bytes) -> RecordedFindings:
    return read_findings([(f"{index}.json", io.BytesIO(content)) for index, content in enumerate(contents)])


def problems_of(*contents: bytes) -> tuple[Diagnostic, ...]:
    with pytest.raises(ExposurectlError) as caught:
        read(*contents)
    return caught.value.problems


def said_about(*contents: bytes) -> list[str]:
    return [f"{problem.place}: {problem.summary}: {problem.detail}" for problem in problems_of(*contents)]


def as_event(finding: dict[str, Any]) -> dict[str, Any]:
    return {"version": "0", "detail-type": "Inspector2 Finding", "source": "aws.inspector2", "detail": finding}


def pretty(value: object) -> str:
    return json.dumps(value, indent=4, ensure_ascii=False)


def forms(findings: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    one, two, three = findings
    pages = [{"findings": [one], "nextToken": "a"}, {"findings": [two], "nextToken": "b"}, {"findings": [three]}]
    events = [as_event(finding) for finding in findings]
    yield "one page", json.dumps({"findings": findings})
    yield "one page, pretty", pretty({"findings": findings})
    yield "one page, pretty, Windows line ends", pretty({"findings": findings}).replace("\n", "\r\n")
    yield "pages in a row, pretty", "\n".join(map(pretty, pages))
    yield "pages in a row, one a line", "\n".join(map(json.dumps, pages))
    yield "pages in a row, nothing between", "".join(map(json.dumps, pages))
    yield (
        "a compact page and then pretty ones",
        json.dumps(pages[0]) + "\n" + pretty(pages[1]) + "\n" + pretty(pages[2]),
    )
    yield "a list of pages", json.dumps(pages)
    yield "a bare list", json.dumps(findings)
    yield "a bare list, pretty", pretty(findings)
    yield "one finding a line", "\n".join(map(json.dumps, findings))
    yield "one finding a line, blank lines", "\n\n" + "\r\n \n".join(map(json.dumps, findings)) + "\n\n"
    yield "findings in a row, pretty", "\n".join(map(pretty, findings))
    yield "one event a line", "\n".join(map(json.dumps, events))
    yield "a list of events, pretty", pretty(events)
    yield "events in a row, pretty", "\n".join(map(pretty, events))
    yield "a mixed list", json.dumps([one, events[1], {"findings": [three]}])
    yield "lists in lists", json.dumps([[one, [two]], [three]])


PACKINGS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, other end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip of UTF-16": lambda text: gzip.compress(text.encode("utf-16")),
    "gzip in members": lambda text: b"".join(
        gzip.compress(text.encode()[start : start + 1000]) for start in range(0, len(text.encode()), 1000)
    ),
    "gzip, padded": lambda text: gzip.compress(text.encode()) + b"\0" * 512,
}
FORMS = [name for name, _ in forms([{}, {}, {}])]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_findings(made_finding: Make, form: str, packing: str) -> None:
    findings = [made_finding(number, title=f"日本 {number}") for number in (1, 2, 3)]
    content = PACKINGS[packing](dict(forms(findings))[form])

    from_file = read(content)
    from_pipe = read_findings([("-", io.BufferedReader(Pipe(content)))])

    assert from_file == from_pipe == read(json.dumps(findings).encode())
    assert [finding.instance for finding in from_file.findings] == [f"i-{number:017x}" for number in (1, 2, 3)]
    assert from_file.records == 3


def test_an_instance_is_as_its_newest_finding_describes_it(made_finding: Make) -> None:
    def tagged(number: int, year: int, tags: dict[str, str]) -> dict[str, Any]:
        finding = made_finding(number, updatedAt=f"{year}-01-01T00:00:00Z")
        return finding | {"resources": [finding["resources"][0] | {"id": "i-1", "tags": tags}]}

    old, new, tie = tagged(1, 2024, {"Env": "old"}), tagged(2, 2025, {}), tagged(3, 2024, {"Env": "tie"})

    for findings in itertools.permutations([old, new, tie]):
        assert [instance.tags for instance in read(json.dumps(findings).encode()).instances] == [()]
    one, other = (read(json.dumps(findings).encode()).instances for findings in ([old, tie], [tie, old]))
    assert one == other


def test_all_that_closed_records_of_one_time_say_is_kept_in_any_order(made_finding: Make) -> None:
    def closed(port: int) -> dict[str, Any]:
        ports = {"protocol": "TCP", "openPortRange": {"begin": port, "end": port}}
        return made_finding(1, status="CLOSED", networkReachabilityDetails=ports)

    for findings in itertools.permutations([closed(22), closed(80), closed(443)]):
        kept = read(json.dumps(findings).encode()).findings
        assert [finding.ports.begin for finding in kept] == [22, 443, 80]


def test_gzip_that_ends_on_any_byte_of_a_block_is_read_whole(made_finding: Make) -> None:
    text = json.dumps([made_finding()]).encode()

    for spaces in range((1 << 20) - len(text) - 8, (1 << 20) - len(text) + 8):
        assert len(read(gzip.compress(text + b" " * spaces, 1)).findings) == 1


def test_what_is_no_network_finding_on_an_instance_is_counted(made_finding: Make) -> None:
    other = {"type": "NETWORK_REACHABILITY", "resources": [{"type": "AWS_LAMBDA_FUNCTION"}]}
    package = {"type": "PACKAGE_VULNERABILITY", "findingArn": "arn:1"}
    event = {"detail-type": "Inspector2 Scan", "detail": {}}

    recorded = read(json.dumps([made_finding(), other, package, package | {"findingArn": "arn:2"}, event]).encode())

    assert recorded.passed_over == (
        ("NETWORK_REACHABILITY on AWS_LAMBDA_FUNCTION", 1),
        ("PACKAGE_VULNERABILITY", 2),
        ("event 'Inspector2 Scan'", 1),
    )
    assert len(recorded.findings) == 1


@pytest.mark.parametrize("empty", [b"[]", b'{"findings": []}', b'{"findings": []}\n{"findings": []}'])
def test_an_empty_list_is_no_error(empty: bytes) -> None:
    recorded = read(empty)

    assert (recorded.findings, recorded.instances, recorded.records) == ((), (), 0)


UNKNOWN = "0.json: Not findings: This is no form of findings that exposurectl knows"
DAMAGED_TEXTS: list[tuple[bytes, str]] = [
    (b"", "0.json: Empty file: There is nothing in the file, not even an empty list."),
    (b" \r\n\t", "0.json: Empty file: There is nothing in the file, not even an empty list."),
    (b"\xff\xfe", "0.json: Empty file: There is nothing in the file, not even an empty list."),
    (gzip.compress(b"", mtime=0), "0.json: Empty file: There is nothing in the file, not even an empty list."),
    (b"null", "0.json: Not findings: This is neither an object nor a list."),
    (b"7", "0.json: Not findings: This is neither an object nor a list."),
    (b'"x"', "0.json: Not findings: This is neither an object nor a list."),
    (b"{}", f"{UNKNOWN}."),
    (
        b'{"findings": 1}',
        f"{UNKNOWN}: findings: expected `array`, got `int`.",
    ),
    (
        b'{"detail-type": 1}',
        f"{UNKNOWN}: detail-type: expected `str`, got `int`.",
    ),
    (
        b'{"findings": [], "\xff": []}',
        f"{UNKNOWN}: $: not UTF-8.",
    ),
    (
        b'{"detail-type": "\xff"}',
        f"{UNKNOWN}: $: not UTF-8.",
    ),
    (
        b'{"findings": [], "findings": []}',
        f"{UNKNOWN}: $: a key stands twice.",
    ),
    (
        b'{"Findings": []}',
        "0.json: Not findings: This is the finding format of Security Hub and of Inspector Classic (ASFF).",
    ),
    (b"[[[[[]]]]]", "0.json: Not findings: This is a list that stands in three other lists."),
    (b'{"a": 1,}', "0.json:1:9: Invalid JSON: This is not JSON: expecting property name enclosed in double quotes."),
    (b'{\n "a": 1\n "b": 2}', "0.json:3:2: Invalid JSON: This is not JSON: expecting ',' delimiter."),
    (b'{"type": "X"}\n\n{"type" "X"}', "0.json:3:9: Invalid JSON: This is not JSON: expecting ':' delimiter."),
    (b'{"type": "X"}\n{\n"type": ', "0.json:3:9: Invalid JSON: This is not JSON: expecting value."),
    (b'{"type": "X"} ]', "0.json:1:15: Invalid JSON: This is not JSON: expecting value."),
    (b'{"type": NaN}', "0.json:1:10: Invalid JSON: This is not JSON: invalid character."),
    (b'{"a": "\\ud800"}', "0.json:1:1: Invalid JSON: This is not JSON: a string holds half a surrogate pair."),
    (b'{"type": "X"}\n{"a": \n"\xff" 5}', "0.json:3:5: Invalid JSON: This is not JSON: expecting ',' delimiter."),
    (
        b'{"detail-type": "Inspector2 Finding", "findings": []}',
        "0.json: Not findings: This is both an event and a list of findings.",
    ),
    (b"[" * 100_000, "0.json:1:4: Invalid JSON: This is not JSON: nested too deeply."),
    (b'{"a":' * 100_000, "0.json:1:1: Invalid JSON: This is not JSON: nested too deeply."),
    (
        b'{"type": "X", "a": ' + b"9" * 5000 + b"}",
        "0.json: Damaged finding: Finding 0 (counting from 0): [...]: integer value out of range.",
    ),
    (
        b'{"type": "X", "a": 1e400}',
        "0.json: Damaged finding: Finding 0 (counting from 0): [...]: number out of range.",
    ),
    (
        b'{"type": "X", "a": "\xff"}',
        "0.json: Damaged finding: Finding 0 (counting from 0): $: not UTF-8.",
    ),
    (
        b'{"type": "X", "a": {"status": "ACTIVE", "status": "CLOSED"}}',
        "0.json: Damaged finding: Finding 0 (counting from 0): 'status': stands twice in one object.",
    ),
    (
        rb'{"type": "X", "a": "\u0022\u0022", "type": "X"}',
        "0.json: Damaged finding: Finding 0 (counting from 0): 'type': stands twice in one object.",
    ),
    (
        b'{"detail-type": "Inspector2 Finding"}',
        "0.json: Damaged finding: Finding 0 (counting from 0): $: expected `object`, got `null`.",
    ),
    (
        b'[{"type": "X"}, {"type": "X", "a": "' + b"x" * (1 << 20) + b'"}]',
        "0.json: Damaged finding: Finding 1 (counting from 0): $: the finding is larger than 1 MiB.",
    ),
    (
        gzip.compress(b'{"findings": []}', mtime=0)[:-9],
        "0.json: Unreadable file: The gzip data ends before its end: the file is truncated.",
    ),
    (
        b"\x1f\x8bnonsense",
        (
            "0.json: Unreadable file: The gzip data is damaged: "
            "Error -3 while decompressing data: unknown compression method."
        ),
    ),
    (
        b'[{"type": "X"},\n "' + b"x" * (2 << 20) + b'"]',
        "0.json:2:2: Too large: A value of more than 2,097,152 bytes begins here, and no finding is as large.",
    ),
    (b"\xff\xfe\x00\xd8[\x00", "0.json: Unreadable file: The file begins like UTF-16 and is not."),
]


@pytest.mark.parametrize(("content", "said"), DAMAGED_TEXTS, ids=[repr(text[:40]) for text, _ in DAMAGED_TEXTS])
def test_a_file_that_is_no_findings_is_refused_with_the_reason(content: bytes, said: str) -> None:
    assert said_about(content) == [said]


def test_an_escaped_quote_is_no_repeated_key() -> None:
    assert read(rb'{"type": "X", "a": "\u0022\u0022"}').passed_over == (("X", 1),)


def test_the_problems_of_all_files_are_raised_at_once(made_finding: Make) -> None:
    pages = [
        {"findings": [made_finding(1), made_finding(2, status="?")]},
        {"findings": [made_finding(3, findingArn="")]},
    ]
    damaged = "\n".join(map(pretty, pages)).encode()

    assert said_about(damaged, b"", damaged[:-1]) == [
        "0.json: Damaged finding: Finding 1 (counting from 0): status: expected ACTIVE, SUPPRESSED or CLOSED, got '?'.",
        "0.json: Damaged finding: Finding 2 (counting from 0): findingArn: empty.",
        "1.json: Empty file: There is nothing in the file, not even an empty list.",
        "2.json: Damaged finding: Finding 1 (counting from 0): status: expected ACTIVE, SUPPRESSED or CLOSED, got '?'.",
        "2.json:278:1: Invalid JSON: This is not JSON: expecting ',' delimiter.",
    ]


def test_only_fifty_problems_are_listed_and_the_rest_counted(made_finding: Make) -> None:
    problems = problems_of(json.dumps([made_finding(number, status="") for number in range(62)]).encode())

    assert len(problems) == 51
    assert problems[-1] == Diagnostic(summary="More problems", detail="And 12 more that are not listed here.")


def test_a_listing_whose_last_page_is_missing_is_refused(made_finding: Make) -> None:
    page = json.dumps({"findings": [made_finding()], "nextToken": "t"}).encode()

    assert problems_of(page) == (
        Diagnostic(
            summary="Last page missing",
            detail="Every page names a next one (nextToken), so the list of findings is not complete.",
            hint="Run `aws inspector2 list-findings` without --max-items and --no-paginate, or add the missing pages.",
            place=Place("0.json"),
        ),
    )
    assert len(read(page, b'{"findings": [], "nextToken": null}').findings) == 1


def test_more_than_a_million_findings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exposurectl.sources.collection.MOST_RECORDS", 3)

    assert said_about(b'{"type": "X"}\n' * 3 + b'{"type": "Y"}') == [
        "0.json: Too many findings: The limit is 1,000,000 findings."
    ]


def test_a_decompression_bomb_is_refused_quickly() -> None:
    squeezer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(squeezer.compress(b" " * (1 << 20)) for _ in range(256)), squeezer.flush()])
    began = time.monotonic()

    said = said_about(bomb, gzip.compress(bomb))

    assert time.monotonic() - began < 5
    assert said[0] == (
        "0.json: Unreadable file: The gzip data expands to more than 200 times its size: "
        "it looks like a decompression bomb."
    )
    assert len(said) == 2


def test_a_file_of_countless_tiny_gzip_members_is_refused_quickly() -> None:
    began = time.monotonic()

    said = said_about(gzip.compress(b"") * 200_000)

    assert time.monotonic() - began < 10
    assert said == ["0.json: Unreadable file: More than 100,000 gzip files stand in a row in the file."]


@pytest.mark.parametrize(
    ("limit", "content", "said"),
    [
        ("LARGEST", b" " * 2000, "The file is larger than 2 GiB."),
        ("LARGEST", gzip.compress(b" " * 2000, mtime=0), "The file is larger than 2 GiB."),
        ("LARGEST_PACKED", gzip.compress(bytes(range(256)) * 4, mtime=0), "The file is larger than 64 MiB compressed."),
    ],
)
def test_a_file_beyond_the_limits_is_refused(
    monkeypatch: pytest.MonkeyPatch, limit: str, content: bytes, said: str
) -> None:
    monkeypatch.setattr(f"exposurectl.sources.streams.{limit}", 100)

    assert said_about(content) == [f"0.json: Unreadable file: {said}"]


def test_a_file_that_cannot_be_read_is_named() -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, _: Any, /) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(ExposurectlError) as caught:
        read_findings([("tape", io.BufferedReader(Broken()))])

    assert [problem.detail for problem in caught.value.problems] == ["Reading it failed: Input/output error."]


def test_a_long_file_of_lines_is_not_held_in_memory(made_finding: Make, tmp_path: Path) -> None:
    line = json.dumps(made_finding()).encode() + b"\n"
    (tmp_path / "long.ndjson").write_bytes(line * 1000)

    tracemalloc.start()
    with (tmp_path / "long.ndjson").open("rb") as file:
        recorded = read_findings([("long.ndjson", file)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (recorded.records, len(recorded.findings)) == (1000, 1)
    assert peak < 1000 * len(line) // 4


def test_a_digest_names_its_kind(made_finding: Make) -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", read(json.dumps([made_finding()]).encode()).digest)


def test_a_file_of_nothing_but_problems_is_given_up_after_ten_thousand() -> None:
    said = said_about(b"0\n" * 1_000_000)

    assert len(said) == 51
    assert said[-1].endswith("And 9,950 more that are not listed here.")


def test_events_count_towards_the_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exposurectl.sources.collection.MOST_RECORDS", 3)

    assert said_about(b'{"detail-type": "X"}\n' * 3 + b'{"type": "Y"}') == [
        "0.json: Too many findings: The limit is 1,000,000 findings."
    ]


def test_countless_kinds_of_other_records_are_counted_together() -> None:
    lines = b"".join(b'{"type": "%d"}\n' % number for number in range(1_200)) + b'{"type": "' + b"x" * 5_000 + b'"}'

    recorded = read_findings([("0.json", io.BytesIO(lines))])

    assert len(recorded.passed_over) == 1_001
    assert dict(recorded.passed_over)["other kinds"] == 201
    assert max(len(kind) for kind, _ in recorded.passed_over) <= 200
