"""What holds of recorded findings whatever they are."""

import io
import itertools
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import FindingStatus
from exposurectl.sources.recorded import RecordedFindings, read_findings

Make = Callable[..., dict[str, Any]]

STATUSES = st.sampled_from(["ACTIVE", "SUPPRESSED", "CLOSED"])
TIMES = st.sampled_from([1.7e9, "2024-09-05T13:06:56Z", "Thu Sep 05 13:06:56.000 UTC 2024", 1.6e9, None])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def findings_of_a_few(draw: st.DrawFn, made_finding: Make) -> list[dict[str, Any]]:
    """Return records of a few findings, several of the same one in different states."""
    return [
        made_finding(number, status=draw(STATUSES), updatedAt=draw(TIMES), lastObservedAt=None)
        | {"networkReachabilityDetails": {"protocol": "TCP", "openPortRange": {"begin": port, "end": port}}}
        for number, port in draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([22, 443])), max_size=8))
    ]


def read(*contents: bytes) -> RecordedFindings:
    return read_findings([(f"{index}.json", io.BytesIO(content)) for index, content in enumerate(contents)])


def ends_well(*contents: bytes) -> bool:
    """Tell whether reading gives findings or an error that says something. Any other error passes through."""
    try:
        read(*contents)
    except ExposurectlError as error:
        return bool(error.problems)
    return True


def lines(records: list[dict[str, Any]]) -> bytes:
    return b"[]\n" + b"\n".join(json.dumps(record).encode() for record in records)


def same_world(one: RecordedFindings, other: RecordedFindings) -> bool:
    return (one.findings, one.instances, one.digest) == (other.findings, other.instances, other.digest)


@given(data=st.data())
def test_the_order_of_records_does_not_matter(made_finding: Make, data: st.DataObject) -> None:
    records = data.draw(findings_of_a_few(made_finding))
    shuffled = data.draw(st.permutations(records))

    assert read(lines(records)) == read(lines(shuffled))


@given(data=st.data())
def test_the_order_of_files_does_not_matter(made_finding: Make, data: st.DataObject) -> None:
    files = [lines(data.draw(findings_of_a_few(made_finding))) for _ in range(3)]

    assert read(*files) == read(*data.draw(st.permutations(files)))


@given(data=st.data())
def test_a_record_that_came_twice_counts_once(made_finding: Make, data: st.DataObject) -> None:
    records = data.draw(findings_of_a_few(made_finding))
    again = data.draw(st.lists(st.sampled_from(records), max_size=5)) if records else []

    assert same_world(read(lines(records)), read(lines(records + again)))


@given(data=st.data())
def test_how_a_listing_is_split_into_pages_does_not_matter(made_finding: Make, data: st.DataObject) -> None:
    records = data.draw(findings_of_a_few(made_finding))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=3)))
    parts = [records[start:end] for start, end in itertools.pairwise([0, *cuts, len(records)])]
    pages: list[dict[str, Any]] = [{"findings": part, "nextToken": "more"} for part in parts[:-1]]
    pages.append({"findings": parts[-1]})

    whole = read(json.dumps({"findings": records}).encode())

    assert read("\n".join(json.dumps(page, indent=2) for page in pages).encode()) == whole
    assert read(*(json.dumps(page).encode() for page in pages)) == whole


@given(data=st.data())
def test_the_newest_word_on_a_finding_stands_and_a_tie_is_open(made_finding: Make, data: st.DataObject) -> None:
    records = data.draw(findings_of_a_few(made_finding))

    kept = {(finding.arn, finding.counts) for finding in read(lines(records)).findings}

    for arn, same in itertools.groupby(
        sorted(records, key=lambda record: record["findingArn"]), lambda r: r["findingArn"]
    ):
        several = list(same)
        moments = {1.7e9: 2, 1.6e9: 0}
        ranks = [None if record["updatedAt"] is None else moments.get(record["updatedAt"], 3) for record in several]
        latest = max((rank for rank in ranks if rank is not None), default=None)
        stand = {
            record["status"] != FindingStatus.CLOSED.value
            for record, rank in zip(several, ranks, strict=True)
            if rank in {latest, None}
        }
        assert {counts for of, counts in kept if of == arn} == {any(stand)}


@given(content=st.binary() | st.text().map(str.encode) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    assert ends_well(content)


@given(data=st.data())
def test_no_start_of_a_file_raises_anything_else(made_finding: Make, data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from(
            [
                json.dumps({"findings": [made_finding()]}, indent=1).encode(),
                json.dumps(made_finding()).encode("utf-16"),
                lines([made_finding(1), made_finding(2)]),
            ]
        )
    )
    part = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    if part:
        part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))

    assert ends_well(bytes(part))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, member in inner for place in places(member, (*path, key)))]


def mutated(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = mutated(value[path[0]], path[1:], change)
    return copy


@settings(max_examples=300)
@given(data=st.data())
def test_no_mutation_of_a_real_finding_raises_anything_else(samples: Any, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(samples.glob("0[2-7]*.json"))))
    sample = json.loads(name.read_text(encoding="utf-8"))
    place = data.draw(st.sampled_from(places(sample)))
    new = data.draw(JSON)

    content = json.dumps(mutated(sample, place, lambda _: new)).encode()

    assert ends_well(content, json.dumps([sample]).encode() if "detail" in sample else content)
