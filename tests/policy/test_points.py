from exposurectl.model import Exposure, PortRange, Protocol
from exposurectl.policy.points import judged_points, points_of

from .building import ANYWHERE, evidence, policy

POLICY = policy(
    "rules:\n"
    "- {id: anyone, level: open, because: x, match: {path: {origin: [internet-gateway]}, sources: anywhere}}\n"
    "- {id: listed, level: controlled, because: x, match: {sources: restricted}}\n"
    "- {id: ssh, level: small, because: x, match: {ports: [22]}}\n"
    "overrides:\n"
    "- {id: vault, level: small, because: x, approved_by: y, expires: 2027-03-31, match: {instances: [i-0]}}\n"
    "- {id: closed, level: small, because: x, approved_by: y, expires: 2027-03-31, "
    "match: {ports: [80], tags: {A: b}}}\n"
)


def judged(given: str) -> list[tuple[str, Exposure, tuple[str, ...]]]:
    found = judged_points(evidence(given), POLICY, today=None, anywhere=ANYWHERE)
    return [(f"{one.finding.protocol.value}/{one.ports}", one.level, one.by) for one in found]


def test_each_run_of_ports_has_its_level_and_what_gave_it() -> None:
    finding = "{protocol: tcp, ports: 20-81, path: [internet-gateway], sources: [{ports: 22-80, cidrs: [10.0.0.0/8]}]}"

    assert judged(f"{{tags: {{A: b}}, findings: [{finding}]}}") == [
        ("tcp/20-21", Exposure.OPEN, ("anyone",)),
        ("tcp/22-79", Exposure.CONTROLLED, ("listed",)),
        ("tcp/80", Exposure.SMALL, ("closed",)),
        ("tcp/81", Exposure.OPEN, ("anyone",)),
    ]


def test_the_floor_and_overrides_of_the_whole_instance_are_left_aside() -> None:
    low = '{protocol: tcp, ports: 22, path: [vpc-peering], sources: ["0.0.0.0/0"]}'
    unmatched = '{protocol: udp, ports: 53, path: [vpc-peering], sources: ["0.0.0.0/0"]}'

    assert judged(f"{{unobserved: X, findings: [{low}, {unmatched}]}}") == [
        ("tcp/22", Exposure.SMALL, ("ssh",)),
        ("udp/53", Exposure.OPEN, ("defaults.unmatched",)),
    ]


def test_points_are_joined_over_findings_and_named_by_protocol() -> None:
    udp, one, two = (
        f"{{protocol: {protocol}, ports: {ports}, path: [internet-gateway]}}"
        for protocol, ports in (("udp", "53"), ("tcp", "80-90"), ("tcp", "85-99"))
    )
    found = judged_points(evidence(f"{{findings: [{udp}, {two}, {one}]}}"), POLICY, today=None, anywhere=ANYWHERE)

    assert points_of(found) == ((Protocol.TCP, PortRange(80, 99)), (Protocol.UDP, PortRange(53, 53)))
