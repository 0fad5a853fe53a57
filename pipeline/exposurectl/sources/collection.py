"""Records gathered one by one, whatever their order, and what they come to: findings without duplicates."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place, by_place
from exposurectl.model import Finding, Instance
from exposurectl.sources.findings import Damaged, Decoded, PassedOver, Sighting, decode_record, describe

MOST_RECORDS: Final = 1_000_000
MOST_PROBLEMS: Final = 50
ENOUGH_PROBLEMS: Final = 10_000
"""Nobody reads more of one file, and a file of nothing else would fill the memory."""
MOST_KINDS: Final = 1_000
OTHER_KINDS: Final = "other kinds"
_LONGEST_KIND = 200
LARGEST_RECORD: Final = 1 << 20
DAMAGED: Final = "Damaged finding"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_value = msgspec.json.Decoder()
_canonical = msgspec.json.Encoder(order="deterministic")


class RecordedFindings(msgspec.Struct, frozen=True, kw_only=True):
    """Every network finding that was read, once, and the instances they are about."""

    findings: tuple[Finding, ...]
    """Sorted by instance and ARN. One ARN may stand twice where two records of the same time disagree."""
    instances: tuple[Instance, ...]
    """Sorted by id, as the newest finding of each describes it."""
    passed_over: tuple[tuple[str, int], ...]
    """How many records were about something else, by kind."""
    digest: str
    """`sha256:` and hex over the content of the records, whatever their order and however often each came."""
    records: int
    """How many records were read, of any kind, duplicates included."""


class Collection:
    """Findings being gathered. Records may come in any order, any number of times, from any number of places."""

    def __init__(self, keep: Callable[[bytes], None] | None = None) -> None:
        """Start with nothing; `keep` takes the canonical JSON text of every network finding."""
        self._keep_text = keep
        self._findings: dict[str, list[Finding]] = {}
        self._instances: dict[tuple[str, str, str], Sighting] = {}
        self._passed_over: Counter[str] = Counter()
        self._digests: set[bytes] = set()
        self._problems: list[Diagnostic] = []
        self._records = 0
        self._others = 0

    def take(self, text: bytes | msgspec.Raw, *, place: Place, called: str) -> None:
        """Take one record as JSON text; `called` is what a message calls it, such as `Finding 17`."""
        self._records += 1
        self._check_count(place)
        decoded = self._decode(text)
        match decoded:
            case Damaged(problems):
                detail = f"{called}: {'; '.join(problems)}."
                self.refuse(Diagnostic(summary=DAMAGED, detail=detail, place=place))
            case PassedOver(kind):
                self._pass_over(kind)
            case Sighting():
                self._keep(decoded)

    def pass_over(self, kind: str, *, place: Place) -> None:
        """Count something that is not a finding at all, such as an event of another kind."""
        self._others += 1
        self._check_count(place)
        self._pass_over(kind)

    def refuse(self, problem: Diagnostic) -> None:
        """Remember a problem; finishing will raise it together with all others, and so does the ten thousandth."""
        self._problems.append(problem)
        if len(self._problems) >= ENOUGH_PROBLEMS:
            raise self._error()

    def finish(self) -> RecordedFindings:
        """Return what was gathered, or raise every problem at once."""
        if self._problems:
            raise self._error()
        findings = [finding for same in self._findings.values() for finding in _newest(same)]
        return RecordedFindings(
            findings=tuple(sorted(findings, key=_order)),
            instances=tuple(self._instances[key].instance for key in sorted(self._instances)),
            passed_over=tuple(sorted(self._passed_over.items())),
            digest=f"sha256:{hashlib.sha256(b''.join(sorted(self._digests))).hexdigest()}",
            records=self._records,
        )

    def _check_count(self, place: Place) -> None:
        if self._records + self._others > MOST_RECORDS:
            self.refuse(Diagnostic(summary="Too many findings", detail="The limit is 1,000,000 findings.", place=place))
            raise self._error()

    def _pass_over(self, kind: str) -> None:
        """Count a kind by its name, as long as there are not so many names that they would fill the memory."""
        short = kind[:_LONGEST_KIND]
        known = short in self._passed_over or len(self._passed_over) < MOST_KINDS
        self._passed_over[short if known else OTHER_KINDS] += 1

    def _error(self) -> ExposurectlError:
        return ExposurectlError(*listed(self._problems))

    def _decode(self, text: bytes | msgspec.Raw) -> Decoded:
        """Decode a record, add its content to the digest, and hand its text over where it is a network finding."""
        if len(memoryview(text)) > LARGEST_RECORD:
            return Damaged(("$: the finding is larger than 1 MiB",))
        try:
            value = _value.decode(text)
        except msgspec.DecodeError as error:
            return Damaged((describe(error),))
        except UnicodeDecodeError:
            return Damaged(("$: not UTF-8",))
        except RecursionError:
            return Damaged(("$: nested too deeply",))
        canonical = _canonical.encode(value)
        if repeated := _repeated_key(bytes(memoryview(text)), canonical):
            return Damaged((f"{repeated}: stands twice in one object",))
        self._digests.add(hashlib.sha256(canonical).digest())
        decoded = decode_record(value)
        if self._keep_text and isinstance(decoded, Sighting):
            self._keep_text(canonical)
        return decoded

    def _keep(self, seen: Sighting) -> None:
        same = self._findings.setdefault(seen.finding.arn, [])
        if seen.finding not in same:
            same.append(seen.finding)
        instance = seen.instance
        key = (instance.id, instance.account, instance.region)
        known = self._instances.get(key)
        if known is None or _describes_better(seen, known):
            self._instances[key] = seen


def listed(problems: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Return the first 50 problems, sorted by place, and one more that says how many there are besides."""
    found = sorted(problems, key=by_place)
    yield from found[:MOST_PROBLEMS]
    if more := found[MOST_PROBLEMS:]:
        yield Diagnostic(summary="More problems", detail=f"And {len(more):,} more that are not listed here.")


def _repeated_key(text: bytes, canonical: bytes) -> str:
    """
    Return a key that stands twice in one object, or nothing.

    Decoders keep the last one, and readers see the first. Counting quotes finds the few texts worth a slow look: a
    lost member takes its quotes along, and only an escaped quote can bring others.
    """
    if text.count(b'"') == canonical.count(b'"') and rb"\u0022" not in text:
        return ""
    repeated: list[str] = []

    def note(members: list[tuple[str, Any]]) -> None:
        repeated.extend(ascii(key) for key, times in Counter(key for key, _ in members).items() if times > 1)

    json.loads(text, object_pairs_hook=note)
    return min(repeated, default="")


def _newest(same: list[Finding]) -> list[Finding]:
    """
    Return those records of one finding that may be the latest word on it, in a fixed order.

    Where times are equal or not known, an open path is believed before a closed one: never show less exposure.
    """
    if len(same) == 1:
        return same
    latest = max((finding.updated_at for finding in same if finding.updated_at), default=None)
    current = [finding for finding in same if finding.updated_at in {latest, None}]
    return sorted([finding for finding in current if finding.counts] or current, key=msgspec.json.encode)


def _order(finding: Finding) -> tuple[str, str]:
    return finding.instance, finding.arn


def _describes_better(seen: Sighting, known: Sighting) -> bool:
    """Tell which of two descriptions of an instance wins: the newer one, and for equal times the same one always."""
    first, second = known.finding.updated_at or _LONG_AGO, seen.finding.updated_at or _LONG_AGO
    if first != second or known.instance == seen.instance:
        return first < second
    return msgspec.json.encode(known.instance) < msgspec.json.encode(seen.instance)
