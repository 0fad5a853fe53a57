"""The command line as a whole, with a hostile file, argument or environment in the demo's working directory."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from exposurectl.apply.journal import NAME
from exposurectl.diagnostics import Exit
from fuzz import seeds
from fuzz.files import NAMES, shows
from fuzz.hunting import Target
from fuzz.sealing import packed, sealed_head, sealed_plan, sealed_snapshot, unpacked, write_files
from running import run_inside
from saved import SERVERS

_CONFIG = ("--config", "demo.yaml")
_EVIDENCE = ("--snapshot", "fleet", *_CONFIG)
_SERVERS = (*_CONFIG, "--servers", *SERVERS)
_HOSTILE = "hostile"
_INSTANCE = "i-0a1b2c3d4e5f60708"
_TOP = Exit.REFUSED

COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("policy", ("validate", "hostile-policy", "--format", "text")),
    ("policy", ("validate", "hostile-policy", "--format", "sarif")),
    ("policy", ("diff", "policies", "hostile-policy", *_EVIDENCE)),
    ("policy", ("plan", "--policy", "hostile-policy", *_EVIDENCE)),
    ("cases", ("test", "with-cases", "--junit", "cases.xml")),
    ("cases", ("validate", "with-cases", "--format", "github")),
    ("cases", ("validate", "with-cases", "--format", "sarif")),
    ("config", ("validate", "--config", "hostile.yaml", "--format", "json")),
    ("config", ("plan", "--config", "hostile.yaml", "--snapshot", "fleet")),
    ("findings", ("plan", "--findings", _HOSTILE, *_SERVERS)),
    ("findings", ("explain", _INSTANCE, "--findings", _HOSTILE, "--full")),
    ("snapshot", ("plan", "--snapshot", "hostile-snapshot", *_CONFIG, "--out", "made.json")),
    ("snapshot", ("diff", "policies", "policies", "--snapshot", "hostile-snapshot")),
    ("servers", ("plan", *_EVIDENCE, "--servers", f"web-platform={_HOSTILE}", f"data-platform={_HOSTILE}")),
    ("plan", ("show", _HOSTILE)),
    ("plan", ("show", _HOSTILE, "--format", "markdown")),
    ("plan", ("show", _HOSTILE, "--format", "json")),
    ("plan", ("apply", _HOSTILE, *_CONFIG)),
    ("plan", ("explain", _INSTANCE, "--plan", _HOSTILE)),
    ("plan", ("plan", *_EVIDENCE, "--previous", _HOSTILE)),
    ("plan", ("drift", _HOSTILE, *_EVIDENCE)),
    ("receipt", ("plan", "--revert", _HOSTILE, *_SERVERS)),
    ("receipt", ("drift", "plan.json", "--receipt", _HOSTILE, *_EVIDENCE)),
    ("recorded", ("audit", "recorded")),
    ("recorded", ("audit", "recorded", "--format", "json")),
)
"""Every way for a file to come in: what it is, and the command."""

_RECORDED = ["HEAD", "plan.json", "receipt.json", NAME]


def command(content: bytes) -> str:
    """Run the command that the first byte chooses, with the rest as its file."""
    kind, argv = COMMANDS[(content[:1] or b"\0")[0] % len(COMMANDS)]
    with contextlib.chdir(seeds.workshop()):
        _place(kind, content[1:])
        return _ended(argv, {})


def _place(kind: str, content: bytes) -> None:
    """Write the file where the command looks for it, sealed where only its maker's word is asked for."""
    match kind:
        case "policy":
            write_files(Path("hostile-policy"), {"a.yaml": content})
        case "cases":
            write_files(Path("with-cases"), {"a.yaml": Path("policies/internet.yaml").read_bytes()})
            write_files(Path("with-cases/cases"), {"a.yaml": content})
        case "config":
            write_files(Path(), {"hostile.yaml": content})
        case "snapshot":
            write_files(Path("hostile-snapshot"), sealed_snapshot(unpacked(content, NAMES)))
        case "recorded":
            _record(unpacked(content, _RECORDED))
        case "plan":
            write_files(Path(), {_HOSTILE: sealed_plan(content)})
        case _:
            write_files(Path(), {_HOSTILE: content})


def _record(recorded: Mapping[str, bytes]) -> None:
    folder = next(Path("plans").glob("*/plan.json")).parent.name
    write_files(Path("recorded"), {"HEAD": sealed_head(recorded["HEAD"])})
    write_files(
        Path("recorded") / folder,
        {**{name: recorded[name] for name in _RECORDED[2:]}, "plan.json": sealed_plan(recorded["plan.json"])},
    )


def argument(content: bytes) -> str:
    """Run a command with a line of the input as each of its values; the command is one of a few."""
    words = [line.decode("utf-8", "surrogateescape").replace("\0", "") for line in content[1:].split(b"\n")]
    first, second = (*words, "", "")[:2]
    commands: tuple[tuple[str, ...], ...] = (
        ("plan", *_EVIDENCE, "--as-of", first),
        ("validate", "policies", "--as-of", first),
        ("apply", "plan.json", *_CONFIG, "--accept-lowering", first, "--approve", second),
        ("apply", "plan.json", *_CONFIG, "--max-duration", first, "--allow-host", second),
        ("test", "policies", "--min-coverage", first),
        ("explain", first, *_EVIDENCE[:2]),
        ("collect", *_CONFIG, "--report", first, "--out", "fleet"),
        ("show", first, "--format", second),
        ("plan", *_EVIDENCE, "--servers", first, second),
        ("diff", first, second),
        ("schema", first),
        tuple(words),
    )
    argv = commands[(content[:1] or b"\0")[0] % len(commands)]
    if argv[:1] in {("init",), ("demo",)}:  # they write, and serve
        argv = ("show", *argv)
    with contextlib.chdir(seeds.workshop()):
        return _ended(argv, {})


def environment(content: bytes) -> str:
    """Run with a line of the input in each variable of the environment that is read."""
    names = ("GITHUB_REPOSITORY", "GITHUB_REPOSITORY_OWNER_ID", "GITHUB_REPOSITORY_ID", "GITHUB_WORKSPACE", "NO_COLOR")
    values = [line.decode("utf-8", "surrogateescape").replace("\0", "") for line in content.split(b"\n")]
    environ = dict(zip(names, values, strict=False))
    with contextlib.chdir(seeds.workshop()):
        asked = _ended(("doctor", "--oidc"), environ)
        return f"{asked} {_ended(('validate', 'policies', '--format', 'github'), environ)}"


def _ended(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """Run a command and return how it ended, which must be one of the ways that are documented."""
    ended = run_inside(*argv, environ={**environ, "EXPOSURECTL_DEBUG": "1"})
    assert 0 <= ended.code <= _TOP, ended
    assert bool(ended.reason) == (ended.code != 0), ended
    assert ended.reason != "bug", ended.err
    shows(ended.out)
    shows(ended.err)
    return f"{argv[0]} {ended.code} {ended.reason}"


def _command_seeds() -> list[bytes]:
    workshop = seeds.workshop()
    recorded = next((workshop / "plans").glob("*/plan.json")).parent
    history = {name: (recorded / name).read_bytes() for name in _RECORDED[1:]}
    seeded = {
        "policy": seeds.policies(),
        "cases": seeds.cases(),
        "config": seeds.configs(),
        "findings": seeds.findings()[-8:],
        "snapshot": [packed(seeds.snapshot())],
        "servers": seeds.servers(),
        "plan": [(workshop / "plan.json").read_bytes()],
        "receipt": [(recorded / "receipt.json").read_bytes()],
        "recorded": [packed({"HEAD": (workshop / "plans" / "HEAD").read_bytes(), **history})],
    }
    return [bytes([number]) + seed for number, (kind, _) in enumerate(COMMANDS) for seed in seeded[kind][:2]]


def _argument_seeds() -> list[bytes]:
    usual = (b"2026-11-23", b"2026-11-23", b"3\nsha256:" + b"0" * 64, b"300\nlocalhost", b"90", _INSTANCE.encode())
    more = (
        b"s3://bucket/key.json",
        b"plan.json\ntext",
        b"web-platform=web-platform-roles.json\nx=y",
        b"policies\nmain",
    )
    words = (b"policy", b"plan\n--findings\n-\n--as-of\n2026-11-23T03:00:00Z")
    return [bytes([number]) + line for number, line in enumerate((*usual, *more, *words))]


TARGETS = (
    Target(name="command", choosing=1, seeds=_command_seeds, read=command),
    Target(name="argument", choosing=1, seeds=_argument_seeds, read=argument),
    Target(name="environment", seeds=lambda: [b"owner/repo\n1\n2\n/tmp\n1", b"\n"], read=environment),
)
