"""The file of a receipt: never another run's, and whole whenever somebody looks."""

import os
from pathlib import Path

import pytest

from apply.acting import plan_for
from exposurectl.apply.receipt import begin, ended, write_receipt
from exposurectl.apply.receipt_file import ReceiptFile
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from plan.building import AS_OF

BEGUN = begin(plan_for(), actor="alice", run="", now=AS_OF)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], "receipt.json"),
        (["receipt.json"], "receipt-2.json"),
        (["receipt.json", "receipt-2.json", "receipt-3.json"], "receipt-4.json"),
        (["receipt-2.json"], "receipt.json"),
        (["receipt.json", "receipt-3.json"], "receipt-2.json"),
    ],
)
def test_a_receipt_lies_beside_its_plan_under_a_name_of_its_own(
    there: list[str], expected: str, tmp_path: Path
) -> None:
    for name in there:
        (tmp_path / name).touch()

    assert ReceiptFile.beside(tmp_path / "plan.json").path == tmp_path / expected


def test_a_receipt_is_created_and_kept(tmp_path: Path) -> None:
    file = ReceiptFile(tmp_path / "receipt.json")
    after = ended(BEGUN, BEGUN.results, stopped="auth", now=AS_OF)

    file.create(BEGUN)
    created = file.path.read_bytes()
    file.keep(after)

    assert (created, file.path.read_bytes()) == (write_receipt(BEGUN), write_receipt(after))
    assert list(tmp_path.iterdir()) == [file.path]


def refused(path: Path) -> ExposurectlError:
    with pytest.raises(ExposurectlError) as caught:
        ReceiptFile(path).create(BEGUN)
    return caught.value


def test_the_receipt_of_another_run_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    path.write_bytes(b"another run's")

    error = refused(path)

    assert path.read_bytes() == b"another run's"
    assert (error.exit_code, error.reason) == (Exit.ERROR, "receipt")
    assert error.problems == (
        Diagnostic(
            summary="Receipt cannot be written",
            place=Place(str(path)),
            detail="File exists. Nothing is applied that cannot be recorded.",
            hint="name another file with --receipt",
        ),
    )


def test_a_receipt_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "receipt.json").symlink_to(tmp_path / "elsewhere.json")

    assert refused(tmp_path / "receipt.json").problems[0].detail.startswith("File exists.")
    assert not (tmp_path / "elsewhere.json").exists()


def test_a_receipt_in_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    error = refused(tmp_path / "missing" / "receipt.json")

    assert error.problems[0].detail == ("No such file or directory. Nothing is applied that cannot be recorded.")


def test_a_receipt_that_cannot_be_kept_is_an_error_after_writes(tmp_path: Path) -> None:
    file = ReceiptFile(tmp_path / "receipt.json")
    file.create(BEGUN)
    (tmp_path / "receipt.json.new").mkdir()

    with pytest.raises(ExposurectlError) as caught:
        file.keep(ended(BEGUN, BEGUN.results, stopped="", now=AS_OF))

    assert (caught.value.exit_code, caught.value.reason) == (Exit.PARTIAL, "receipt")
    assert caught.value.problems == (
        Diagnostic(
            summary="Receipt cannot be written",
            place=Place(str(file.path)),
            detail="Is a directory. The journal beside it has what was done, and the next run writes it again.",
            hint="make room for it, then apply the plan again: what is done already stays as it is",
        ),
    )
    assert file.path.read_bytes() == write_receipt(BEGUN)


def test_a_receipt_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = ReceiptFile(tmp_path / "receipt.json")
    before = os.umask(0)
    try:
        file.create(BEGUN)
    finally:
        os.umask(before)

    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_link_where_the_receipt_is_written_first_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "receipt.json.new").symlink_to("mine")

    ReceiptFile(tmp_path / "receipt.json").create(BEGUN)

    assert (tmp_path / "mine").read_bytes() == b"mine"
