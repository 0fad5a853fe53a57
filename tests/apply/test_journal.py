"""The journal: one line at a time, durable, chained, locked, and read strictly."""

import fcntl
import json
import os
import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from apply.acting import plan_for
from exposurectl.apply.journal import MAX_BYTES, NAME, Journal
from exposurectl.apply.receipt import Outcome, planned
from exposurectl.apply.records import Begin, End, Intent, Settled
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from plan.building import AS_OF, resealed

PLAN = plan_for()
APPLIED = msgspec.structs.replace(planned(PLAN.changes[0]), outcome=Outcome.APPLIED, status=200, attempts=1, at=AS_OF)


def written(folder: Path) -> Path:
    """Return a journal of a run that made the first change and ended."""
    path = folder / NAME
    journal = Journal.open(path, PLAN)
    journal.begin(PLAN, receipt="receipt.json", now=AS_OF)
    journal.intend(0, 1, 31)
    journal.settle(0, APPLIED)
    journal.end(stopped="", now=AS_OF)
    journal.close()
    return path


def refused(path: Path, plan: Any = PLAN) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        Journal.open(path, plan)
    return caught.value


def damaged(path: Path, line: int, detail: str) -> Diagnostic:
    return Diagnostic(
        summary="Journal damaged",
        place=Place(str(path), line, 1),
        detail=f"{detail} What the run before did cannot be told from it.",
        hint="keep the file as evidence under another name; apply compares every server with FutureVuls anyway",
    )


def past(path: Path) -> tuple[object, ...]:
    journal = Journal.open(path, PLAN)
    journal.close()
    return journal.past


def test_a_journal_is_read_as_it_was_written(tmp_path: Path) -> None:
    begin, intent, settled, end = past(written(tmp_path))

    assert isinstance(begin, Begin)
    assert (begin.plan, begin.receipt, begin.pid, begin.at) == (PLAN.digest, "receipt.json", os.getpid(), AS_OF)
    assert isinstance(intent, Intent)
    assert (intent.change, intent.server, intent.role) == (0, 1, 31)
    assert isinstance(settled, Settled)
    assert (settled.change, settled.outcome, settled.status, settled.attempts) == (0, Outcome.APPLIED, 200, 1)
    assert isinstance(end, End)
    assert (end.stopped, end.at) == ("", AS_OF)


def test_a_record_is_one_line_that_people_can_read(tmp_path: Path) -> None:
    line = written(tmp_path).read_bytes().splitlines()[1]
    intent = json.loads(line)

    assert line == json.dumps(intent, sort_keys=True, separators=(",", ":")).encode()
    assert intent == {"record": "intent", "change": 0, "server": 1, "role": 31, "prev": intent["prev"]}


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = written(tmp_path)
    journal = Journal.open(path, PLAN)
    journal.begin(PLAN, receipt="receipt-2.json", now=AS_OF)
    journal.close()

    assert len(past(path)) == 5


def test_a_line_that_a_crash_tore_is_cut_off(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]

    for length in range(len(last)):
        path.write_bytes(whole[: len(whole) - len(last)] + last[:length])

        assert len(past(path)) == 3
        assert path.read_bytes() == whole[: len(whole) - len(last)]


def test_every_other_damage_is_refused_whatever_byte_it_is_in(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()

    missed = []
    for position in range(len(whole) - 1):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        # The last line has no successor that vouches for it; what it says must still be what a record can say.
        if position < whole[:-1].rindex(b"\n") and refused(path).reason != "journal-invalid":
            missed.append(position)

    assert missed == []


@pytest.mark.parametrize("swap", [(0, 1), (1, 2), (2, 3)])
def test_a_record_that_was_moved_is_noticed(swap: tuple[int, int], tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[swap[0]], lines[swap[1]] = lines[swap[1]], lines[swap[0]]
    path.write_bytes(b"".join(lines))

    error = refused(path)

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "journal-invalid")
    assert error.problems[0].place == Place(str(path), swap[0] + 1, 1)


def test_a_record_that_was_taken_out_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[2:]))

    assert refused(path).problems == (damaged(path, 2, "The record does not follow the one before it."),)


def test_the_journal_of_another_plan_is_refused(tmp_path: Path) -> None:
    other = resealed(PLAN, sequence=7)

    path = written(tmp_path)

    error = refused(path, other)

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "journal-invalid")
    assert error.problems == (damaged(path, 1, f"It is of the plan {PLAN.digest}, not of {other.digest}."),)


def test_a_change_that_the_plan_has_not_is_refused(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / NAME, PLAN)
    journal.begin(PLAN, receipt="receipt.json", now=AS_OF)
    journal.intend(5, 1, 31)
    journal.close()

    assert refused(tmp_path / NAME).problems == (damaged(tmp_path / NAME, 2, "The plan has no change 5."),)


def test_a_result_of_a_change_that_the_plan_has_not_is_refused(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / NAME, PLAN)
    journal.begin(PLAN, receipt="receipt.json", now=AS_OF)
    journal.intend(4, 1, 31)
    journal.settle(-1, APPLIED)
    journal.close()

    assert refused(tmp_path / NAME).problems == (damaged(tmp_path / NAME, 3, "The plan has no change -1."),)


def test_a_line_that_is_no_record_is_refused_with_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + b"{}\n")

    assert refused(path).problems == (
        damaged(path, 5, "This is not a record as exposurectl writes it: Object missing required field `record`."),
    )


def test_only_one_holds_a_journal_and_the_other_learns_who(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / NAME, PLAN)
    early = refused(tmp_path / NAME)
    journal.begin(PLAN, receipt="receipt.json", now=AS_OF)

    error = refused(tmp_path / NAME)
    journal.close()

    assert (error.exit_code, error.reason) == (Exit.REFUSED, "locked")
    since = f"Process {os.getpid()} has been applying this plan since 2026-11-23 03:00:00 UTC"
    assert early.problems == (held(tmp_path / NAME, "Another apply of this plan is running"),)
    assert error.problems == (held(tmp_path / NAME, since),)


def held(path: Path, holder: str) -> Diagnostic:
    return Diagnostic(
        summary="Another run is under way",
        place=Place(str(path)),
        detail=f"{holder}. Two at once could undo each other.",
        hint="wait until it ends, then apply the plan again: what is done already stays as it is",
    )


def test_who_holds_a_journal_is_the_last_that_began(tmp_path: Path) -> None:
    path = written(tmp_path)
    journal = Journal.open(path, PLAN)
    journal.begin(PLAN, receipt="receipt-2.json", now=AS_OF + timedelta(hours=1))
    with path.open("ab") as file:
        file.write(b"no record\n\xff\n")
    journal.begin(PLAN, receipt="the third receipt.json", now=AS_OF + timedelta(hours=2))

    error = refused(path)
    journal.close()

    since = f"Process {os.getpid()} has been applying this plan since 2026-11-23 05:00:00 UTC"
    assert error.problems == (held(path, since),)


def test_a_run_that_ended_holds_nothing_any_more(tmp_path: Path) -> None:
    path = written(tmp_path)
    journal = Journal.open(path, PLAN)

    error = refused(path)
    journal.close()

    assert error.problems == (held(path, "Another apply of this plan is running"),)


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    code = (
        "import fcntl, os, sys\n"
        "file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / NAME)], check=False)

    assert past(tmp_path / NAME) == ()


def test_a_journal_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = written(tmp_path)
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600


def test_a_journal_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")

    assert refused(tmp_path / NAME).reason == "journal"
    assert not (tmp_path / "elsewhere").exists()


def test_after_a_failed_write_nothing_more_is_written(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / NAME, PLAN)
    descriptor = os.open("/dev/full", os.O_RDWR)
    os.dup2(descriptor, _descriptor_of(tmp_path / NAME))
    os.close(descriptor)

    with pytest.raises(ExposurectlError) as first:
        journal.begin(PLAN, receipt="receipt.json", now=AS_OF)
    with pytest.raises(ExposurectlError) as second:
        journal.intend(0, 1, 31)
    journal.close()

    assert (first.value.exit_code, first.value.reason) == (Exit.ERROR, "journal")
    assert first.value.problems == (not_kept(tmp_path / NAME, "No space left on device"),)
    assert second.value is first.value


def not_kept(path: Path, why: str) -> Diagnostic:
    return Diagnostic(
        summary="Journal cannot be written",
        place=Place(str(path)),
        detail=f"{why}. Nothing is sent whose intent is not on disk.",
        hint="make room for it, then apply the plan again: what is done already stays as it is",
    )


def _descriptor_of(path: Path) -> int:
    """Return the descriptor that this process has the file open with."""
    (found,) = [
        int(name.name) for name in Path("/proc/self/fd").iterdir() if os.path.realpath(name) == str(path.resolve())
    ]
    assert fcntl.fcntl(found, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    return found


def test_a_journal_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    error = refused(tmp_path / "missing" / NAME)

    assert (error.exit_code, error.reason) == (Exit.ERROR, "journal")
    assert error.problems == (not_kept(tmp_path / "missing" / NAME, "No such file or directory"),)


def test_a_journal_beyond_the_limit_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / NAME).open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    error = refused(tmp_path / NAME)

    assert error.reason == "journal-invalid"
    assert error.problems == (damaged(tmp_path / NAME, 1, "The journal is larger than 67108864 bytes."),)
    assert (tmp_path / NAME).stat().st_size == MAX_BYTES + 1


def test_a_journal_as_large_as_one_may_be_is_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    os.truncate(path, MAX_BYTES)

    assert len(past(path)) == 4


def test_a_journal_that_cannot_be_read_from_its_beginning_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)

    assert refused(tmp_path / NAME).problems == (not_kept(tmp_path / NAME, "Illegal seek"),)


def test_a_line_of_which_only_a_part_was_written_was_not_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    journal = Journal.open(path, PLAN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
    try:
        with pytest.raises(ExposurectlError) as caught:
            journal.intend(1, 4, 31)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.close()

    assert caught.value.problems == (not_kept(path, "No space left on device"),)
    assert len(past(path)) == 4


def test_a_journal_of_more_lines_than_any_run_writes_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\n" * 500_001)
    more = refused(tmp_path / NAME).problems[0]
    (tmp_path / NAME).write_bytes(b"\n" * 500_000)
    as_many = refused(tmp_path / NAME).problems[0]

    assert more.place == as_many.place == Place(str(tmp_path / NAME), 1, 1)
    assert more.detail.startswith("The journal has more than 500000 lines.")
    assert as_many.detail.startswith("This is not a record as exposurectl writes it: ")
