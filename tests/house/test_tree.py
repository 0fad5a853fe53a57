"""The tree: what no file of it may contain, and what no file of it may be called."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import exposurectl

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pipeline" / "exposurectl"
LONGEST = 250
NAMES_FOR_DRAWERS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

# Each has a bracket somewhere, so that this file does not find itself.
OF_ONE_MACHINE = re.compile(rb"/roo[t]/|/wor[k]/|/opt/pyp[i]|/hom[e]/[a-z]")
REGISTRIES = re.compile(rb"pypi[.]org|files[.]pythonhosted|registry[.]npmjs|--(extra-)?index-ur[l]|--find-link[s]")


def files_of_the_tree() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, sorted(listed.stdout.split("\0"))):
        if (ROOT / name).is_file():
            yield ROOT / name


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def containing(pattern: re.Pattern[bytes]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {found[0].decode()}"
        for path in files_of_the_tree()
        for found in pattern.finditer(path.read_bytes())
    ]


def test_the_tree_is_listed() -> None:
    assert ROOT / "pyproject.toml" in set(files_of_the_tree())


def test_the_source_root_is_not_a_package() -> None:
    assert not (ROOT / "pipeline" / "__init__.py").exists()


def test_the_source_root_holds_one_package() -> None:
    held = {
        path.relative_to(ROOT / "pipeline").parts[0] for path in files_of_the_tree() if PACKAGE.parent in path.parents
    }

    assert held == {"exposurectl"}


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_is_named_for_its_idea(module: Path) -> None:
    words = {word for part in module.relative_to(PACKAGE).parts for word in re.split(r"[_.]", part)}

    assert words.isdisjoint(NAMES_FOR_DRAWERS)


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_fits_in_250_lines(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_every_folder_of_modules_is_a_package() -> None:
    assert [folder for folder in {path.parent for path in modules()} if not (folder / "__init__.py").is_file()] == []


def test_no_file_carries_a_path_of_one_machine() -> None:
    assert containing(OF_ONE_MACHINE) == []


def test_no_file_names_a_package_registry() -> None:
    assert containing(REGISTRIES) == []


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.findall(r"^## (\S+)", changelog, flags=re.MULTILINE)[0] == exposurectl.__version__


def test_every_changelog_entry_says_first_whether_a_decision_can_change() -> None:
    entries = re.split(r"^## \S+\n", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]

    assert [entry for entry in entries if not entry.lstrip().startswith("**Decisions:** ")] == []


def test_every_decision_record_has_the_four_parts() -> None:
    parts = ["Context", "Choice", "Consequences", "How we will notice if we stop following it"]
    records = sorted((ROOT / ".github" / "decisions").glob("*.md"))

    headings = {
        record.name: re.findall(r"^## (.*)$", record.read_text(encoding="utf-8"), re.MULTILINE) for record in records
    }

    assert headings == {record.name: parts for record in records}
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(len(records))]
