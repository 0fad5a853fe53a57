"""P6, T8: a tag lowers nothing, unless a rule under review asks for that tag, of which `validate` then warns."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exposurectl.model import Evidence
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Match, Policy
from properties.strategies import ANYWHERE, TODAY, evidence, policies, tags
from running import run_inside

LOWERING = """\
version: 1
rules:
  - id: internal-tier
    level: controlled
    because: The tag says that it is internal.
    match: {{tags: {{Tier: internal}}}}
defaults: {{unreachable: controlled, unmatched: open, unobserved: leave}}
"""


def untagged(policy: Policy) -> Policy:
    """Return the policy without anything that asks for a tag."""

    def without(match: Match) -> Match:
        return replace(match, scope=replace(match.scope, tags=()))

    return replace(
        policy,
        rules=tuple(replace(rule, match=without(rule.match)) for rule in policy.rules),
        overrides=tuple(replace(one, match=without(one.match)) for one in policy.overrides),
    )


@given(policies().map(untagged), evidence(), tags | st.just((("InspectorEc2Exclusion", ""), ("Name", "x"))))
def test_where_a_policy_asks_for_no_tag_no_tag_changes_a_decision(
    policy: Policy, given: Evidence, other: tuple[tuple[str, str], ...]
) -> None:
    tagged = replace(given, instance=replace(given.instance, tags=other))

    before, after = (decide(one, policy, today=TODAY, anywhere=ANYWHERE) for one in (given, tagged))

    assert before == after


def test_whatever_the_tags_of_all_findings_the_plan_is_the_same(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    from saved import SERVERS

    words = ("plan", "--config", "demo.yaml", "--as-of", "2026-11-23", "--servers", *SERVERS)
    rows = [json.loads(row) for row in Path("fleet/findings.ndjson").read_bytes().splitlines()]
    for row in rows:
        row["resources"][0]["tags"] = {"Tier": "internal", "Exposure": "small", "Environment": "sandbox"}
    Path("tagged.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")

    made = [
        run_inside(*words, "--findings", name, "--out", f"{name[:5]}.json")
        for name in ("fleet/findings.ndjson", "tagged.ndjson")
        if Path(name).exists()
    ]

    assert [ended.code for ended in made] == [0, 0], made[0].err
    changes = [
        [(one["server"], one["after"]) for one in json.loads(Path(f"{name}.json").read_bytes())["changes"]]
        for name in ("fleet", "tagge")
    ]
    assert changes[0] == changes[1] != []


def test_a_rule_by_which_a_tag_lowers_is_told_to_its_reviewer(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(LOWERING.format(), encoding="utf-8")

    ended = run_inside("validate", tmp_path, "--as-of", "2026-11-23")

    assert ended.code == 0
    assert "warning: Tag may lower a level [tag-lowers]" in ended.out
    assert '"internal-tier" gives controlled where the tag "Tier" stands' in " ".join(ended.out.split())


def test_the_shipped_policy_asks_for_no_tag() -> None:
    from exposurectl.policy.files import load_policy

    shipped = load_policy(Path(__file__).parents[2] / "policies")

    assert [rule.id for rule in shipped.rules if rule.match.scope.tags] == []
    assert [one.id for one in shipped.overrides if one.match.scope.tags] == []
