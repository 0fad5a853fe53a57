"""Snapshots: what is written is what is read, and nothing else is."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.model import (
    Evidence,
    Exposure,
    Gap,
    Group,
    Ingress,
    Instance,
    Observed,
    PortRange,
    Role,
    Server,
    Unobserved,
)
from exposurectl.sources.observed import Partition
from exposurectl.sources.recording import Contents, with_groups, write_snapshot
from exposurectl.sources.rows import CoverageEntry, IngressRow, InstanceRow
from exposurectl.sources.sealed import Manifest, Seal, seal_manifest
from exposurectl.sources.snapshot import Snapshot, read_snapshot

Make = Callable[..., dict[str, Any]]

AS_OF = datetime(2026, 11, 23, 3, tzinfo=UTC)
HOME = {"account": "123456789012", "region": "eu-central-1"}
COLLECT = "Collect the snapshot again, or take it back from where it was committed; it is not made to be edited."
FILES = [
    "coverage.ndjson",
    "findings.ndjson",
    "ingress.ndjson",
    "instances.ndjson",
    "manifest.json",
    "roles.ndjson",
    "servers.ndjson",
]


def arn(number: int) -> str:
    return f"arn:aws:inspector2:eu-central-1:123456789012:finding/{number:032x}"


def instance(number: int, **changes: Any) -> InstanceRow:
    row = InstanceRow(
        id=f"i-{number:017x}",
        **HOME,
        vpc="vpc-1",
        subnet="subnet-1",
        state="running",
        launched_at=AS_OF - timedelta(days=9),
        tags={"Name": "web", "Env": "prod"},
    )
    return msgspec.structs.replace(row, **changes)


def covered(resource: str, scan: str = "PACKAGE", kind: str = "AWS_EC2_INSTANCE", **changes: Any) -> CoverageEntry:
    row = {
        "resourceType": kind,
        "resourceId": resource,
        "accountId": HOME["account"],
        "scanType": scan,
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
    }
    return CoverageEntry(**HOME, covered=msgspec.Raw(json.dumps(row | changes).encode()))


SERVER = Server(id=7, uuid="u-7", name="web-01", role=30, instance="i-00000000000000001", default_user=3)
GROUPS = (
    Group(name="db", servers=(), roles=(Role(id=1, name="db-open"),)),
    Group(
        name="web",
        servers=(SERVER, Server(id=8, uuid="u-8", name="ウェブ", role=30, instance="")),
        roles=(Role(id=30, name="web-open"), Role(id=31, name="-", is_default=True)),
    ),
)


@pytest.fixture(scope="session")
def world(made_finding: Make) -> Contents:
    """Return three instances: one with a finding, one without, and one that only a finding knows."""
    return Contents(
        tool_version="0.1.0",
        as_of=AS_OF,
        statuses=("SUPPRESSED", "ACTIVE"),
        partitions=(
            Partition(**HOME, complete=True, ec2_status="ENABLED"),
            Partition(account="", region="us-east-1", complete=False, why="AccessDenied"),
        ),
        findings=tuple(json.dumps(made_finding(number, title="日本")).encode() for number in (1, 3)),
        coverage=(
            covered(HOME["account"], "NETWORK", "AWS_ACCOUNT"),
            covered("i-00000000000000001"),
            covered("i-00000000000000002"),
            covered("arn:aws:lambda:x", "PACKAGE", "AWS_LAMBDA_FUNCTION"),
        ),
        instances=(instance(2), instance(1)),
        ingress=(
            IngressRow(
                finding=arn(1), ports="22", cidrs=("10.9.8.7/8", "2001:db8::/32", "0.0.0.0/0"), groups=("sg-1",)
            ),
            IngressRow(finding=arn(1), ports="1024-65535", cidrs=()),
        ),
        groups=GROUPS,
    )


@pytest.fixture
def written(world: Contents, tmp_path: Path) -> Path:
    write_snapshot(tmp_path / "snapshot", world)
    return tmp_path / "snapshot"


def problems_of(directory: Path) -> tuple[Diagnostic, ...]:
    with pytest.raises(ExposurectlError) as caught:
        read_snapshot(directory)
    assert caught.value.reason == "snapshot"
    return caught.value.problems


def said_about(directory: Path) -> list[str]:
    return [
        f"{problem.place}: {problem.summary}: {problem.detail}".replace(f"{directory.as_posix()}/", "")
        for problem in problems_of(directory)
    ]


def rewritten(directory: Path, name: str, *lines: object) -> None:
    """Replace a file's lines and seal the snapshot again, as a careful liar would."""
    path = directory / name
    path.write_bytes(b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines))
    manifest = msgspec.json.decode((directory / "manifest.json").read_bytes(), type=Manifest)
    seal = Seal(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), records=len(lines))
    sealed = msgspec.structs.replace(manifest, files=manifest.files | {name: seal})
    (directory / "manifest.json").write_bytes(seal_manifest(sealed)[1])


def test_a_snapshot_reads_back_as_the_world_it_was_made_from(world: Contents, tmp_path: Path) -> None:
    digest = write_snapshot(tmp_path / "new" / "snapshot", world)

    snapshot = read_snapshot(tmp_path / "new" / "snapshot")

    first, second, third = snapshot.inventory.evidence
    known = Instance(
        id="i-00000000000000001", **HOME, vpc="vpc-1", subnet="subnet-1", tags=(("Env", "prod"), ("Name", "web"))
    )
    assert (first.instance, first.coverage) == (known, Observed())
    assert [finding.arn for finding in first.findings] == [arn(1)]
    assert first.findings[0].ingress == (
        Ingress(PortRange(22, 22), (ip_network("0.0.0.0/0"), ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))),
        Ingress(PortRange(1024, 65535), ()),
    )
    assert second == Evidence(
        instance=msgspec.structs.replace(known, id="i-00000000000000002"), findings=(), coverage=Observed()
    )
    assert (third.instance.id, third.instance.vpc) == ("i-00000000000000003", "vpc-12345678")
    assert third.coverage == Unobserved("NOT_IN_INVENTORY", "EC2's inventory does not have the instance.")
    assert third.findings[0].ingress == ()
    assert snapshot.inventory.gaps == (Gap(account="", region="us-east-1", why="AccessDenied"),)
    assert (snapshot.groups, snapshot.as_of, snapshot.inventory.as_of) == (GROUPS, AS_OF, AS_OF)
    assert snapshot.digest == digest


def test_the_files_of_a_snapshot_are_these(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == FILES
    manifest = json.loads((written / "manifest.json").read_bytes())
    assert sorted(manifest) == [
        "as_of",
        "digest",
        "files",
        "format_version",
        "partitions",
        "statuses",
        "tool_version",
    ]
    assert (manifest["format_version"], manifest["as_of"]) == (1, "2026-11-23T03:00:00Z")
    assert manifest["statuses"] == ["ACTIVE", "SUPPRESSED"]
    assert json.loads((written / "ingress.ndjson").read_bytes().splitlines()[1]) == {
        "finding": arn(1),
        "ports": "1024-65535",
        "cidrs": [],
        "groups": [],
    }


def test_a_finding_is_kept_as_it_was_returned(written: Path, made_finding: Make) -> None:
    kept = [json.loads(line) for line in (written / "findings.ndjson").read_bytes().splitlines()]

    assert kept == [made_finding(1, title="日本"), made_finding(3, title="日本")]


def test_the_same_world_gives_the_same_bytes_in_any_order(world: Contents, tmp_path: Path) -> None:
    tokyo = timezone(timedelta(hours=9))
    turned = msgspec.structs.replace(
        world,
        as_of=AS_OF.astimezone(tokyo),
        statuses=world.statuses[::-1],
        partitions=world.partitions[::-1],
        findings=tuple(
            json.dumps(dict(reversed(json.loads(text).items())), indent=3).encode()
            for text in tuple(world.findings)[::-1]
        ),
        coverage=world.coverage[::-1],
        instances=tuple(
            msgspec.structs.replace(
                row,
                launched_at=row.launched_at and row.launched_at.astimezone(tokyo),
                tags={"Env": "prod", "Name": "web"},
            )
            for row in world.instances[::-1]
        ),
        ingress=tuple(msgspec.structs.replace(row, cidrs=row.cidrs[::-1]) for row in world.ingress[::-1]),
        groups=world.groups[::-1],
    )

    write_snapshot(tmp_path / "one", world)
    write_snapshot(tmp_path / "other", turned)

    assert {name: (tmp_path / "one" / name).read_bytes() for name in FILES} == {
        name: (tmp_path / "other" / name).read_bytes() for name in FILES
    }


def test_a_snapshot_is_never_written_over_anything(written: Path, world: Contents) -> None:
    with pytest.raises(ExposurectlError) as caught:
        write_snapshot(written, world)

    assert caught.value.problems == (
        Diagnostic(
            summary="Cannot write the snapshot",
            detail="The directory is not empty, and a snapshot is never written over anything.",
            hint="Name a directory that does not exist yet.",
            place=Place(written.as_posix()),
        ),
    )


def test_a_snapshot_can_be_copied_with_other_groups(written: Path, tmp_path: Path) -> None:
    moved = Group(name="web", servers=(msgspec.structs.replace(SERVER, role=31),), roles=GROUPS[1].roles)

    digest = with_groups(written, [moved], tmp_path / "copy")

    before, after = read_snapshot(written), read_snapshot(tmp_path / "copy")
    assert after == Snapshot(inventory=before.inventory, groups=(moved,), digest=digest, as_of=before.as_of)
    assert digest != before.digest


def test_a_damaged_snapshot_is_not_copied(written: Path, tmp_path: Path) -> None:
    (written / "instances.ndjson").write_bytes(b"")

    with pytest.raises(ExposurectlError):
        with_groups(written, GROUPS, tmp_path / "copy")

    assert not (tmp_path / "copy" / "manifest.json").exists()


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_in_any_byte_is_refused(written: Path, name: str) -> None:
    path = written / name
    content = path.read_bytes()

    for place in range(0, len(content), max(1, len(content) // 60)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :])
        assert problems_of(written)


@pytest.mark.parametrize("name", FILES)
def test_a_cut_or_longer_file_is_refused(written: Path, name: str) -> None:
    content = (written / name).read_bytes()

    for other in (b"", content[:-1], content[: len(content) // 2], content + b"\n", content + content):
        (written / name).write_bytes(other)
        assert problems_of(written)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(written: Path, name: str) -> None:
    (written / name).unlink()

    assert said_about(written) == [f"{name}: Damaged snapshot: The file is missing."]


def test_a_file_too_many_is_named(written: Path) -> None:
    (written / "notes.txt").write_text("hello", encoding="utf-8")

    assert said_about(written) == ["notes.txt: Damaged snapshot: The file does not belong to a snapshot."]


def test_a_link_a_directory_and_a_pipe_are_refused(written: Path, tmp_path: Path) -> None:
    for name in ("roles.ndjson", "servers.ndjson", "ingress.ndjson"):
        shutil.move(written / name, tmp_path / name)
    (written / "roles.ndjson").symlink_to(tmp_path / "roles.ndjson")
    (written / "servers.ndjson").mkdir()
    os.mkfifo(written / "ingress.ndjson")

    assert said_about(written) == [
        "ingress.ndjson: Damaged snapshot: This is a link or no file.",
        "roles.ndjson: Damaged snapshot: This is a link or no file.",
        "servers.ndjson: Damaged snapshot: This is a link or no file.",
    ]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "none") == (
        Diagnostic(
            summary="Unreadable snapshot",
            detail="Listing the directory failed: No such file or directory.",
            hint=COLLECT,
            place=Place((tmp_path / "none").as_posix()),
        ),
    )


@pytest.mark.parametrize("version", [2, 0, "1", None, True, 1.5])
def test_another_format_version_is_refused(written: Path, version: object) -> None:
    manifest = json.loads((written / "manifest.json").read_bytes())
    (written / "manifest.json").write_text(json.dumps(manifest | {"format_version": version}), encoding="utf-8")

    assert said_about(written) == [
        f"manifest.json: Unknown snapshot format: format_version is {version!r}; this exposurectl reads 1."
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "$: input data was truncated."),
        (b"\xff", "$: malformed JSON: invalid character (byte 0)."),
        (b'{"a":' * 5000, "not UTF-8, or nested too deeply."),
        (b"[]", "$: expected `object`, got `array`."),
        (b'{"format_version": 1}', "tool_version: missing."),
    ],
)
def test_a_manifest_that_is_none_is_refused(written: Path, content: bytes, said: str) -> None:
    (written / "manifest.json").write_bytes(content)

    assert said_about(written) == [f"manifest.json: Damaged snapshot: {said}"]


def test_an_edited_manifest_is_refused_even_where_only_white_space_changed(written: Path) -> None:
    text = (written / "manifest.json").read_text(encoding="utf-8")
    (written / "manifest.json").write_text(text.replace("\n", "\n "), encoding="utf-8")

    assert said_about(written) == [
        "manifest.json: Damaged snapshot: The manifest is not as it was written: its digest differs."
    ]


def test_a_changed_file_is_named_with_the_reason(written: Path) -> None:
    path = written / "instances.ndjson"
    path.write_bytes(path.read_bytes().replace(b"running", b"runninG"))
    (written / "roles.ndjson").write_bytes(b"")

    assert said_about(written) == [
        "instances.ndjson: Damaged snapshot: The file is not the one that the manifest names: its SHA-256 differs.",
        "roles.ndjson: Damaged snapshot: The manifest says 3 records, and 0 are here.",
    ]


def test_bad_values_in_all_files_are_named_with_line_and_key_at_once(written: Path, made_finding: Make) -> None:
    row = {"id": "i-1", "account": "1", "region": "r"}
    rewritten(written, "findings.ndjson", made_finding(1), made_finding(2, status="?"))
    rewritten(
        written, "coverage.ndjson", {"account": "1"}, {"account": "1", "region": "r", "covered": {"resourceType": 1}}
    )
    rewritten(
        written,
        "instances.ndjson",
        row,
        row | {"launched_at": "2026-01-01T00:00:00"},
        row | {"extra": 1},
        row,
        b"\xff\n",
    )
    rewritten(
        written,
        "ingress.ndjson",
        {"finding": arn(1), "ports": "22-21", "cidrs": ["10.0.0.0/33", "any"]},
        {"finding": "arn:none", "ports": "1", "cidrs": []},
    )
    rewritten(written, "servers.ndjson", {"group": "web"})
    rewritten(written, "roles.ndjson", {"group": "", "id": 1, "name": "x"}, {"group": "g", "id": "1", "name": "x"})

    assert said_about(written) == [
        "coverage.ndjson:1:1: Damaged row: region: missing.",
        "coverage.ndjson:2:1: Damaged row: covered.resourceType: expected `str`, got `int`.",
        "findings.ndjson:2:1: Damaged finding: Finding: status: expected ACTIVE, SUPPRESSED or CLOSED, got '?'.",
        (
            "ingress.ndjson:1:1: Damaged row: ports: expected a port or begin-end within 0 to 65535, got '22-21'; "
            "cidrs[0]: expected an IPv4 or IPv6 network, got '10.0.0.0/33'; "
            "cidrs[1]: expected an IPv4 or IPv6 network, got 'any'."
        ),
        "instances.ndjson:2:1: Damaged row: launched_at: expected `datetime` with a timezone component.",
        "instances.ndjson:3:1: Damaged row: $: object contains unknown field `extra`.",
        "instances.ndjson:4:1: Damaged row: 'i-1' stands on an earlier line too.",
        "instances.ndjson:5:1: Damaged row: $: malformed JSON: invalid character (byte 0).",
        "roles.ndjson:1:1: Damaged row: group: expected `str` of length >= 1.",
        "roles.ndjson:2:1: Damaged row: id: expected `int`, got `str`.",
        "servers.ndjson:1:1: Damaged row: id: missing.",
    ]


def test_damaged_findings_are_not_blamed_on_the_evidence_about_them(written: Path, made_finding: Make) -> None:
    rewritten(written, "findings.ndjson", made_finding(1))
    rewritten(written, "ingress.ndjson", {"finding": arn(1), "ports": "1", "cidrs": []})
    (written / "findings.ndjson").write_bytes(b"")

    assert said_about(written) == ["findings.ndjson: Damaged snapshot: The manifest says 1 records, and 0 are here."]


def test_an_ingress_row_about_a_finding_that_is_not_there_is_an_error(written: Path) -> None:
    rewritten(written, "ingress.ndjson", {"finding": arn(9), "ports": "22", "cidrs": ["0.0.0.0/0"]})

    assert said_about(written) == ["ingress.ndjson:1:1: Damaged row: finding: not among the findings."]


def test_two_rows_about_the_same_thing_are_an_error(written: Path) -> None:
    ports = {"finding": arn(1), "ports": "22", "cidrs": []}
    role = {"group": "g", "id": 1, "name": "x"}
    rewritten(written, "ingress.ndjson", ports, ports | {"cidrs": ["0.0.0.0/0"]})
    rewritten(written, "roles.ndjson", role, role | {"name": "y"}, role | {"group": "other"})

    assert said_about(written) == [
        f"ingress.ndjson:2:1: Damaged row: '{arn(1)} 22' stands on an earlier line too.",
        "roles.ndjson:2:1: Damaged row: 'role 1 of g' stands on an earlier line too.",
    ]


def test_an_instance_that_moved_between_evidence_and_inventory_is_an_error(world: Contents, tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", msgspec.structs.replace(world, instances=(instance(1, region="us-east-1"),)))

    with pytest.raises(ExposurectlError) as caught:
        read_snapshot(tmp_path / "s")

    assert [problem.detail for problem in caught.value.problems] == [
        (
            "Instance i-00000000000000001 appears in account 123456789012 in eu-central-1 and account 123456789012 in "
            "us-east-1. An instance id stands for one instance only."
        )
    ]


def changed(world: Contents, **changes: Any) -> Contents:
    return msgspec.structs.replace(world, **changes)


def why_of(contents: Contents, directory: Path) -> dict[str, str]:
    """Return the reason for each instance that is unobserved, and nothing for those that are observed."""
    write_snapshot(directory, contents)
    evidence = read_snapshot(directory).inventory.evidence
    return {one.instance.id[-1]: one.coverage.why if isinstance(one.coverage, Unobserved) else "" for one in evidence}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, {"1": "", "2": "", "3": "NOT_IN_INVENTORY"}),
        ({"partitions": ()}, dict.fromkeys("123", "NOT_READ")),
        ({"partitions": (Partition(**HOME, complete=False, why="x"),)}, dict.fromkeys("123", "NOT_READ")),
        (
            {"partitions": (Partition(**HOME, complete=True, ec2_status="DISABLED"),)},
            dict.fromkeys("123", "ACCOUNT_DISABLED"),
        ),
        (
            {
                "partitions": (
                    Partition(**HOME, complete=True, ec2_status="ENABLED"),
                    Partition(account="", region="eu-central-1", complete=False),
                )
            },
            dict.fromkeys("123", "NOT_READ"),
        ),
        ({"statuses": ("ACTIVE",)}, dict.fromkeys("123", "SUPPRESSED_NOT_READ")),
        ({"coverage": ()}, {"1": "NOT_IN_COVERAGE", "2": "NOT_IN_COVERAGE", "3": "NOT_IN_INVENTORY"}),
        (
            {"coverage": (covered("i-00000000000000001"),)},
            {"1": "NO_NETWORK_COVERAGE", "2": "NOT_IN_COVERAGE", "3": "NOT_IN_INVENTORY"},
        ),
        (
            {"coverage": (covered("I-00000000000000001 "), covered("i-00000000000000001", "NETWORK"))},
            {"1": "", "2": "NOT_IN_COVERAGE", "3": "NOT_IN_INVENTORY"},
        ),
        (
            {"instances": (instance(1, tags={"INSPECTOREC2EXCLUSION": ""}), instance(2, state="stopped"))},
            {"1": "EXCLUDED_BY_TAG", "2": "EC2_INSTANCE_STOPPED", "3": "NOT_IN_INVENTORY"},
        ),
        (
            {"instances": (instance(1, launched_at=AS_OF), instance(2, launched_at=None))},
            {"1": "LAUNCHED_RECENTLY", "2": "LAUNCHED_RECENTLY", "3": "NOT_IN_INVENTORY"},
        ),
    ],
)
def test_a_snapshot_vouches_only_where_everything_holds(
    world: Contents, tmp_path: Path, changes: dict[str, Any], why: dict[str, str]
) -> None:
    assert why_of(changed(world, **changes), tmp_path / "s") == why


def test_an_account_at_the_findings_quota_is_not_vouched_for(
    world: Contents, made_finding: Make, tmp_path: Path
) -> None:
    findings = tuple(
        json.dumps(made_finding(number % 2 + 1, findingArn=arn(number))).encode() for number in range(10_000)
    )

    assert why_of(changed(world, findings=findings), tmp_path / "s") == {"1": "FINDINGS_QUOTA", "2": "FINDINGS_QUOTA"}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_leaving_out_any_part_of_the_evidence_vouches_for_nothing_new(
    world: Contents, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    kept: dict[str, Any] = {
        name: tuple(row for row in getattr(world, name) if data.draw(st.booleans()))
        for name in ("statuses", "partitions", "findings", "coverage", "instances")
    }
    directory = tmp_path_factory.mktemp("fewer")

    before = why_of(world, directory / "all")
    after = why_of(changed(world, **kept, ingress=()), directory / "fewer")

    assert [number for number, why in after.items() if not why and before[number]] == []


def test_levels_are_no_part_of_a_snapshot(written: Path) -> None:
    text = b"".join((written / name).read_bytes() for name in FILES)

    assert [level for level in Exposure if f'"{level}"'.encode() in text] == []
