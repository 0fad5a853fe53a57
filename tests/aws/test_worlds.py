"""The made-up worlds: the same every time, and told as Inspector's model says."""

import json
from collections import Counter

from hypothesis import given

from aws.fleet import fleet
from aws.identity import Identity
from aws.inspector_server import Inspector
from aws.replies import RefusedError
from aws.small import small_world
from aws.strategies import worlds
from aws.world import World

PATHS = ("/findings/list", "/coverage/list", "/members/list", "/status/batch/get", "/delegatedadminaccounts/get")


@given(worlds())
def test_every_answer_about_any_world_is_valid_by_the_model(world: World) -> None:
    inspector = Inspector(world)

    for account in world.accounts:
        caller = Identity(account.id, "arn", "user")
        for path in PATHS:
            for region in world.regions:
                question = inspector.ask(path, b"{}", account.id, region)
                try:
                    answer = inspector.answer(question, caller, region)
                except RefusedError:
                    continue
                assert inspector.problems_of_answer(question, answer) == []


@given(worlds())
def test_listing_page_by_page_is_listing_at_once(world: World) -> None:
    paged, whole = Inspector(world, largest_page=2), Inspector(world)
    account = world.accounts[0].id
    caller = Identity(account, "arn", "user")
    region = world.regions[0]
    question = whole.ask("/findings/list", b"{}", account, region)
    try:
        expected = json.loads(whole.answer(question, caller, region).body)["findings"]
    except RefusedError:
        return

    found: list[object] = []
    more: dict[str, str] = {}
    while True:
        question = paged.ask("/findings/list", json.dumps(more).encode(), account, region)
        page = json.loads(paged.answer(question, caller, region).body)
        found += page["findings"]
        if "nextToken" not in page:
            break
        more = {"nextToken": page["nextToken"]}

    assert expected == found


def test_a_small_world_has_each_situation_once() -> None:
    names = Counter(instance.name for instance in small_world().instances)

    assert len(names) == 32
    assert set(names.values()) == {1}
    assert small_world() == small_world()


def test_a_fleet_has_as_many_findings_as_it_is_asked_for_and_the_same_again() -> None:
    made = fleet(5, 2, 1003)

    findings = list(made.findings)
    assert len({finding.arn for finding in findings}) == 1003
    assert made == fleet(5, 2, 1003)
    assert {finding.instance for finding in findings} == {instance.id for instance in made.instances}


def test_ids_of_a_fleet_split_evenly_by_prefix() -> None:
    beginnings = Counter(instance.id[:4] for instance in fleet(4, 4, 16_000).instances)

    assert len(beginnings) == 16
    assert max(beginnings.values()) < 2 * min(beginnings.values())
