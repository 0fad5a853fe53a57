"""P3: the same inputs give the same bytes, whatever the machine and the order of what is read."""

import json
import random
from pathlib import Path

import pytest

from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from running import run_process, surroundings
from saved import SERVERS, save_servers

DAY = ("--as-of", "2026-11-23T03:00:00Z")
FROM_SNAPSHOT = ("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
FROM_FILES = ("plan", "--config", "demo.yaml", "--out", "plan.json", *DAY)


def made(here: Path, *argv: str | Path, environ: dict[str, str] | None = None) -> bytes:
    ended = run_process(*argv, cwd=here, environ=surroundings(here, **environ or {}))
    assert ended.code == 0, ended.err
    return (here / "plan.json").read_bytes()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("snapshot")
    furnish(directory, "http://127.0.0.1:1", RECORDED)
    return directory


@pytest.fixture(scope="module")
def expected(snapshot: Path) -> bytes:
    return made(snapshot, *FROM_SNAPSHOT)


@pytest.mark.parametrize(
    "environ",
    [
        *({"PYTHONHASHSEED": str(seed)} for seed in range(5)),
        {"TZ": "Asia/Tokyo"},
        {"TZ": "America/St_Johns"},
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "ja_JP.eucJP", "LANG": "ja_JP.eucJP"},
    ],
    ids=lambda environ: " ".join(f"{name}={value}" for name, value in environ.items()),
)
def test_the_surroundings_make_no_difference(snapshot: Path, expected: bytes, environ: dict[str, str]) -> None:
    assert expected == made(snapshot, *FROM_SNAPSHOT, environ=environ)


def test_the_working_directory_makes_no_difference(snapshot: Path, expected: bytes, tmp_path: Path) -> None:
    for name in ("policies", "demo.yaml"):
        (tmp_path / name).symlink_to(snapshot / name)

    argv = ("plan", "--snapshot", snapshot / "fleet", "--config", "demo.yaml", "--out", "plan.json")

    assert expected == made(tmp_path, *argv)


def test_the_order_of_files_rows_and_servers_makes_no_difference(here: Path) -> None:
    rows = (here / "fleet/findings.ndjson").read_bytes().splitlines()
    (here / "all.ndjson").write_bytes(b"\n".join(rows))
    expected = made(here, *FROM_FILES, "--findings", "all.ndjson", "--servers", *SERVERS)
    shuffle = random.Random(1)  # noqa: S311 - the same order every time
    shuffle.shuffle(rows)
    (here / "one.ndjson").write_bytes(b"\n".join(rows[:9]))
    (here / "two.json").write_text(json.dumps({"findings": [json.loads(row) for row in rows[9:]]}))
    save_servers(here, backwards=True)

    for files in (["one.ndjson", "two.json"], ["two.json", "one.ndjson"]):
        servers = shuffle.sample(SERVERS, len(SERVERS))
        assert expected == made(here, *FROM_FILES, "--findings", *files, "--servers", *servers)


def test_the_order_of_rules_and_of_policy_files_changes_nothing_but_the_policys_places(here: Path) -> None:
    expected = json.loads(made(here, *FROM_SNAPSHOT))
    (here / "policies/internet.yaml").rename(here / "policies/zzz.yaml")

    moved = json.loads(made(here, *FROM_SNAPSHOT))

    assert len(expected["changes"]) == 16
    assert [(change["server"], change["after"]) for change in expected["changes"]] == [
        (change["server"], change["after"]) for change in moved["changes"]
    ]


def test_no_name_of_this_machine_and_no_absolute_path_enters_the_plan(here: Path) -> None:
    content = made(here, *FROM_SNAPSHOT).decode()

    assert str(here) not in content
    assert "demo-token" not in content
