"""P12, F38: every change of a run ends in exactly one of seven outcomes, and they add up."""

from collections import Counter
from pathlib import Path

import pytest

from apply.acting import on_disk, roles_page, server_row, servers_page
from exposurectl.apply.receipt import Outcome
from plan.building import LEGACY, WEB_OPEN, WEB_SMALL, group, server
from promises.stage import apply, put_plan
from running import Ended
from targets.scripted import Scripted, serving

SERVERS = tuple(server(number, "i-open", WEB_SMALL) for number in range(1, 10))
APPLIED, NOOP, CONFLICT, GONE, FAILED, UNKNOWN, LEFT = (outcome.value for outcome in Outcome)
ENDS = {1: APPLIED, 2: NOOP, 3: CONFLICT, 4: GONE, 5: FAILED, 6: UNKNOWN, 7: FAILED, 8: LEFT, 9: LEFT}
REFUSED, LOST = Scripted.json({"message": "no"}, 400), Scripted.text(502)
TOKEN_GONE = Scripted.text(200, "Authorization failed")


def all_seven(folder: Path) -> Ended:
    """Apply a plan of nine raises, of which each meets something else."""
    moved = {2: WEB_OPEN, 3: LEGACY}
    listed = [server(one.id, one.instance, moved.get(one.id, WEB_SMALL)) for one in SERVERS if one.id != 4]
    with serving() as scripted:
        put_plan(folder, scripted.url, *SERVERS)
        scripted.answer(
            Scripted.json(roles_page(group())),
            Scripted.json(servers_page(*listed)),
            Scripted.json(server_row(SERVERS[0], serverroleId=WEB_OPEN)),  # 1
            REFUSED,  # 5
            *(LOST, REFUSED),  # 6: the move is lost, and it cannot be read again
            TOKEN_GONE,  # 7
        )
        ended = apply(folder)
        assert sum(line.startswith("PUT") for line in scripted.lines) == 4
        return ended


def test_all_seven_are_told_apart_in_one_run(tmp_path: Path) -> None:
    ended = all_seven(tmp_path)

    receipt = on_disk(tmp_path / "receipt.json")
    assert {one["server"]: one["outcome"] for one in receipt["results"]} == ENDS
    assert receipt["outcomes"] == Counter(ENDS.values())
    assert (ended.code, ended.reason, receipt["stopped"]) == (4, "auth", "auth")


def test_what_people_read_adds_up_too(tmp_path: Path) -> None:
    ended = all_seven(tmp_path)

    (summary,) = [line for line in ended.out.splitlines() if line.startswith("Apply: ")]
    assert summary.endswith(" of 9 changes.")
    for outcome, count in Counter(ENDS.values()).items():
        assert f"{count} {outcome}" in summary


def test_a_receipt_whose_outcomes_do_not_add_up_is_none(tmp_path: Path) -> None:
    from exposurectl.apply.receipt import read_receipt
    from exposurectl.diagnostics import ExposurectlError

    all_seven(tmp_path)
    content = (tmp_path / "receipt.json").read_bytes()
    wrong = content.replace(b'"applied": 1', b'"applied": 2')

    assert wrong != content
    with pytest.raises(ExposurectlError) as caught:
        read_receipt("receipt.json", wrong)
    assert caught.value.problems[0].detail == "Its outcomes do not add up to its results."
