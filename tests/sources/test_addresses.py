"""Sets of addresses, held against sets of numbers."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from exposurectl.model import Network
from exposurectl.sources.addresses import Addresses


def some(random: Random) -> tuple[Network, ...]:
    """Return networks within 16 addresses of each version."""
    v4 = [IPv4Network((0xC0000200 + (random.randrange(16) >> bits << bits), 32 - bits)) for bits in (0, 1, 3)]
    v6 = [IPv6Network(((0x2001 << 112) + (random.randrange(16) >> bits << bits), 128 - bits)) for bits in (0, 2)]
    return tuple(random.sample([*v4, *v6], k=random.randint(0, 5)))


def members(networks: tuple[Network, ...]) -> set[tuple[int, int]]:
    return {(one.version, int(address)) for one in networks for address in one}


@settings(max_examples=1000)
@given(st.randoms(use_true_random=True))
def test_adding_taking_and_sharing_are_those_of_sets(random: Random) -> None:
    left, right = some(random), some(random)
    one, other = Addresses.of(left), Addresses.of(right)

    assert members(left) == members(one.networks())
    assert members(left) | members(right) == members((one | other).networks())
    assert members(left) - members(right) == members((one - other).networks())
    assert members(left) & members(right) == members((one & other).networks())
    assert bool(members(left)) is bool(one)
    assert (members(left) == members(right)) is (one == other)


def test_networks_are_the_fewest_ipv4_first_in_order() -> None:
    written = ["2001:db8::/33", "2001:db8:8000::/33", "10.0.0.0/9", "10.128.0.0/9", "9.0.0.0/8"]

    networks = Addresses.of(map(ip_network, written)).networks()

    assert [str(network) for network in networks] == ["9.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"]


def test_everything_stays_whole() -> None:
    assert [str(one) for one in Addresses.of([ip_network("::/0"), ip_network("0.0.0.0/0")]).networks()] == [
        "0.0.0.0/0",
        "::/0",
    ]
