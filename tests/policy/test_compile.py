from datetime import date
from pathlib import Path

import pytest

from exposurectl.diagnostics import ExposurectlError, Place
from exposurectl.model import Exposure
from exposurectl.policy.compile import compile_policy
from exposurectl.policy.files import load_policy
from exposurectl.policy.model import Defaults, Match, Policy

from .building import DEFAULTS, all_shown, compiled, files, policy, refused

APPROVED = "because: Checked., approved_by: security-team"


def messages(folder: Path, text: str) -> str:
    """Return what is said of a policy of the one file `a.yaml`."""
    (folder / "a.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ExposurectlError) as raised:
        load_policy(folder)

    assert raised.value.reason == "policy-invalid"
    return all_shown(raised.value).replace(str(folder), "policies")


def test_rules_and_overrides_are_sorted_by_id_and_know_where_they_stand() -> None:
    first = DEFAULTS + "rules:\n  - {id: b, level: open, because: B., match: {}}\n"
    second = "version: 1\nrules:\n  - {id: a, level: small, because: A., match: {}}\n"

    together = compiled(first, second)

    assert [(rule.id, rule.level, rule.because, rule.at) for rule in together.rules] == [
        ("a", Exposure.SMALL, "A.", "policies/b.yaml:3:5"),
        ("b", Exposure.OPEN, "B.", "policies/a.yaml:4:5"),
    ]
    assert [rule.place for rule in together.rules] == [Place("policies/b.yaml", 3, 5), Place("policies/a.yaml", 4, 5)]


def test_an_override_keeps_who_approved_it_and_until_when() -> None:
    written = f"{{id: a, level: small, match: {{}}, expires: 2028-02-29, ticket: SEC-1, {APPROVED}}}"

    (only,) = policy(f"overrides: [{written}]").overrides

    assert (only.approved_by, only.because, only.ticket, only.expires) == (
        "security-team",
        "Checked.",
        "SEC-1",
        date(2028, 2, 29),
    )
    assert only.match == Match()


def test_defaults_are_read() -> None:
    assert policy("").defaults == Defaults(
        unreachable=Exposure.CONTROLLED, unmatched=Exposure.OPEN, unobserved=None, at="policies/a.yaml:2:11"
    )


def test_a_level_for_the_unobserved_is_read() -> None:
    levels = "version: 1\ndefaults: {unreachable: small, unmatched: open, unobserved: controlled}\n"

    assert compiled(levels).defaults.unobserved is Exposure.CONTROLLED


def test_the_digest_is_of_names_and_contents_in_any_order() -> None:
    one, other = files(DEFAULTS, "version: 1\n")
    changed = files(DEFAULTS, "version: 1\n# a comment\n")[1]

    digests = [compile_policy(Place("p"), order) for order in ([one, other], [other, one], [one, changed], [one])]

    same, turned, *others = [made.digest for made in digests if isinstance(made, Policy)]
    assert same == turned
    assert len({same, *others}) == 3


def test_cuts_stand_where_ports_begin_or_have_ended() -> None:
    rule = '{id: a, level: open, because: x, match: {ports: [22, "80-90", "0-65535"]}}'
    override = f"{{id: b, level: open, match: {{ports: [23]}}, expires: 2027-03-31, {APPROVED}}}"

    assert policy(f"rules: [{rule}]\noverrides: [{override}]").cuts == (0, 22, 23, 24, 80, 91, 65536)


def test_an_id_that_stands_a_second_time_is_refused_across_files_and_kinds() -> None:
    rule = "rules: [{id: a, level: open, because: x, match: {}}]\n"
    override = f"overrides: [{{id: a, level: open, match: {{}}, expires: 2027-03-31, {APPROVED}}}]\n"

    assert refused(DEFAULTS + rule, f"version: 1\n{rule}", f"version: 1\n{override}") == (
        "policies/b.yaml:2:14: error: Duplicate id\n"
        '  The id "a" is taken: policies/a.yaml:3:14.\n'
        "  hint: choose another id\n"
        "policies/c.yaml:2:18: error: Duplicate id\n"
        '  The id "a" is taken: policies/a.yaml:3:14.\n'
        "  hint: choose another id\n"
    )


def test_no_defaults_are_refused() -> None:
    assert refused("version: 1\n") == (
        "policies: error: No defaults\n"
        "  `defaults` must stand exactly once in the whole policy.\n"
        "  hint: add `defaults:` with unreachable, unmatched and unobserved to one of the files\n"
    )


def test_defaults_that_stand_a_second_time_are_refused() -> None:
    assert refused(DEFAULTS, DEFAULTS) == (
        "policies/b.yaml:2:1: error: Second defaults\n"
        "  `defaults` stands here a second time; the first is policies/a.yaml:2:1.\n"
        "  hint: keep one of the two\n"
    )


@pytest.mark.parametrize(("unreachable", "unobserved"), [("controlled", "small"), ("open", "controlled")])
def test_a_level_for_the_unobserved_that_would_lower_is_refused(unreachable: str, unobserved: str) -> None:
    written = f"version: 1\ndefaults: {{unreachable: {unreachable}, unmatched: open, unobserved: {unobserved}}}\n"
    column = written.split("\n")[1].index("unobserved: ") + len("unobserved: ") + 1

    assert refused(written) == (
        f"policies/a.yaml:2:{column}: error: Unobserved below unreachable\n"
        f"  Losing Inspector's view would take an instance to {unobserved}, below {unreachable}: "
        "missing evidence must never lower a level.\n"
        f"  hint: write `unobserved: leave`, or a level from {unreachable} up\n"
    )


def test_a_day_that_no_calendar_has_is_refused() -> None:
    override = f"{{id: a, level: open, match: {{}}, expires: 2027-02-29, {APPROVED}}}"

    assert refused(f"{DEFAULTS}overrides: [{override}]") == (
        "policies/a.yaml:3:54: error: Wrong value\n  No calendar has the day 2027-02-29.\n"
    )


def test_every_wrong_part_of_a_match_is_refused_in_its_place() -> None:
    rule = """rules:
  - id: a
    level: open
    because: x
    match:
      ports: ["65536", "23-22"]
      sources: {within: [10.0.0.1/8]}
      path:
        origin: [internet-gatway]
        any_of: [sg-1, netwrok-acl]
        all_of: [instnace]
        none_of: [firewall]
"""

    assert refused(DEFAULTS + rule) == (
        "policies/a.yaml:8:15: error: Wrong value\n  65536 is not a port: the highest is 65535.\n"
        'policies/a.yaml:8:24: error: Wrong value\n  The range "23-22" ends before it begins: write "22-23".\n'
        "policies/a.yaml:9:26: error: Wrong value\n"
        '  "10.0.0.1/8" is not a network: 10.0.0.1/8 has host bits set. Write 10.0.0.0/8.\n'
        'policies/a.yaml:11:18: error: Wrong value\n  "internet-gatway" is no alias, type or id; '
        'did you mean "internet-gateway"?\n'
        'policies/a.yaml:12:24: error: Wrong value\n  "netwrok-acl" is no alias, type or id; '
        'did you mean "network-acl"?\n'
        'policies/a.yaml:13:18: error: Wrong value\n  "instnace" is no alias, type or id; did you mean "instance"?\n'
        'policies/a.yaml:14:19: error: Wrong value\n  "firewall" is no alias, type or id; '
        'did you mean "network-firewall"?\n'
    )


def test_a_port_past_the_highest_is_refused_also_as_a_number(tmp_path: Path) -> None:
    rule = "rules: [{id: a, level: open, because: x, match: {ports: [65536]}}]\n"

    assert messages(tmp_path, DEFAULTS + rule) == (
        "policies/a.yaml:3:58: error: Wrong value\n"
        '  An entry of `ports` must be a port from 0 to 65535 or a range such as "5985-5986", not 65536.\n'
        '  hint: write a number, or "5985-5986" for a range; names of services are not ports\n'
    )


def test_a_port_with_a_fraction_is_refused_even_if_it_is_nought(tmp_path: Path) -> None:
    rule = "rules: [{id: a, level: open, because: x, match: {ports: [22.0]}}]\n"

    assert messages(tmp_path, DEFAULTS + rule) == (
        "policies/a.yaml:3:58: error: Wrong value\n"
        '  An entry of `ports` must be a port from 0 to 65535 or a range such as "5985-5986", not 22.0.\n'
        '  hint: write a number, or "5985-5986" for a range; names of services are not ports\n'
    )


def test_an_id_that_ends_in_a_line_break_is_refused(tmp_path: Path) -> None:
    rule = 'rules: [{id: "a\\n", level: open, because: x, match: {}}]\n'

    assert messages(tmp_path, DEFAULTS + rule).startswith("policies/a.yaml:3:14: error: Wrong value\n  `id` must be ")
