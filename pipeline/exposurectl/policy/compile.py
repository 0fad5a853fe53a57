"""From policy documents to a Policy: meaning, and every problem that a schema cannot see."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec

from exposurectl.diagnostics import Diagnostic, Place, ProblemId
from exposurectl.documents import Document, Path
from exposurectl.model import Exposure, PortRange
from exposurectl.policy.matching import parse_day, read_match, wrong_value
from exposurectl.policy.model import Defaults, Override, Policy, Rule


class PolicyFile(msgspec.Struct, frozen=True, kw_only=True):
    """One policy document, which knows where its shape is wrong, and the name that plans call it by."""

    document: Document
    reference: str
    """Counted from the policy directory, which it begins with: `policies/internet.yaml`."""
    content: bytes


def compile_policy(
    directory: Place, files: Sequence[PolicyFile], found: Sequence[Diagnostic] = ()
) -> Policy | list[Diagnostic]:
    """
    Compile everything, or return every problem, in no particular order.

    What has been found wrong already is among them, and what can be relied on is judged all the same.
    """
    problems = [*found, *_duplicates(files), *_no_defaults(directory, files), *_defaults_problems(files)]
    rules = tuple(rule for file in files for rule in _rules(file, problems))
    overrides = tuple(override for file in files for override in _overrides(file, problems))
    if problems:
        return problems
    everything: tuple[Rule | Override, ...] = (*rules, *overrides)
    return Policy(
        defaults=_defaults(files),
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        overrides=tuple(sorted(overrides, key=lambda override: override.id)),
        digest=policy_digest((file.reference, file.content) for file in files),
        cuts=_cuts(one.match.ports or () for one in everything),
    )


def policy_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """Return one digest of all files, each a reference and its content, whatever order they were read in."""
    total = hashlib.sha256(b"exposurectl-policy/v1\0")
    for reference, content in sorted(files):
        total.update(reference.encode() + b"\0" + hashlib.sha256(content).digest())
    return f"sha256:{total.hexdigest()}"


def _cuts(ports: Iterable[tuple[PortRange, ...]]) -> tuple[int, ...]:
    ranges = [one for some in ports for one in some]
    return tuple(sorted({one.begin for one in ranges} | {one.end + 1 for one in ranges}))


def entries(files: Iterable[PolicyFile]) -> Iterator[tuple[Document, Path]]:
    """Yield each rule and each override of each file, in order, by its document and its path there."""
    for file in files:
        for key in ("rules", "overrides"):
            yield from ((file.document, path) for path in file.document.entries(key))


def _duplicates(files: Sequence[PolicyFile]) -> Iterator[Diagnostic]:
    """Yield a problem for each id that stands a second time, whether on a rule or an override."""
    first: dict[str, Place] = {}
    for document, path in entries(files):
        name, place = document.at(*path, "id"), document.place(*path, "id")
        if not isinstance(name, str):
            continue
        if name in first:
            yield Diagnostic(
                id=ProblemId.DUPLICATE_ID,
                summary="Duplicate id",
                place=place,
                detail=f'The id "{name}" is taken: {first[name]}.',
                hint="choose another id",
            )
        first.setdefault(name, place)


def _no_defaults(directory: Place, files: Sequence[PolicyFile]) -> Iterator[Diagnostic]:
    """Yield the problem that `defaults` stands nowhere, unless it may stand in a file that cannot be relied on."""
    if all(file.document.at() is not None and ("defaults",) not in file.document.keys for file in files):
        yield Diagnostic(
            id=ProblemId.NO_DEFAULTS,
            summary="No defaults",
            place=directory,
            detail="`defaults` must stand exactly once in the whole policy.",
            hint="add `defaults:` with unreachable, unmatched and unobserved to one of the files",
        )


def _defaults_problems(files: Sequence[PolicyFile]) -> Iterator[Diagnostic]:
    """Yield what is wrong with `defaults`: it stands once at most, and missing evidence never lowers."""
    holders = [file.document for file in files if ("defaults",) in file.document.keys]
    for extra in holders[1:]:
        yield Diagnostic(
            id=ProblemId.SECOND_DEFAULTS,
            summary="Second defaults",
            place=extra.key_place("defaults"),
            detail=f"`defaults` stands here a second time; the first is {holders[0].key_place('defaults')}.",
            hint="keep one of the two",
        )
    for document in holders:
        yield from _lowering(document)


def _lowering(document: Document) -> Iterator[Diagnostic]:
    """Yield the problem of a level for the unobserved that would lower."""
    if not all(document.sound("defaults", key) for key in ("unobserved", "unreachable")):
        return
    unobserved, unreachable = document.at("defaults", "unobserved"), document.at("defaults", "unreachable")
    if unobserved != "leave" and Exposure(unobserved) < Exposure(unreachable):
        yield Diagnostic(
            id=ProblemId.UNOBSERVED_BELOW_UNREACHABLE,
            summary="Unobserved below unreachable",
            place=document.place("defaults", "unobserved"),
            detail=f"Losing Inspector's view would take an instance to {unobserved}, below {unreachable}: "
            "missing evidence must never lower a level.",
            hint=f"write `unobserved: leave`, or a level from {unreachable} up",
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
    for path in file.document.entries("rules"):
        match = read_match(file.document, (*path, "match"), problems)
        if file.document.sound(*path):
            entry, place = file.document.at(*path), file.document.place(*path)
            yield Rule(
                id=entry["id"],
                level=Exposure(entry["level"]),
                because=entry["because"],
                match=match,
                at=_at(file, place),
                place=place,
            )


def _overrides(file: PolicyFile, problems: list[Diagnostic]) -> Iterator[Override]:
    for path in file.document.entries("overrides"):
        match = read_match(file.document, (*path, "match"), problems)
        expires = _day(file.document, (*path, "expires"), problems)
        if file.document.sound(*path):
            entry, place = file.document.at(*path), file.document.place(*path)
            yield Override(
                id=entry["id"],
                level=Exposure(entry["level"]),
                because=entry["because"],
                match=match,
                at=_at(file, place),
                place=place,
                approved_by=entry["approved_by"],
                expires=expires,
                ticket=entry.get("ticket", ""),
            )


def _day(document: Document, path: Path, problems: list[Diagnostic]) -> date:
    """Return the date, where its shape is right; what is wrong with it goes onto the list."""
    if not document.sound(*path):
        return date.min
    day = parse_day(document.at(*path))
    if isinstance(day, date):
        return day
    problems.append(wrong_value(document, path, day))
    return date.min
