"""The lock files: they pin what pyproject.toml names, by hash, and everything is installed from them."""

import re
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
LOCKS = ("build", "dev", "runtime")
ALL_LOCKS = (*LOCKS, "checkov")
"""Checkov pins a boto3 of its own, and so has an environment, and pins, to itself."""
ENTRY = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)(.*(?:\n[ ]+.*)*)", re.MULTILINE)


def lock_text(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, set[str]]:
    """One package may be pinned twice, under different environment markers."""
    pinned: dict[str, set[str]] = {}
    for name, version, _ in ENTRY.findall(lock_text(lock)):
        pinned.setdefault(canonicalize_name(name), set()).add(version)
    return pinned


def named(group: str) -> list[str]:
    return [entry for entry in GROUPS[group] if isinstance(entry, str)]


def unmet(requirements: list[str], lock: str) -> list[str]:
    pinned = pins(lock)
    return [
        text
        for text in requirements
        for requirement in [Requirement(text)]
        for versions in [pinned.get(canonicalize_name(requirement.name), set())]
        if not versions or not all(requirement.specifier.contains(version, prereleases=True) for version in versions)
    ]


def test_the_runtime_lock_pins_every_dependency() -> None:
    assert unmet(PROJECT["project"]["dependencies"], "runtime") == []


def test_the_build_lock_pins_the_build_group_and_the_build_system() -> None:
    assert unmet(named("build") + PROJECT["build-system"]["requires"], "build") == []


def test_the_dev_lock_pins_the_dev_group_with_the_groups_it_includes() -> None:
    assert unmet(named("dev") + named("build"), "dev") == []


def test_a_dependency_above_its_pin_is_noticed() -> None:
    assert unmet(["boto3>=999"], "runtime") == ["boto3>=999"]


def test_a_dependency_without_a_pin_is_noticed() -> None:
    assert unmet(["left-pad"], "runtime") == ["left-pad"]


@pytest.mark.parametrize("lock", ALL_LOCKS)
def test_every_line_of_a_lock_belongs_to_an_entry_with_a_hash(lock: str) -> None:
    entries = ENTRY.findall(lock_text(lock))
    starts = [line for line in lock_text(lock).splitlines() if line and not line.startswith((" ", "#"))]

    assert len(starts) == len(entries)
    assert [name for name, _, rest in entries if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize(("one", "other"), list(combinations(LOCKS, 2)))
def test_two_locks_pin_the_same_package_alike(one: str, other: str) -> None:
    first, second = pins(one), pins(other)

    assert {name for name in first.keys() & second.keys() if first[name] != second[name]} == set()


@pytest.mark.parametrize("lock", ALL_LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert "://" not in lock_text(lock)


@pytest.mark.parametrize(
    "place",
    ["Makefile", ".ci/run", *sorted(f".github/workflows/{p.name}" for p in (ROOT / ".github/workflows").glob("*.yml"))],
)
def test_nothing_is_installed_without_hashes_but_the_project_itself(place: str) -> None:
    installing = [
        line.strip()
        for line in (ROOT / place).read_text(encoding="utf-8").splitlines()
        if re.search(r"\binstall +-", line) or "pip install" in line.partition("echo")[0]
    ]

    hashed = [line for line in installing if "--require-hashes --only-binary=:all:" in line]
    project = [line for line in installing if "--no-deps" in line]

    assert sorted(hashed + project) == sorted(installing)
