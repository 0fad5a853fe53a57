"""Bad input of any kind ends in one clear error with its place; each message whole, in `tests/golden/cli/`."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from golden import check_golden
from running import run_inside
from saved import SERVERS

PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml")
FINDINGS = ("plan", "--config", "demo.yaml", "--servers", *SERVERS, "--findings")
TOKENS = {"FUTUREVULS_TOKEN_WEB": "made-up", "FUTUREVULS_TOKEN_DATA": "made-up"}

Spoil = Callable[[Path], object]


def nothing(_: Path) -> None:
    """Leave everything as it is."""


def written(name: str, content: str) -> Spoil:
    return lambda here: (here / name).write_text(content, encoding="utf-8")


def edited(name: str, old: str, new: str) -> Spoil:
    def edit(here: Path) -> None:
        text = (here / name).read_text(encoding="utf-8")
        assert old in text
        (here / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def planned(spoil: Spoil) -> Spoil:
    def make(here: Path) -> None:
        assert run_inside(*PLAN, "--out", "plan.json").code == 0
        spoil(here)

    return make


def several_broken_files(here: Path) -> None:
    edited("policies/internet.yaml", "level: open", "level: opne")(here)
    edited("policies/internet.yaml", "origin: [internet-gateway]", "origin: [internet-gatewy]")(here)
    written("policies/zzz.yaml", "version: 1\nrules:\n  - id: internet-anyone\n    level: no\n")(here)


CASES: dict[str, tuple[int, str, tuple[str, ...], Spoil]] = {
    "config-missing": (1, "config-invalid", ("plan", "--snapshot", "fleet", "--config", "nope.yaml"), nothing),
    "config-broken": (
        1,
        "config-invalid",
        PLAN,
        edited("demo.yaml", "requests_per_minute: 20", "requests_per_minute: many"),
    ),
    "config-is-a-directory": (1, "config-invalid", ("plan", "--snapshot", "fleet", "--config", "fleet"), nothing),
    "policy-missing": (1, "policy-invalid", (*PLAN, "--policy", "nope"), nothing),
    "policy-broken": (1, "policy-invalid", PLAN, several_broken_files),
    "findings-missing": (1, "file", (*FINDINGS, "nope.json"), nothing),
    "findings-empty": (1, "input", (*FINDINGS, "empty.json"), written("empty.json", "")),
    "findings-not-json": (1, "input", (*FINDINGS, "x.json"), written("x.json", "findings: none\n")),
    "findings-damaged": (
        1,
        "input",
        (*FINDINGS, "fleet/findings.ndjson"),
        edited("fleet/findings.ndjson", '"openPortRange":{"begin":3389', '"openPortRange":{"begin":"ssh"'),
    ),
    "findings-is-a-directory": (1, "file", (*FINDINGS, "fleet"), nothing),
    "findings-dangling": (1, "file", (*FINDINGS, "link"), lambda here: (here / "link").symlink_to("nowhere")),
    "servers-damaged": (
        1,
        "response",
        (*FINDINGS, "fleet/findings.ndjson"),
        edited("web-platform-servers.json", '"serverroleId": ', '"serverroleId": "x", "was": '),
    ),
    "servers-of-nobody": (
        1,
        "usage",
        ("plan", *FINDINGS[1:3], "--servers", "x.json", "--findings", "fleet/findings.ndjson"),
        nothing,
    ),
    "servers-of-one-group": (
        1,
        "group-missing",
        ("plan", *FINDINGS[1:3], "--servers", *SERVERS[:2], "--findings", "fleet/findings.ndjson"),
        nothing,
    ),
    "role-unknown": (1, "role-missing", PLAN, edited("demo.yaml", "open: web-open", "open: web-oepn")),
    "plan-of-another-version": (
        5,
        "digest-mismatch",
        ("show", "plan.json"),
        planned(edited("plan.json", '"format_version": 1', '"format_version": 2')),
    ),
    "plan-is-no-plan": (5, "digest-mismatch", ("show", "demo.yaml"), nothing),
    "plan-missing": (1, "file", ("show", "plan.json"), nothing),
    "previous-damaged": (
        5,
        "digest-mismatch",
        (*PLAN, "--previous", "plan.json"),
        planned(edited("plan.json", '"sequence": 1', '"sequence": 2')),
    ),
    "as-of-is-no-date": (1, "usage", (*PLAN, "--as-of", "yesterday"), nothing),
    "as-of-beyond-time": (1, "usage", (*PLAN, "--as-of", "9999-12-31T23:59:59-14:00"), nothing),
    "two-sources-of-evidence": (1, "usage", (*PLAN, "--findings", "x"), nothing),
    "snapshot-missing": (1, "snapshot", ("plan", "--snapshot", "nope", "--config", "demo.yaml"), nothing),
    "snapshot-damaged": (1, "snapshot", PLAN, edited("fleet/findings.ndjson", "3389", "3390")),
    "token-missing": (1, "auth", (*FINDINGS[:3], "--findings", "fleet/findings.ndjson"), nothing),
    "instance-unknown": (1, "instance-unknown", ("explain", "i-0", "--snapshot", "fleet"), nothing),
    "out-in-no-directory": (1, "file", (*PLAN, "--out", "nope/plan.json"), nothing),
    "out-is-a-directory": (1, "file", (*PLAN, "--out", "fleet"), nothing),
    "out-is-nothing": (1, "file", (*PLAN, "--out", ""), nothing),
    "cases-broken": (
        1,
        "policy-invalid",
        ("test", "policies"),
        edited("policies/cases/internet.yaml", "protocol: tcp", "protocol: icmp"),
    ),
    "escape-in-the-arguments": (1, "usage", ("plan", "\x1b[31m\r\n::error::x"), nothing),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_one_clear_error(here: Path, name: str) -> None:
    code, reason, argv, spoil = CASES[name]
    spoil(here)

    ended = run_inside(*argv)

    assert (code, reason) == (ended.code, ended.reason)
    assert "error: " in ended.err
    assert "\x1b" not in ended.err
    check_golden(f"cli/{name}.txt", re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", ended.err))
    assert list(here.rglob("*.new")) == []


@pytest.mark.parametrize("name", sorted({*CASES} - {name for name in CASES if name.startswith("out-")}))
def test_an_error_puts_nothing_where_the_product_goes(here: Path, name: str) -> None:
    _, _, argv, spoil = CASES[name]
    spoil(here)

    assert run_inside(*argv).out == ""


def test_a_futurevuls_that_cannot_be_reached(here: Path) -> None:
    ended = run_inside(*FINDINGS[:3], "--findings", here / "fleet/findings.ndjson", environ=TOKENS)

    assert (ended.code, ended.reason) == (1, "unreachable")
    check_golden("cli/unreachable.txt", ended.err)


def test_a_config_without_regions_asks_for_evidence(here: Path) -> None:
    assert (here / "demo.yaml").is_file()

    ended = run_inside(*FINDINGS[:-1])

    assert (ended.code, ended.reason) == (1, "no-evidence")
    check_golden("cli/no-evidence.txt", ended.err)


RANDOM = st.binary(max_size=300) | st.text(max_size=200).map(str.encode)
PLAUSIBLE = st.recursive(
    st.sampled_from([b"1", b'"x"', b"null", b"1e999", b"NaN", b"[]", b"{}", b'"\\ud800"', b"version: 1\nrules: []\n"]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda some: b"[" + b",".join(some) + b"]")
        | st.tuples(
            st.sampled_from(
                ["findings", "format_version", "servers", "roles", "paging", "version", "detail", "rules", "futurevuls"]
            ),
            inner,
        ).map(lambda pair: b'{"%s": %s}' % (pair[0].encode(), pair[1]))
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("workplace")
    furnish(directory, "http://127.0.0.1:1", RECORDED)
    (directory / "spoilt").mkdir()
    return directory


@pytest.mark.parametrize("what", ["findings", "servers", "config", "policy", "cases", "plan", "previous", "snapshot"])
@settings(max_examples=40)
@given(content=RANDOM | PLAUSIBLE)
@example(content=b"\x1f\x8b")
@example(content=b"[" * 100_000)
@example(content=b'{"a":' * 5_000)
@example(content=b"\xef\xbb\xbf{}")
@example(content=b"\x00" * 9)
@example(content=b"9" * 5_000)
def test_no_bytes_are_a_bug(workplace: Path, what: str, content: bytes) -> None:
    snapshot, config, policy = (str(workplace / name) for name in ("fleet", "demo.yaml", "policies"))
    spoilt = workplace / "spoilt" / {"snapshot": "manifest.json", "policy": "x.yaml"}.get(what, "x")
    if what == "cases":
        spoilt = workplace / "policies/cases/x.yaml"
    plan = ("plan", "--snapshot", snapshot, "--config", config, "--policy", policy)
    spoilt.write_bytes(content)

    ended = run_inside(
        *{
            "findings": ("explain", "i-0", "--policy", policy, "--findings", spoilt),
            "servers": (*plan, "--servers", f"web-platform={spoilt}", f"data-platform={spoilt}"),
            "config": (*plan[:3], "--config", spoilt),
            "policy": (*plan[:5], "--policy", spoilt.parent),
            "cases": ("test", policy),
            "plan": ("apply", spoilt, "--config", config),
            "previous": (*plan, "--previous", spoilt),
            "snapshot": ("plan", "--snapshot", spoilt.parent, *plan[3:]),
        }[what]
    )

    assert ended.code in {1, 3, 5}, ended
    assert ended.reason not in {"bug", ""}, ended
    spoilt.unlink()
