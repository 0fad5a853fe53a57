"""Claims about policies as people write them."""

import random

import msgspec
import pytest

from exposurectl.policy.analysis.analyse import MOST_REGIONS, Claim, ClaimKind, analyse
from exposurectl.policy.model import Match, Policy, Scope
from exposurectl.policy.sources import AnywherePrefix, Within
from policy.building import ANYWHERE, policy


def rules(*written: str) -> Policy:
    """Return a policy of rules `a`, `b` and so on, each of a level and a match."""
    lines = [
        f"  - {{id: {name}, level: {level}, because: x, match: {match}}}"
        for name, (level, _space, match) in zip("abcdefgh", (one.partition(" ") for one in written), strict=False)
    ]
    return policy("rules:\n" + "\n".join(lines) + "\n")


def told(by: Policy, kind: ClaimKind, anywhere: AnywherePrefix = ANYWHERE) -> list[Claim]:
    return [claim for claim in analyse(by, anywhere) if claim.kind is kind]


def dead(*written: str) -> dict[str, tuple[str, ...]]:
    return {claim.id: claim.covering for claim in told(rules(*written), ClaimKind.NEVER_DECIDES)}


def test_a_rule_below_a_broader_one_never_decides() -> None:
    claims = told(rules("open {ports: [22]}", "controlled {ports: [22], protocol: tcp}"), ClaimKind.NEVER_DECIDES)

    assert [(claim.id, claim.covering, claim.witness) for claim in claims] == [
        ("b", ("a",), "tcp/22 from an unknown component, sources anywhere")
    ]
    assert claims[0].words == (("ports", "tcp/22"),)
    assert str(claims[0].place) == "policies/a.yaml:5:5"


def test_a_rule_above_a_broader_one_decides() -> None:
    assert dead("controlled {ports: [22]}", "open {ports: [22], protocol: tcp}") == {}


def test_of_two_rules_that_say_the_same_each_covers_the_other() -> None:
    assert dead("open {ports: [22]}", 'open {ports: ["22-22"]}') == {"a": ("b",), "b": ("a",)}


@pytest.mark.parametrize(
    "written",
    [
        ("open {protocol: tcp}", "open {protocol: udp}", "small {ports: [22]}"),
        ('open {ports: ["0-100"]}', 'open {ports: ["101-65535"]}', "small {protocol: tcp}"),
        ("open {sources: anywhere}", "open {sources: restricted}", "small {ports: [22]}"),
        ("open {path: {any_of: [nat-gateway]}}", "open {path: {none_of: [nat-gateway]}}", "small {ports: [22]}"),
    ],
)
def test_rules_that_cover_only_together_are_found(written: tuple[str, str, str]) -> None:
    assert dead(*written) == {"c": ("a", "b")}


def test_an_alias_covers_its_type_and_ids_but_not_the_other_way_round() -> None:
    gateway = "open {path: {origin: [internet-gateway]}}"
    types, ids = 'small {path: {origin: ["AWS::EC2::InternetGateway"]}}', 'small {path: {origin: ["igw-*"]}}'

    assert dead(gateway, types, ids) == {"b": ("a",), "c": ("a",)}
    assert dead(gateway.replace("open", "small"), types.replace("small", "open")) == {}
    assert dead("small {path: {origin: [internet-gateway]}}", types.replace("small", "open"), ids) == {
        "a": ("b", "c"),
        "c": ("a",),
    }


def test_a_list_inside_another_is_covered() -> None:
    wide, narrow = "open {sources: {within: [10.0.0.0/8]}}", "small {sources: {within: [10.1.0.0/16, 10.2.0.0/16]}}"

    assert dead(wide, narrow) == {"b": ("a",)}
    assert dead(narrow, wide) == {"a": ("b",)}


def test_a_list_of_private_networks_is_restricted_and_a_whole_eighth_of_the_internet_need_not_be() -> None:
    assert dead("open {sources: restricted}", "small {sources: {within: [10.0.0.0/8]}}") == {"b": ("a",)}
    assert dead("open {sources: restricted}", "small {sources: {within: [8.0.0.0/8]}}") == {}


def test_a_scope_is_covered_by_a_wider_one_only() -> None:
    one, both = 'small {accounts: ["111122223333"]}', 'open {accounts: ["111122223333", "444455556666"]}'

    assert dead(one, both) == {"a": ("b",)}
    assert dead(one.replace("small", "open"), both.replace("open", "small")) == {}


def test_a_tag_is_covered_by_a_wider_glob_only() -> None:
    assert dead('open {tags: {Env: "p*"}}', "small {tags: {Env: prod}}") == {"b": ("a",)}
    assert dead("open {tags: {Env: prod}}", 'small {tags: {Env: "p*"}}') == {}
    assert dead('open {tags: {Env: "*"}}', "small {ports: [22]}") == {}


@pytest.mark.parametrize(
    ("match", "why"),
    [
        (
            "{path: {origin: [internet-gateway], none_of: [internet-gateway]}}",
            "`path.none_of` (internet-gateway) excludes every origin that `path.origin` asks for (internet-gateway).",
        ),
        (
            '{path: {origin: ["AWS::EC2::InternetGateway"], none_of: ["*"]}}',
            "`path.none_of` (*) excludes every origin that `path.origin` asks for (AWS::EC2::InternetGateway).",
        ),
        (
            "{path: {all_of: [nat-gateway, instance], none_of: [instance]}}",
            "`path.none_of` (instance) excludes all that `path.all_of` asks for (instance).",
        ),
        (
            '{path: {any_of: ["sg-0abc*"], none_of: ["sg-*"]}}',
            "`path.none_of` (sg-*) excludes all that `path.any_of` asks for (sg-0abc*).",
        ),
        (
            "{path: {origin: [unknown], all_of: [instance], none_of: [unknown]}}",
            "`path.none_of` (unknown) excludes every first component, and a path without components passes nothing.",
        ),
    ],
)
def test_a_match_that_contradicts_itself_says_how(match: str, why: str) -> None:
    claims = told(rules(f"open {match}"), ClaimKind.HOLDS_FOR_NOTHING)

    assert [(claim.id, claim.why) for claim in claims] == [("a", (why,))]


def test_a_list_that_names_nothing_holds_for_nothing() -> None:
    given = rules("open {ports: [22]}")
    empty = Match(scope=Scope(accounts=frozenset(), tags=(("Env", ()),)), ports=(), sources=Within(()))
    changed = msgspec.structs.replace(given, rules=(msgspec.structs.replace(given.rules[0], match=empty),))

    assert told(changed, ClaimKind.HOLDS_FOR_NOTHING)[0].why == (
        "`ports` names nothing.",
        "`accounts` names nothing.",
        "`tags.Env` names nothing.",
        "`sources.within` names nothing.",
    )


def test_an_override_that_contradicts_itself_is_told() -> None:
    given = policy(
        "overrides:\n  - {id: o, level: small, because: x, approved_by: y, expires: 2027-01-01,"
        " match: {path: {all_of: [instance], none_of: [instance]}}}\n"
    )

    assert [claim.id for claim in told(given, ClaimKind.HOLDS_FOR_NOTHING)] == ["o"]


def regions(*written: str) -> list[tuple[tuple[tuple[str, str], ...], str]]:
    return [(claim.words, claim.witness) for claim in told(rules(*written), ClaimKind.ONLY_UNMATCHED)]


def test_what_no_rule_describes_is_told_in_few_words() -> None:
    assert regions("open {ports: [22, 3389]}") == [
        ((("ports", "every port but 22, 3389"),), "tcp/443 from an unknown component, sources anywhere")
    ]
    assert regions("open {sources: anywhere}") == [
        ((("sources", "restricted"),), "tcp/443 from an unknown component, sources 203.0.113.7/32")
    ]
    assert regions('open {path: {none_of: ["*"]}}') == [
        ((("path", "with any component"),), "tcp/443 from an unknown component, sources anywhere")
    ]
    assert regions('open {path: {any_of: ["*"]}}') == [
        ((("path", "without any component"),), "tcp/443 from an unknown origin, sources anywhere")
    ]


def test_a_policy_without_rules_leaves_everything_to_the_defaults() -> None:
    assert [claim.words for claim in analyse(policy(""), ANYWHERE)] == [(("ports", "all"),)]


def test_a_policy_that_describes_everything_leaves_nothing() -> None:
    assert analyse(rules("open {sources: anywhere}", "controlled {sources: restricted}"), ANYWHERE) == ()


def test_many_single_ports_are_told_all_the_same() -> None:
    odd = ", ".join(str(port) for port in range(1, 1001, 2))

    assert regions(f"open {{ports: [{odd}]}}")[0][0] == (("ports", "every port but 1, 3, 5, 7, 9, 11 and 494 more"),)


def test_where_single_hosts_count_as_anywhere_only_private_ones_are_restricted() -> None:
    given = rules("open {sources: {within: [10.0.0.0/8]}}", "open {sources: anywhere}")
    narrow = AnywherePrefix(v4=32, v6=128)

    witnesses = [claim.witness for claim in told(given, ClaimKind.ONLY_UNMATCHED, narrow)]

    assert witnesses == ["tcp/443 from an unknown component, sources 172.16.0.7/32"]


def test_nothing_is_said_where_telling_would_take_too_much_work() -> None:
    given = rules("open {protocol: tcp}", "open {protocol: udp}", "small {ports: [22]}", "open {ports: [23]}")

    assert analyse(given, ANYWHERE, most_steps=0) == ()
    assert analyse(given, ANYWHERE) != ()


def test_nothing_is_said_of_globs_that_are_too_many_to_tell() -> None:
    globs = ", ".join(f'"*{one}*{one}*"' for one in "abcdefghijklmnop")
    many = policy(
        f"rules:\n  - {{id: a, level: open, because: x, match: {{tags: {{Env: [{globs}]}}}}}}\n"
        "overrides:\n  - {id: o, level: small, because: x, approved_by: y, expires: 2027-01-01,"
        f" match: {{tags: {{Env: [{globs}]}}}}}}\n"
    )

    assert analyse(many, ANYWHERE) == ()


def test_claims_stand_in_the_order_of_the_file() -> None:
    given = rules("open {ports: [22]}", "small {ports: [22]}", "small {path: {all_of: [unknown], none_of: [unknown]}}")

    assert [claim.id for claim in analyse(given, ANYWHERE)] == ["b", "c", "defaults.unmatched"]


def test_a_rule_that_the_others_make_needless_is_not_among_those_that_cover() -> None:
    assert dead("open {ports: [2]}", 'open {ports: ["1-2"]}', 'open {ports: ["2-3"]}', 'small {ports: ["1-3"]}') == {
        "a": ("b",),
        "d": ("b", "c"),
    }


def test_of_very_many_regions_some_are_told() -> None:
    given = rules(
        'open {protocol: tcp, ports: [1], accounts: ["111122223333"]}',
        "open {regions: [eu-west-1], vpcs: [vpc-1], subnets: [subnet-1]}",
        "open {tags: {Env: prod}, sources: anywhere, path: {origin: [internet-gateway]}}",
    )

    assert len(told(given, ClaimKind.ONLY_UNMATCHED)) == MOST_REGIONS


def test_of_lists_that_cross_each_other_in_every_way_some_is_told_and_not_for_ever() -> None:
    """It took minutes: who may be inside of some lists and outside of others was asked for every combination."""
    draw = random.Random(1)  # noqa: S311 - a test keeps no secret
    networks = [f"10.{at}.0.0/16" for at in range(8)] + [f"203.0.113.{at * 16}/28" for at in range(8)]
    lists = [", ".join(draw.sample(networks, 6)) for _ in range(120)]
    rules = "".join(
        f"  - {{id: r{at}, level: controlled, because: x, match: {{sources: {{within: [{one}]}}}}}}\n"
        for at, one in enumerate(lists)
    )
    same = f"  - {{id: same, level: controlled, because: x, match: {{sources: {{within: [{lists[0]}]}}}}}}\n"

    claims = analyse(policy(f"rules:\n{rules}{same}"), ANYWHERE)

    dead = {claim.id for claim in claims if claim.kind is ClaimKind.NEVER_DECIDES}
    assert {"r0", "same"} & dead
