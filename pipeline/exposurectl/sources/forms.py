"""The forms in which people keep findings, recognised by their content, never by a file name."""

import enum
from typing import Final, TypeAlias

import msgspec

from exposurectl.sources.findings import describe, shown

FINDING_EVENT: Final = "Inspector2 Finding"


class Form(enum.Enum):
    """What a JSON value turned out to be where it is no form that findings come in."""

    COVERAGE = "the answer of `aws inspector2 list-coverage`"
    COVERAGE_STATISTICS = "the answer of `aws inspector2 list-coverage-statistics`"
    ASFF = "the finding format of Security Hub and of Inspector Classic (ASFF)"
    RESOURCE = "one resource block out of a finding"
    NOT_AN_OBJECT = "neither an object nor a list"
    LISTS = "a list that stands in three other lists"
    TWO = "both an event and a list of findings"
    OTHER = "no form of findings that exposurectl knows"


class Findings(msgspec.Struct, frozen=True):
    """Finding records, each as JSON text."""

    records: tuple[msgspec.Raw, ...]


class Page(msgspec.Struct, frozen=True):
    """An answer of ListFindings, or a findings report: `{"findings": […]}`."""

    records: tuple[msgspec.Raw, ...]
    more: bool
    """The answer names a next page."""


class OtherEvent(msgspec.Struct, frozen=True):
    """An EventBridge event about something else than a finding."""

    kind: str


class Refused(msgspec.Struct, frozen=True):
    """JSON, but not findings."""

    form: Form
    detail: str = ""


Recognised: TypeAlias = Findings | Page | OtherEvent | Refused

_ABSENT = msgspec.Raw(b"")


def _key(name: str) -> msgspec.Raw:
    value: msgspec.Raw = msgspec.field(name=name, default=_ABSENT)
    return value


class _Marks(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The keys that tell the forms apart. Source: the answers of Inspector, EventBridge and Security Hub."""

    detail_type: msgspec.Raw = _key("detail-type")
    detail: msgspec.Raw = _ABSENT

    findings: msgspec.Raw = _ABSENT
    next_token: msgspec.Raw = _ABSENT
    cli_next_token: msgspec.Raw = _key("NextToken")

    covered_resources: msgspec.Raw = _ABSENT
    counts_by_group: msgspec.Raw = _ABSENT
    total_counts: msgspec.Raw = _ABSENT

    asff_findings: msgspec.Raw = _key("Findings")
    asff_product: msgspec.Raw = _key("ProductArn")
    asff_generator: msgspec.Raw = _key("GeneratorId")
    asff_account: msgspec.Raw = _key("AwsAccountId")
    asff_schema: msgspec.Raw = _key("SchemaVersion")
    asff_path: msgspec.Raw = _key("NetworkPath")

    finding_arn: msgspec.Raw = _ABSENT
    aws_account_id: msgspec.Raw = _ABSENT
    network_reachability_details: msgspec.Raw = _ABSENT
    resources: msgspec.Raw = _ABSENT
    type: msgspec.Raw = _ABSENT
    id: msgspec.Raw = _ABSENT


_marks = msgspec.json.Decoder(_Marks)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_text = msgspec.json.Decoder(str)


def recognise(text: bytes) -> Recognised:
    """Tell what a JSON value is. The text must be valid JSON."""
    match text[:1]:
        case b"{":
            try:
                return _object(text)
            except UnicodeDecodeError:
                return Refused(Form.OTHER, "$: not UTF-8")
        case b"[":
            return Refused(Form.LISTS)
        case _:
            return Refused(Form.NOT_AN_OBJECT)


def _object(text: bytes) -> Recognised:
    marks = _marks.decode(text)
    if (marks.detail_type or marks.findings) and _repeats_a_key(text):
        return Refused(Form.OTHER, "$: a key stands twice")
    if marks.detail_type:
        return _event(marks)
    if marks.findings:
        return _page(marks)
    if form := _foreign(marks):
        return Refused(form)
    if marks.finding_arn or marks.aws_account_id or marks.network_reachability_details or marks.type:
        return Findings((msgspec.Raw(text),))
    return Refused(Form.OTHER)


def _repeats_a_key(text: bytes) -> bool:
    """Tell whether the object has a member that decoders would drop: then its quotes are in none of the others."""
    members = _members.decode(text)
    kept = sum(msgspec.json.encode(key).count(b'"') + bytes(value).count(b'"') for key, value in members.items())
    return kept != text.count(b'"')


def _event(marks: _Marks) -> Recognised:
    if marks.findings:
        return Refused(Form.TWO)
    try:
        kind = _text.decode(marks.detail_type)
    except msgspec.DecodeError as error:
        return Refused(Form.OTHER, describe(error, "detail-type"))
    if kind != FINDING_EVENT:
        return OtherEvent(f"event {shown(kind)}")
    return Findings((marks.detail or msgspec.Raw(b"null"),))


def _page(marks: _Marks) -> Recognised:
    try:
        records = _list.decode(marks.findings)
    except msgspec.DecodeError as error:
        return Refused(Form.OTHER, describe(error, "findings"))
    return Page(
        records, more=any(token and bytes(token) != b"null" for token in (marks.next_token, marks.cli_next_token))
    )


def _foreign(marks: _Marks) -> Form | None:
    """Return what else of AWS's this is, or None where it may be a finding."""
    if marks.covered_resources:
        return Form.COVERAGE
    if marks.counts_by_group or marks.total_counts:
        return Form.COVERAGE_STATISTICS
    asff = (marks.asff_findings, marks.asff_product, marks.asff_generator, marks.asff_schema, marks.asff_path)
    if any(asff) or marks.asff_account:
        return Form.ASFF
    if marks.id and marks.type and not (marks.finding_arn or marks.resources):
        return Form.RESOURCE
    return None
