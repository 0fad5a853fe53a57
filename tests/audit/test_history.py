"""Who brought a plan: the oldest commit that has it, and the merge that took it in."""

from datetime import UTC, datetime

from exposurectl.audit.history import Brought, Commit, History, brought_by

PLAN = "20261123T030000Z-0001/plan.json"


def commit(name: str, signature: str = "unsigned") -> Commit:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Commit(id=name, author=f"author of {name}", committer=f"committer of {name}", at=at, signature=signature)


def test_the_oldest_commit_that_has_a_plan_brought_it() -> None:
    edited, made = commit("edited"), commit("made")

    found = brought_by([(edited, [PLAN]), (made, [PLAN, "HEAD"])], [(made, [PLAN])])

    assert found == {PLAN: Brought(commit="made", author="author of made", committer="committer of made")}


def test_a_merge_is_whose_it_is() -> None:
    made, merge = commit("made"), commit("merge")

    found = brought_by([(made, [PLAN])], [(merge, [PLAN])])

    assert (found[PLAN].commit, found[PLAN].merge, found[PLAN].merged_by) == ("made", "merge", "author of merge")


def test_a_plan_that_the_main_line_does_not_have_was_merged_by_nobody() -> None:
    assert brought_by([(commit("made"), [PLAN])], [])[PLAN].merged_by == ""


def test_signatures_are_gathered_by_what_to_make_of_them() -> None:
    every = [commit(one, one) for one in ("unsigned", "good", "bad", "expired", "revoked", "unchecked")]

    history = History(commits=tuple(every), brought={})

    assert [one.id for one in history.unsigned] == ["unsigned"]
    assert [one.id for one in history.refuted] == ["bad", "revoked"]
    assert [one.id for one in history.unchecked] == ["expired", "unchecked"]
