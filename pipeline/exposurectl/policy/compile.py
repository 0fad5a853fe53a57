"""From policy documents to a Policy: meaning, and every problem that a schema cannot see."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import msgspec

from exposurectl.diagnostics import Diagnostic, Place
from exposurectl.documents import Document
from exposurectl.model import Exposure, PortRange
from exposurectl.policy.matching import parse_day, read_match
from exposurectl.policy.model import Defaults, Override, Policy, Rule


class PolicyFile(msgspec.Struct, frozen=True, kw_only=True):
    """One policy document whose shape is right, and the name that plans call it by."""

    document: Document
    reference: str
    """Counted from the policy directory, which it begins with: `policies/internet.yaml`."""
    content: bytes


def compile_policy(directory: Place, files: Sequence[PolicyFile]) -> Policy | list[Diagnostic]:
    """Compile everything, or return what is wrong with any of the files, in no particular order."""
    problems = [*_duplicates(files), *_defaults_problems(directory, files)]
    rules = tuple(rule for file in files for rule in _rules(file, problems))
    overrides = tuple(override for file in files for override in _overrides(file, problems))
    if problems:
        return problems
    everything: tuple[Rule | Override, ...] = (*rules, *overrides)
    return Policy(
        defaults=_defaults(files),
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        overrides=tuple(sorted(overrides, key=lambda override: override.id)),
        digest=_digest(files),
        cuts=_cuts(one.match.ports or () for one in everything),
    )


def _digest(files: Sequence[PolicyFile]) -> str:
    """Return one digest of all files, whatever order they were read in."""
    total = hashlib.sha256(b"exposurectl-policy/v1\0")
    for file in sorted(files, key=lambda file: file.reference):
        total.update(file.reference.encode() + b"\0" + hashlib.sha256(file.content).digest())
    return f"sha256:{total.hexdigest()}"


def _cuts(ports: Iterable[tuple[PortRange, ...]]) -> tuple[int, ...]:
    ranges = [one for some in ports for one in some]
    return tuple(sorted({one.begin for one in ranges} | {one.end + 1 for one in ranges}))


def _listed(file: PolicyFile, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    return enumerate(file.document.data.get(key) or ())


def _duplicates(files: Sequence[PolicyFile]) -> Iterator[Diagnostic]:
    """Yield a problem for each id that stands a second time, whether on a rule or an override."""
    first: dict[str, Place] = {}
    for file in files:
        for key in ("rules", "overrides"):
            for index, entry in _listed(file, key):
                place = file.document.place(key, index, "id")
                if entry["id"] in first:
                    detail = f'The id "{entry["id"]}" is taken: {first[entry["id"]]}.'
                    yield Diagnostic(summary="Duplicate id", place=place, detail=detail, hint="choose another id")
                first.setdefault(entry["id"], place)


def _defaults_problems(directory: Place, files: Sequence[PolicyFile]) -> Iterator[Diagnostic]:
    """Yield what is wrong with `defaults`: it stands exactly once, and missing evidence never lowers."""
    holders = [file.document for file in files if "defaults" in file.document.data]
    if not holders:
        detail = "`defaults` must stand exactly once in the whole policy."
        hint = "add `defaults:` with unreachable, unmatched and unobserved to one of the files"
        yield Diagnostic(summary="No defaults", place=directory, detail=detail, hint=hint)
    for extra in holders[1:]:
        place = extra.key_place("defaults")
        detail = f"`defaults` stands here a second time; the first is {holders[0].key_place('defaults')}."
        yield Diagnostic(summary="Second defaults", place=place, detail=detail, hint="keep one of the two")
    for document in holders:
        given = document.data["defaults"]
        if given["unobserved"] != "leave" and Exposure(given["unobserved"]) < Exposure(given["unreachable"]):
            yield Diagnostic(
                summary="Unobserved below unreachable",
                place=document.place("defaults", "unobserved"),
                detail=f"Losing Inspector's view would take an instance to {given['unobserved']}, below "
                f"{given['unreachable']}: missing evidence must never lower a level.",
                hint=f"write `unobserved: leave`, or a level from {given['unreachable']} up",
            )


def _defaults(files: Sequence[PolicyFile]) -> Defaults:
    """Return the defaults of the one file that has any."""
    (file,) = (file for file in files if "defaults" in file.document.data)
    given = file.document.data["defaults"]
    return Defaults(
        unreachable=Exposure(given["unreachable"]),
        unmatched=Exposure(given["unmatched"]),
        unobserved=None if given["unobserved"] == "leave" else Exposure(given["unobserved"]),
        at=_at(file, file.document.place("defaults")),
    )


def _at(file: PolicyFile, place: Place) -> str:
    return str(Place(file.reference, place.line, place.column))


def _rules(file: PolicyFile, problems: list[Diagnostic]) -> Iterator[Rule]:
    for index, entry in _listed(file, "rules"):
        place = file.document.place("rules", index)
        yield Rule(
            id=entry["id"],
            level=Exposure(entry["level"]),
            because=entry["because"],
            match=read_match(file.document, ("rules", index, "match"), problems),
            at=_at(file, place),
            place=place,
        )


def _overrides(file: PolicyFile, problems: list[Diagnostic]) -> Iterator[Override]:
    for index, entry in _listed(file, "overrides"):
        place = file.document.place("overrides", index)
        yield Override(
            id=entry["id"],
            level=Exposure(entry["level"]),
            because=entry["because"],
            match=read_match(file.document, ("overrides", index, "match"), problems),
            at=_at(file, place),
            place=place,
            approved_by=entry["approved_by"],
            expires=_day(file.document, entry["expires"], ("overrides", index, "expires"), problems),
            ticket=entry.get("ticket", ""),
        )


def _day(document: Document, written: str, path: tuple[str | int, ...], problems: list[Diagnostic]) -> date:
    """Return the date; what is wrong with it goes onto the list."""
    day = parse_day(written)
    if isinstance(day, date):
        return day
    problems.append(Diagnostic(summary="Wrong value", place=document.place(*path), detail=day))
    return date.min
