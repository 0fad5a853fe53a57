"""The parts of the space that a policy cuts, one by one."""

from ipaddress import ip_network
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exposurectl.model import Component, Instance, PortRange, Protocol
from exposurectl.policy.analysis import paths
from exposurectl.policy.analysis.addresses import EVERY, addresses, common, cut, joined, networks, without
from exposurectl.policy.analysis.globs import TooIntricateError, told_apart
from exposurectl.policy.analysis.hops import Hops
from exposurectl.policy.analysis.naming import Named, listed, named
from exposurectl.policy.analysis.region import Region
from exposurectl.policy.analysis.senders import ANYWHERE as ANYWHERE_SENDERS
from exposurectl.policy.analysis.senders import RESTRICTED, Lists, Senders, positions
from exposurectl.policy.analysis.situation import Reached, Situation
from exposurectl.policy.analysis.space import Space
from exposurectl.policy.analysis.widening import widened
from exposurectl.policy.analysis.witness import witness
from exposurectl.policy.components import Alias, ByAlias, ById, ByType, glob_matches, spelled
from exposurectl.policy.model import Match, PathMatch, Scope
from exposurectl.policy.sources import AnywherePrefix, Within, merge
from policy.building import ANYWHERE


@pytest.mark.parametrize(
    "globs",
    [
        ("a*", "*b", "ab", "a?", "?"),
        ("*a*", "*b*", "a*b", "??"),
        ("", "*", "?*", "a", "aa"),
        ("[a]*", "[*", "a]"),
        ("a**b", "*?*", "b?"),
    ],
)
def test_every_set_of_globs_that_a_text_matches_is_found(globs: tuple[str, ...]) -> None:
    texts = ["".join(text) for size in range(6) for text in product("abx[]", repeat=size)]

    def matched(text: str) -> int:
        return sum(1 << at for at, glob in enumerate(globs) if glob_matches(glob, text))

    found = told_apart(globs)

    assert set(found) == {matched(text) for text in texts}
    assert all(matched(text) == signature for signature, text in found.items())


def test_a_text_is_found_although_every_plain_character_is_taken() -> None:
    globs = [f"{one}*" for one in "x0abcdefghijklmnopqrstuvwyz123456789-._"] + ["?"]

    assert "\xa1" in told_apart(globs).values()


def test_globs_that_are_too_many_to_tell_are_given_up() -> None:
    with pytest.raises(TooIntricateError):
        told_apart([f"*{one}*" for one in "abcdefgh"], most=100)


def test_a_component_of_every_class_is_of_that_class() -> None:
    patterns = (ByAlias(Alias.UNKNOWN), ByType("AWS::DirectConnect::Another"), ById("vgw-1*"), ByAlias(Alias.INSTANCE))

    hops = Hops(patterns)

    assert [hops.bit(one) for one in hops.examples] == [2 << at for at in range(len(hops.examples))]
    for component in (
        Component(id="", type=""),
        Component(id="vgw-12", type=""),
        Component(id="vgw-2", type="AWS::EC2::Instance"),
        Component(id="arn:aws:elasticloadbalancing:x", type=""),
        Component(id="", type="AWS::DirectConnect::Anotherx"),
    ):
        assert [pattern.matches(component) for pattern in patterns] == [
            bool(hops.mask((pattern,)) & hops.bit(component)) for pattern in patterns
        ]


def test_patterns_are_spelled_as_a_policy_has_them() -> None:
    spellings = [spelled(one) for one in (ByAlias(Alias.NAT_GATEWAY), ByType("AWS::EC2::Instance"), ById("sg-*"))]

    assert spellings == ["nat-gateway", "AWS::EC2::Instance", "sg-*"]


def test_addresses_that_touch_are_one_range() -> None:
    three = addresses([ip_network("9.0.0.0/8"), ip_network("10.0.0.0/7"), ip_network("::/127")])

    assert three == ((9 << 24, (12 << 24) - 1), (1 << 128, (1 << 128) + 1))
    assert [str(one) for one in networks(three)] == ["9.0.0.0/8", "10.0.0.0/7", "::/127"]


def test_what_is_left_of_all_addresses_is_the_rest() -> None:
    some = addresses([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])

    rest = without(EVERY, some)

    assert common(some, rest) == ()
    assert without(rest, EVERY) == ()
    assert without(EVERY, rest) == some


def test_a_set_is_named_in_the_fewest_words() -> None:
    names = {"a": 0b0011, "b": 0b0110, "c": 0b1000}

    assert named(0b1011, 0b11111, names) == Named(("a", "c"))
    assert named(0b10111, 0b11111, names) == Named((), ("c",))
    assert named(0b0100, 0b11111, names) == Named(("b",), ("a",))
    assert named(0b10000, 0b11111, {"a": 0b00110}) is None


def test_a_long_list_is_cut() -> None:
    assert listed(["a", "b", "c"], most=2) == "a, b and 1 more"


def test_boxes_that_do_not_meet_leave_each_other_whole() -> None:
    tcp, udp = (Match(protocol=one) for one in Protocol)
    space = Space((tcp, udp), ANYWHERE)
    one, other = space.box(tcp), space.box(udp)

    assert one
    assert other
    assert list(space.boxes.minus(one, other)) == [one]


def region(match: Match, *others: Match) -> Region:
    space = Space((match, *others), ANYWHERE)
    box = space.box(match)
    assert box
    return Region(space, box)


def test_components_that_words_do_not_fit_are_told_by_one_of_them() -> None:
    """What `a` matches and `b` does not cannot be named, since no word of a policy tells the two apart."""
    given = region(Match(path=PathMatch(all_of=(ById("sg-*"),))), Match(path=PathMatch(all_of=(ById("*1"),))))

    assert given.words == (("path", "through sg-*"),)


def test_a_region_is_told_by_what_it_asks_for() -> None:
    asked = Match(
        path=PathMatch(
            origin=(ByAlias(Alias.INTERNET_GATEWAY),),
            all_of=(ByAlias(Alias.NAT_GATEWAY),),
            none_of=(ByAlias(Alias.NETWORK_FIREWALL),),
        ),
        protocol=Protocol.UDP,
        ports=(PortRange(0, 0), PortRange(53, 60)),
    )

    assert region(asked).words == (
        ("ports", "udp/0, udp/53-60"),
        ("path", "from internet-gateway, not through network-firewall, through nat-gateway"),
    )
    assert region(asked).witness == "udp/0 from an internet gateway through a NAT gateway, sources anywhere"


def test_a_witness_says_what_contradicts_itself() -> None:
    path = (Component(id="", type="AWS::EC2::InternetGateway"), Component(id="weird-1", type=""))
    reached = Reached(protocol=Protocol.TCP, port=1, path=path, networks=(ip_network("10.0.0.0/8"),))

    said = witness(Situation(instance=Instance(id="i-0", tags=(("Env", "prod"),)), reached=reached))

    assert said == "tcp/1 from an internet gateway through weird-1, sources 10.0.0.0/8, instance i-0, tag Env=prod"


def test_single_hosts_that_count_as_anywhere_are_never_restricted() -> None:
    public, private = (Within((ip_network(one),)) for one in ("8.0.0.0/8", "10.0.0.0/8"))

    lists = Lists((public, private), AnywherePrefix(v4=32, v6=128))

    assert lists.senders(RESTRICTED, 0b01, 0) is None
    assert lists.senders(RESTRICTED, 0b10, 0) == Senders(RESTRICTED | ANYWHERE_SENDERS, 0b10, 0)


def test_two_lists_with_nothing_in_common_hold_nobody_together() -> None:
    one, other = (Within((ip_network(one),)) for one in ("203.0.113.0/24", "198.51.100.0/24"))
    lists = Lists((one, other), ANYWHERE)

    assert lists.senders(RESTRICTED, 0b11, 0) is None
    assert lists.example(Senders(RESTRICTED, 0, 0b11)) is not None


@given(st.data())
def test_there_can_be_senders_exactly_where_there_is_an_example_of_them(data: st.DataObject) -> None:
    some = st.sampled_from(
        [*(f"10.{at}.0.0/16" for at in range(4)), "10.0.0.0/8", "8.0.0.0/7", "0.0.0.0/1", "fd00::/8"]
    )
    drawn = data.draw(st.lists(st.lists(some, min_size=1, max_size=4), min_size=1, max_size=5))
    withins = (Within(merge(tuple(map(ip_network, written)))) for written in drawn)
    lists = Lists(withins, data.draw(st.sampled_from([ANYWHERE, AnywherePrefix(v4=32, v6=128), AnywherePrefix(v4=31)])))
    bits = st.integers(0, (1 << len(lists.named)) - 1)
    judged, inside, outside = data.draw(st.integers(0, 3)), data.draw(bits), data.draw(bits)

    found = lists.senders(judged, inside, outside)

    try:
        example = lists.example(Senders(judged, inside, outside))
    except StopIteration:
        assert found is None
    else:
        assert found is not None
        assert lists.holds(found, example)


def test_whoever_may_be_anywhere_within_a_list_may_be_all_of_it() -> None:
    wide = ip_network("8.0.0.0/7")
    lists = Lists((Within((wide,)),), ANYWHERE)

    assert lists.example(Senders(ANYWHERE_SENDERS, 0b1, 0)) == (wide,)


def test_what_is_left_of_senders_without_others_is_none_of_those_and_nothing_only_of_parts_of_them() -> None:
    lists = Lists((Within((ip_network(one),)) for one in ("10.0.0.0/8", "10.1.0.0/16", "8.0.0.0/7")), ANYWHERE)
    every = {lists.senders(*given) for given in product(range(1, 4), range(8), range(8))} - {None}

    for one, other in product(every, repeat=2):
        assert one
        assert other
        left = list(lists.minus(one, other))
        assert not any(lists.meet(part, other) for part in left)
        assert all(lists.meet(part, one) == part for part in left)
        assert bool(left) is (lists.meet(one, other) != one)


def test_pieces_are_every_address_and_each_list_has_all_of_one_or_nothing() -> None:
    lists = (addresses([ip_network("0.0.0.0/0")]), addresses([ip_network("10.0.0.0/8"), ip_network("ff00::/8")]), ())

    pieces, held = cut(lists)

    assert joined(pieces) == EVERY
    assert [joined(tuple(pieces[at] for at in positions(bits))) for bits in held] == list(lists)


def test_what_is_left_of_paths_that_avoid_what_the_others_need_is_all_of_them() -> None:
    one = paths.paths(0b0010, 0b0100, frozenset())
    other = paths.paths(0b0010, 0, frozenset({0b0100, 0b1000}))

    assert one
    assert other
    assert list(paths.minus(one, other)) == [one]


def test_tag_values_that_words_do_not_fit_are_told_by_one_of_them() -> None:
    starts, ends = (Match(scope=Scope(tags=(("Env", (glob,)),))) for glob in ("p*", "*d"))
    space = Space((starts, ends), ANYWHERE)
    one, other = space.box(starts), space.box(ends)
    assert one
    assert other
    both = space.boxes.meet(one, other)
    assert both

    assert Region(space, both).words == (("instances", "tag Env such as 'pd'"),)


def test_a_list_without_which_a_box_is_no_wider_than_its_region_is_left_out() -> None:
    one, other = (Match(sources=Within((ip_network(one),))) for one in ("203.0.113.0/24", "198.51.100.0/24"))
    space = Space((one, other), ANYWHERE)
    taken = space.box(one)
    assert taken
    part = space.everything._replace(senders=Senders(RESTRICTED, 0, 0b11))

    wide = widened(space, part, lambda _around: lambda box: not space.boxes.meet(box, taken))

    assert wide == space.everything._replace(senders=Senders(RESTRICTED | ANYWHERE_SENDERS, 0, 0b01))
