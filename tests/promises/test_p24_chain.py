"""P24: the committed plans and receipts can be verified offline with one command; every break is named."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditing import APPLIED, PLANS, plan_in, receipt_of, write_receipt_beside, write_story
from exposurectl.apply.receipt import Approval, write_receipt
from exposurectl.audit.folder import File, Folder
from exposurectl.audit.history import Unknown
from exposurectl.audit.ledger import Ledger
from exposurectl.plan.file import seal, write_plan
from exposurectl.plan.head import read_head, with_newest, write_head
from exposurectl.plan.model import Plan
from running import Ended, run_inside

ONE, TWO, THREE = PLANS
Break = Callable[[Path], None]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("story")
    write_story(directory)
    return directory / "repository" / "plans"


@pytest.fixture
def plans(story: Path, tmp_path: Path) -> Path:
    """Return a copy of the plans, outside of git."""
    return Path(shutil.copytree(story, tmp_path / "plans"))


def audit(plans: Path) -> tuple[Ended, dict[str, Any]]:
    ended = run_inside("audit", plans, "--format", "json")
    return ended, json.loads(ended.out)


def first_break(plans: Path) -> tuple[str, str]:
    """Return where the chain is broken first, and how."""
    ended, report = audit(plans)
    assert (ended.code, ended.reason) == (5, "chain-broken")
    first = report["summary"]["first_break"]
    assert f"{first['place']}: " in " ".join(run_inside("audit", plans).out.split())
    return first["place"], first["kind"]


def rewrite(folder: Path, **changes: object) -> Plan:
    """Put a plan in place of the one in a folder that differs from it, and has a digest to match."""
    plan = seal(msgspec.structs.replace(plan_in(folder), **changes))
    (folder / "plan.json").write_bytes(write_plan(plan))
    return plan


def swap(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def test_three_plans_and_a_receipt_are_whole(plans: Path) -> None:
    ended, report = audit(plans)

    assert (ended.code, ended.err) == (0, "")
    assert (report["summary"]["intact"], report["summary"]["plans"], report["summary"]["receipts"]) == (True, 3, 1)


def edited(plans: Path) -> None:
    path = plans / TWO / "plan.json"
    path.write_bytes(path.read_bytes().replace(b'"open"', b'"small"', 1))


def truncated(plans: Path) -> None:
    path = plans / TWO / "plan.json"
    path.write_bytes(path.read_bytes()[:5000])


def emptied(plans: Path) -> None:
    (plans / TWO / "plan.json").write_bytes(b"")


def edited_and_resealed(plans: Path) -> None:
    rewrite(plans / TWO, warnings=("nothing to see",))


def a_link(plans: Path) -> None:
    path = plans / TWO / "plan.json"
    path.rename(plans / "elsewhere.json")
    path.symlink_to("../elsewhere.json")


def a_folder_of_that_name(plans: Path) -> None:
    (plans / TWO / "plan.json").unlink()
    (plans / TWO / "plan.json").mkdir()


def deleted(plans: Path) -> None:
    shutil.rmtree(plans / TWO)


def last_deleted(plans: Path) -> None:
    shutil.rmtree(plans / THREE)


def plan_alone_deleted(plans: Path) -> None:
    (plans / ONE / "plan.json").unlink()


def all_deleted(plans: Path) -> None:
    for folder in PLANS:
        shutil.rmtree(plans / folder)


def swapped(plans: Path) -> None:
    swap(plans / TWO / "plan.json", plans / THREE / "plan.json")


def renumbered(plans: Path) -> None:
    second, third = plan_in(plans / TWO), plan_in(plans / THREE)
    rewrite(plans / TWO, sequence=3, as_of=third.as_of, previous=third.previous)
    (plans / TWO / "plan.json").rename(plans / "tmp")
    rewrite(plans / THREE, sequence=2, as_of=second.as_of, previous=second.previous)
    (plans / THREE / "plan.json").rename(plans / TWO / "plan.json")
    (plans / "tmp").rename(plans / THREE / "plan.json")


def duplicated(plans: Path) -> None:
    shutil.copytree(plans / TWO, plans / f"{TWO}-again")


def a_second_of_that_number(plans: Path) -> None:
    shutil.copytree(plans / TWO, plans / "20261123T043000Z-0002")
    rewrite(plans / "20261123T043000Z-0002", warnings=("another",))


def inserted(plans: Path) -> None:
    shutil.copytree(plans / THREE, plans / "20261123T060000Z-0004")
    as_of = plan_in(plans / THREE).as_of.replace(hour=6)
    rewrite(plans / "20261123T060000Z-0004", sequence=4, as_of=as_of, previous=plan_in(plans / THREE).digest)


def first_names_another(plans: Path) -> None:
    rewrite(plans / ONE, previous=plan_in(plans / THREE).digest)


def second_names_none(plans: Path) -> None:
    rewrite(plans / TWO, previous=None)


def renamed(plans: Path) -> None:
    (plans / TWO).rename(plans / "20261123T040001Z-0002")


def head_deleted(plans: Path) -> None:
    (plans / "HEAD").unlink()


def head_in_conflict(plans: Path) -> None:
    text = (plans / "HEAD").read_text(encoding="utf-8")
    (plans / "HEAD").write_text(f"<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n", encoding="utf-8")


def head_goes_back(plans: Path) -> None:
    (plans / "HEAD").write_bytes(write_head(with_newest({}, plan_in(plans / TWO))))


def head_of_another_plan(plans: Path) -> None:
    forged = seal(msgspec.structs.replace(plan_in(plans / THREE), warnings=("x",)))
    (plans / "HEAD").write_bytes(write_head(with_newest({}, forged)))


def head_of_another_environment(plans: Path) -> None:
    forged = seal(msgspec.structs.replace(plan_in(plans / THREE), environment="staging"))
    (plans / "HEAD").write_bytes(write_head(with_newest({}, forged)))


def head_is_a_link(plans: Path) -> None:
    (plans / "HEAD").rename(plans / "NECK")
    (plans / "HEAD").symlink_to("NECK")


def receipt_of_another_plan(plans: Path) -> None:
    (plans / ONE / "receipt.json").rename(plans / TWO / "receipt.json")


def receipts_swapped(plans: Path) -> None:
    write_receipt_beside(plans / TWO)
    swap(plans / ONE / "receipt.json", plans / TWO / "receipt.json")


def receipt_without_a_change(plans: Path) -> None:
    content = json.loads((plans / ONE / "receipt.json").read_bytes())
    content["results"].pop()
    content["outcomes"]["applied"] -= 1
    (plans / ONE / "receipt.json").write_text(json.dumps(content), encoding="utf-8")


def receipt_that_moves_elsewhere(plans: Path) -> None:
    content = json.loads((plans / ONE / "receipt.json").read_bytes())
    content["results"][3]["after"]["role"] += 1
    (plans / ONE / "receipt.json").write_text(json.dumps(content), encoding="utf-8")


def receipt_that_does_not_add_up(plans: Path) -> None:
    content = json.loads((plans / ONE / "receipt.json").read_bytes())
    content["outcomes"]["applied"] -= 1
    (plans / ONE / "receipt.json").write_text(json.dumps(content), encoding="utf-8")


def receipt_truncated(plans: Path) -> None:
    path = plans / ONE / "receipt.json"
    path.write_bytes(path.read_bytes()[:300])


def receipt_of_another_target(plans: Path) -> None:
    receipt = msgspec.structs.replace(receipt_of(plan_in(plans / ONE)), url="https://example.com")
    (plans / ONE / "receipt.json").write_bytes(write_receipt(receipt))


def receipt_of_another_approval(plans: Path) -> None:
    approval = Approval(digest=plan_in(plans / TWO).digest)
    write_receipt_beside(plans / ONE, approval=approval)


def receipt_that_ends_before_it_begins(plans: Path) -> None:
    receipt = receipt_of(plan_in(plans / ONE))
    receipt = msgspec.structs.replace(receipt, ended_at=receipt.started_at - APPLIED)
    (plans / ONE / "receipt.json").write_bytes(write_receipt(receipt))


@pytest.mark.parametrize(
    ("broken", "place", "kind"),
    [
        (edited, f"{TWO}/plan.json", "plan-changed"),
        (truncated, f"{TWO}/plan.json", "plan-changed"),
        (emptied, f"{TWO}/plan.json", "plan-changed"),
        (edited_and_resealed, f"{THREE}/plan.json", "plan-unlinked"),
        (a_link, f"{TWO}/plan.json", "plan-changed"),
        (a_folder_of_that_name, f"{TWO}/plan.json", "plan-changed"),
        (deleted, f"{THREE}/plan.json", "plan-missing"),
        (last_deleted, f"{THREE}/plan.json", "plan-missing"),
        (plan_alone_deleted, f"{ONE}/plan.json", "plan-missing"),
        (all_deleted, f"{THREE}/plan.json", "plan-missing"),
        (swapped, f"{THREE}/plan.json", "plan-misplaced"),
        (renumbered, f"{THREE}/plan.json", "plan-unlinked"),
        (duplicated, f"{TWO}-again/plan.json", "plan-duplicated"),
        (a_second_of_that_number, "20261123T043000Z-0002/plan.json", "plan-duplicated"),
        (inserted, "HEAD", "head-elsewhere"),
        (first_names_another, f"{ONE}/plan.json", "plan-unlinked"),
        (second_names_none, f"{TWO}/plan.json", "plan-unlinked"),
        (renamed, "20261123T040001Z-0002/plan.json", "plan-misplaced"),
        (head_deleted, "HEAD", "head-missing"),
        (head_in_conflict, "HEAD", "head-changed"),
        (head_goes_back, "HEAD", "head-elsewhere"),
        (head_of_another_plan, "HEAD", "head-elsewhere"),
        (head_of_another_environment, "HEAD", "head-elsewhere"),
        (head_is_a_link, "HEAD", "head-changed"),
        (receipt_of_another_plan, f"{TWO}/receipt.json", "receipt-misplaced"),
        (receipts_swapped, f"{ONE}/receipt.json", "receipt-misplaced"),
        (receipt_without_a_change, f"{ONE}/receipt.json", "receipt-misplaced"),
        (receipt_that_moves_elsewhere, f"{ONE}/receipt.json", "receipt-misplaced"),
        (receipt_that_does_not_add_up, f"{ONE}/receipt.json", "receipt-changed"),
        (receipt_truncated, f"{ONE}/receipt.json", "receipt-changed"),
        (receipt_of_another_target, f"{ONE}/receipt.json", "receipt-misplaced"),
        (receipt_of_another_approval, f"{ONE}/receipt.json", "receipt-misplaced"),
        (receipt_that_ends_before_it_begins, f"{ONE}/receipt.json", "receipt-misplaced"),
    ],
)
def test_a_break_is_named(plans: Path, broken: Break, place: str, kind: str) -> None:
    broken(plans)

    assert first_break(plans) == (place, kind)


def test_a_file_that_a_killed_run_left_is_no_break(plans: Path) -> None:
    (plans / ".HEAD.17.new").write_bytes(b"{")
    (plans / f".{THREE}.17.new").mkdir()
    (plans / f".{THREE}.17.new" / "plan.json").write_bytes(b"{")

    assert audit(plans)[0].code == 0


def folders(plans: Path) -> Iterator[Folder]:
    for name in PLANS:
        content = (plans / name / "plan.json").read_bytes()
        yield Folder(name=name, plan=File(name="plan.json", content=content), receipts=(), journals=())


@given(data=st.data())
def test_one_changed_byte_of_any_plan_is_a_break(story: Path, data: st.DataObject) -> None:
    every = list(folders(story))
    number = data.draw(st.integers(0, len(every) - 1))
    content = (story / PLANS[number] / "plan.json").read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    flipped = File(name="plan.json", content=content[:at] + bytes([byte]) + content[at + 1 :])
    every[number] = msgspec.structs.replace(every[number], plan=flipped)
    ledger = Ledger()

    for folder in every:
        ledger.take(folder)

    head = File(name="HEAD", content=(story / "HEAD").read_bytes())
    report = ledger.report("plans", head, Unknown(why="It is not looked at."))
    assert report.all_breaks[0].place == f"{PLANS[number]}/plan.json"


def test_head_of_the_story_names_its_last_plan(story: Path) -> None:
    head = read_head("HEAD", (story / "HEAD").read_bytes())

    assert {name: entry.plan for name, entry in head.items()} == {"demo": f"{THREE}/plan.json"}
