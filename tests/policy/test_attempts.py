import pytest

from exposurectl.model import PortRange
from exposurectl.policy.attempts import Unmet, attempts, shown, unmet_scope

from .building import ANYWHERE, evidence, policy

SSH = "{protocol: tcp, ports: 22, path: [igw-1, acl-1, sg-1, instance], sources: [0.0.0.0/0]}"


def tried(match: str, finding: str = SSH, given: str = "") -> tuple[tuple[PortRange, ...], tuple[Unmet, ...]]:
    by = policy(f"rules:\n- {{id: r, level: open, because: x, match: {match}}}\n")
    what = evidence(f"{{{given}findings: [{finding}]}}")
    (attempt,) = attempts(what.findings[0], what.instance, by, ANYWHERE)
    return attempt.ports, attempt.unmet


@pytest.mark.parametrize(
    ("expected", "match"),
    [
        (("protocol", "udp", "tcp"), "{protocol: udp}"),
        (("path.origin", "vpc-peering or pcx-*", "igw-1"), '{path: {origin: [vpc-peering, "pcx-*"]}}'),
        (
            ("path.any_of", "AWS::X::Y or nat-gateway", "not on the path"),
            '{path: {any_of: ["AWS::X::Y", nat-gateway]}}',
        ),
        (("path.all_of", "nat-gateway and sg-2", "not on the path"), "{path: {all_of: [nat-gateway, sg-1, sg-2]}}"),
        (("path.none_of", "no sg-1 or acl-1", "acl-1, sg-1"), "{path: {none_of: [sg-1, acl-1]}}"),
        (("ports", "80 or 443-445", "22"), '{ports: [80, "443-445"]}'),
        (("sources", "restricted", "0.0.0.0/0"), "{sources: restricted}"),
        (
            ("sources", "within 10.0.0.0/8, 192.168.0.0/16", "0.0.0.0/0"),
            "{sources: {within: [192.168.0.0/16, 10.0.0.0/8]}}",
        ),
        (("accounts", "111122223333", "not known"), '{accounts: ["111122223333"]}'),
        (("tags Env", "prod or p*", "no such tag"), '{tags: {Env: [prod, "p*"]}}'),
    ],
)
def test_a_condition_that_does_not_hold_says_what_it_asks_and_what_is_there(
    expected: tuple[str, str, str], match: str
) -> None:
    assert tried(match) == ((), (Unmet(*expected),))


@pytest.mark.parametrize(
    "match",
    [
        "{protocol: tcp, ports: [22]}",
        "{path: {origin: [internet-gateway], any_of: [sg-1, unknown], all_of: [sg-1, acl-1], none_of: [unknown]}}",
        "{sources: anywhere}",
        "{}",
    ],
)
def test_a_rule_that_holds_names_the_ports(match: str) -> None:
    assert tried(match) == ((PortRange(22, 22),), ())


def test_every_condition_that_does_not_hold_is_told() -> None:
    _ports, unmet = tried("{protocol: udp, ports: [80], path: {origin: [unknown]}, regions: [eu-west-1]}")

    assert [one.condition for one in unmet] == ["regions", "protocol", "path.origin", "ports"]


def test_ports_that_hold_are_named_and_those_between_are_not() -> None:
    finding = (
        '{protocol: tcp, ports: "1-9", path: [], sources: [{ports: "1-2", cidrs: [10.0.0.0/8]}, {ports: 5, cidrs: []}]}'
    )

    assert tried("{sources: restricted}", finding) == ((PortRange(1, 2),), ())
    assert tried('{ports: ["5-9"], sources: restricted}', finding)[1] == (
        Unmet("sources", "restricted", "nobody, which counts as anywhere / no evidence, which counts as anywhere"),
    )
    assert tried("{path: {origin: [vpn-gateway]}}", finding)[1][0].found == "a path without steps"


def test_the_scope_of_an_instance() -> None:
    by = policy(
        "rules: []\noverrides:\n- {id: o, level: small, because: x, approved_by: y, expires: 2027-03-31, "
        "match: {instances: [i-1, i-2], vpcs: [vpc-1], subnets: [subnet-1], tags: {Env: prod}}}\n"
    )

    scope = by.overrides[0].match.scope
    assert unmet_scope(scope, evidence("{instance: i-3, vpc: vpc-1, subnet: subnet-2, tags: {Env: dev}}").instance) == (
        Unmet("subnets", "subnet-1", "subnet-2"),
        Unmet("instances", "i-1 or i-2", "i-3"),
        Unmet("tags Env", "prod", '"dev"'),
    )
    inside = evidence("{instance: i-1, vpc: vpc-1, subnet: subnet-1, tags: {Env: prod}}").instance
    assert unmet_scope(scope, inside) == ()


def test_overrides_of_points_about_this_instance_are_tried_too() -> None:
    def override(name: str, match: str) -> str:
        return f"- {{id: {name}, level: small, because: x, approved_by: y, expires: 2027-03-31, match: {match}}}\n"

    by = policy(
        "overrides:\n"
        + override("mine", "{ports: [22], instances: [i-0]}")
        + override("whole", "{instances: [i-0]}")
        + override("other", "{ports: [22], instances: [i-1]}")
    )
    given = evidence(f"{{findings: [{SSH}]}}")

    assert [one.rule.id for one in attempts(given.findings[0], given.instance, by, ANYWHERE)] == ["mine"]


def test_a_component_is_called_by_its_id_else_by_its_type() -> None:
    path = '[{type: "AWS::X::Y", id: x-1}, {type: "AWS::X::Y", id: ""}, unknown]'
    given = evidence(f"{{findings: [{{protocol: tcp, ports: 1, path: {path}}}]}}")

    assert [shown(one) for one in given.findings[0].path] == ["x-1", "AWS::X::Y", "a component without id and type"]
