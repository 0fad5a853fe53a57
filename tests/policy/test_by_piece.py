"""Which rules may speak about which piece of a finding's ports."""

from exposurectl.model import PortRange
from exposurectl.policy.decide import by_piece

from .building import policy

CUT = [PortRange(0, 21), PortRange(22, 22), PortRange(23, 79), PortRange(80, 80), PortRange(81, 65535)]


def spoken(ports: str) -> list[list[str]]:
    rules = (
        f"rules: [{{id: a, level: open, because: x, match: {ports}}}, {{id: b, level: open, because: x, match: {{}}}}]"
    )
    return [[rule.id for rule in own] for own in by_piece(policy(rules + "\n").rules, CUT)]


def test_a_rule_without_ports_may_speak_about_every_piece() -> None:
    assert spoken("{}") == [["a", "b"]] * 5


def test_a_rule_with_ports_may_speak_about_those_and_both_ends_are_among_them() -> None:
    assert spoken("{ports: [80, 22]}") == [["b"], ["a", "b"], ["b"], ["a", "b"], ["b"]]
    assert spoken('{ports: ["22-80"]}') == [["b"], ["a", "b"], ["a", "b"], ["a", "b"], ["b"]]


def test_a_rule_whose_ranges_overlap_is_named_once() -> None:
    assert spoken('{ports: ["0-22", 22, "10-23"]}') == [["a", "b"], ["a", "b"], ["a", "b"], ["b"], ["b"]]


def test_a_rule_for_ports_that_begin_within_a_piece_does_not_speak_about_its_first_port() -> None:
    """Pieces are cut wherever rules begin; of others, the first port is what counts, as it is what is judged."""
    assert spoken("{ports: [100]}") == [["b"]] * 5
