"""Whom the network admits to the ports of a finding: the rows of `ingress.ndjson`."""

from collections.abc import Iterable, Iterator

import msgspec

from exposurectl.model import Finding, PortRange
from exposurectl.sources.addresses import NEVER_FROM_THE_INTERNET, NOBODY, Addresses, is_everyone
from exposurectl.sources.fronts import Passage, forwarded_ports, forwarders, passages, referenced
from exposurectl.sources.gates import Gate, Point, gate_of, split
from exposurectl.sources.network import (
    NetworkEvidence,
    NetworkInterface,
    begins_at_internet,
    first_balancer,
    first_interface,
)
from exposurectl.sources.rows import IngressRow


class _Entrance(msgspec.Struct, frozen=True):
    """The gate that a path meets first."""

    gate: Gate
    interface: NetworkInterface | None
    """Whose gate it is; None where it is a load balancer's."""
    is_own: bool
    """The gate is the instance's own, and so has the finding's ports. A load balancer listens on others."""


class _Admission(msgspec.Struct, frozen=True):
    """Who may send, and the groups that say so."""

    addresses: Addresses
    groups: frozenset[str]

    def __or__(self, other: "_Admission") -> "_Admission":
        return _Admission(self.addresses | other.addresses, self.groups | other.groups)


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who may send through an entrance to some ports: what is asked, and of what evidence."""

    entrance: _Entrance
    ports: PortRange
    finding: Finding
    network: NetworkEvidence

    @property
    def points(self) -> tuple[Point, ...]:
        """Where packets to these ports pass the gate."""
        own = ((self.finding.protocol, self.ports.begin),)
        return own if self.entrance.is_own else self.entrance.gate.points()

    @property
    def impossible(self) -> Addresses:
        """Addresses that cannot have come along the path."""
        return NEVER_FROM_THE_INTERNET if begins_at_internet(self.finding.path) else NOBODY


def admitted(finding: Finding, network: NetworkEvidence) -> tuple[IngressRow, ...]:
    """
    Return whom the security groups and network ACLs along a finding's path admit, in the fewest ranges of ports.

    Ports without a row have no evidence. A row without CIDRs says that everything was read and admits nobody.
    Evidence that is missing never makes a row narrower.
    """
    pieces = (piece for asked in _asked(finding, network) for piece in _admissions(asked))
    return tuple(_row(finding, ports, admission) for ports, admission in _joined(list(pieces)))


def depends_on_forwarders(finding: Finding, network: NetworkEvidence) -> bool:
    """Tell whether whom the network admits depends on which load balancers forward to the finding's interface."""
    return any(_may_be_a_balancer(asked, _direct(asked)) for asked in _asked(finding, network))


def _asked(finding: Finding, network: NetworkEvidence) -> Iterator[_Asked]:
    """Yield the questions that the gate of a finding's entrance may answer differently."""
    entrance = _entrance(finding, network)
    if entrance is None:
        return
    pieces = entrance.gate.pieces(finding.protocol, finding.ports) if entrance.is_own else iter([finding.ports])
    for ports in pieces:
        yield _Asked(entrance=entrance, ports=ports, finding=finding, network=network)


def _entrance(finding: Finding, network: NetworkEvidence) -> _Entrance | None:
    """Return the gate nearest the origin: behind a load balancer, an interface only ever sees the load balancer."""
    if first_balancer(finding.path):
        gate = _gate_of_balancer(finding, network)
        return _Entrance(gate, None, is_own=False) if gate else None
    hop = first_interface(finding.path)
    interface = network.interfaces.get(hop.id) if hop else None
    if interface is None or interface.account != finding.account:
        return None
    gate = gate_of(interface.groups, [interface.subnet], network, account=finding.account)
    return _Entrance(gate, interface, is_own=interface.instance == finding.instance) if gate else None


def _gate_of_balancer(finding: Finding, network: NetworkEvidence) -> Gate | None:
    hop = first_balancer(finding.path)
    balancers = (network.balancers or {}).values()
    found = next((balancer for balancer in balancers if hop and balancer.is_named_by(hop)), None)
    return gate_of(found.groups, found.subnets, network, account=finding.account) if found else None


def _admissions(asked: _Asked) -> Iterator[tuple[PortRange, _Admission | None]]:
    """Yield the ports in pieces that the same load balancers forward to, each with who may send there."""
    direct, entrance = _direct(asked), asked.entrance
    if direct is None or entrance.interface is None or not _may_be_a_balancer(asked, direct):
        yield asked.ports, direct
        return
    forwarded = forwarded_ports(entrance.interface, asked.network) if entrance.is_own else ()
    for ports in split(asked.ports, forwarded):
        fronts = forwarders(entrance.interface, ports if entrance.is_own else None, asked.network)
        more = _sum(passages(fronts, asked.finding, asked.network), asked)
        yield ports, _with_forwarders(asked, direct, more)


def _direct(asked: _Asked) -> _Admission | None:
    """Add up the gate and those of the load balancers that its groups refer to; None where one of them is not known."""
    gate, points = asked.entrance.gate, asked.points
    before = referenced(gate.references(points), asked.finding, asked.network)
    summed = _sum([(gate, points), *passages(before, asked.finding, asked.network)], asked)
    # Admitting private addresses alone cannot explain a path from the internet. A load balancer that the groups
    # admit by address would: nothing here says whom that one admits.
    if summed is None or (summed.addresses and not summed.addresses - asked.impossible):
        return None
    return summed


def _sum(passed: Iterable[Passage], asked: _Asked) -> _Admission | None:
    summed = _Admission(NOBODY, frozenset())
    for gate, points in passed:
        senders = gate.senders(points, asked.network.prefix_lists, impossible=asked.impossible) if gate else None
        if gate is None or senders is None:
            return None
        summed |= _Admission(senders, frozenset(gate.groups))
    return summed


def _may_be_a_balancer(asked: _Asked, direct: _Admission | None) -> bool:
    """
    Tell whether the gate admits private addresses, from which a load balancer may send for whoever it admits itself.

    Where everyone of IPv4 or of IPv6 may send anyhow, it does not matter which load balancers there are.
    """
    if direct is None or asked.entrance.interface is None:
        return False
    own = asked.entrance.gate.senders(asked.points, asked.network.prefix_lists, impossible=asked.impossible)
    return own is not None and bool(own & asked.impossible) and not is_everyone(own)


def _with_forwarders(asked: _Asked, direct: _Admission, more: _Admission | None) -> _Admission | None:
    """
    Add whom the load balancers that forward to the gate admit; None where that is not known.

    Groups that admit everyone are evidence of that, whatever a network ACL then refuses: else ports would have less
    evidence with the network ACL than without it, when everyone may send and nobody asks for load balancers.
    """
    named = asked.entrance.gate.named(asked.points, asked.network.prefix_lists)
    widest = None
    if named is not None and is_everyone(named):
        widest = direct | _Admission(named, frozenset())
    if more is None or (widest is not None and more.addresses - widest.addresses):
        return widest
    return direct | more


def _joined(pieces: list[tuple[PortRange, _Admission | None]]) -> Iterator[tuple[PortRange, _Admission]]:
    """Yield the pieces with evidence, neighbours that admit the same addresses as one."""
    known = [(ports, admission) for ports, admission in pieces if admission is not None]
    if not known:
        return
    ports, admission = known[0]
    for following, other in known[1:]:
        if following.begin == ports.end + 1 and other.addresses == admission.addresses:
            ports = PortRange(ports.begin, following.end)
            admission = _Admission(admission.addresses, admission.groups | other.groups)
        else:
            yield ports, admission
            ports, admission = following, other
    yield ports, admission


def _row(finding: Finding, ports: PortRange, admission: _Admission) -> IngressRow:
    return IngressRow(
        finding=finding.arn,
        ports=str(ports),
        cidrs=tuple(str(network) for network in admission.addresses.networks()),
        groups=tuple(sorted(admission.groups)),
    )
