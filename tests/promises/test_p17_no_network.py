"""P17: what works on files works where there is no network at all."""

import subprocess
from pathlib import Path

import pytest

from exposurectl.demo.fleet import MACHINES
from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from repository import Repository
from running import run_process
from saved import SERVERS, save_servers

ISOLATED = ("unshare", "--net", "--map-root-user")
INSTANCE = next(machine.instance for machine in MACHINES if machine.name == "shop-02")
PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
RECORD = ("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--record", "plans")
CONFIG = ("--config", "demo.yaml")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("here")
    furnish(directory, "http://127.0.0.1:1", RECORDED)
    save_servers(directory)
    assert run_process(*PLAN, cwd=directory).code == 0
    repository = Repository.create(directory)
    repository.commit("Policy and config")
    assert run_process(*RECORD, cwd=directory).code == 0
    repository.commit("Plan 1")
    return directory


@pytest.fixture(scope="module")
def isolated() -> tuple[str, ...]:
    try:
        done = subprocess.run([*ISOLATED, "true"], capture_output=True, check=False, timeout=10)
    except FileNotFoundError:
        pytest.skip("P17 NOT PROVED HERE: there is no unshare on this machine")
    if done.returncode:
        pytest.skip(f"P17 NOT PROVED HERE: {' '.join(ISOLATED)} is denied: {done.stderr.decode().strip()}")
    return ISOLATED


@pytest.mark.parametrize(
    "argv",
    [
        ("--help",),
        ("test", "policies"),
        ("validate", "policies", *CONFIG),
        ("validate", "policies", *CONFIG, "--format", "sarif"),
        ("diff", "policies", "policies", *CONFIG),
        ("diff", "HEAD", "policies", *CONFIG, "--snapshot", "fleet", "--format", "markdown"),
        ("schema", "policy"),
        PLAN,
        ("plan", "--findings", "fleet/findings.ndjson", "--servers", *SERVERS, "--as-of", "2026-11-23", *CONFIG),
        ("show", "plan.json"),
        ("show", "plan.json", "--format", "markdown"),
        ("show", "plan.json", "--format", "json"),
        ("explain", INSTANCE, "--plan", "plan.json"),
        ("explain", INSTANCE, "--snapshot", "fleet"),
        ("explain", INSTANCE, "--findings", "fleet/findings.ndjson"),
        ("audit", "plans"),
        ("audit", "plans", "--format", "json"),
        ("audit", "plans", "--replay", ".", "--configs", "."),
    ],
    ids=" ".join,
)
def test_it_works_without_a_network(here: Path, isolated: tuple[str, ...], argv: tuple[str, ...]) -> None:
    expected = run_process(*argv, cwd=here)

    ended = run_process(*argv, cwd=here, before=isolated)

    assert expected == ended
    assert ended.code == 0


def test_nothing_but_the_loopback_is_there(here: Path, isolated: tuple[str, ...]) -> None:
    devices = "test $(grep -c : /proc/net/dev) = 1"

    seen = run_process("--version", cwd=here, before=(*isolated, "sh", "-c", f'{devices} && "$@"', "sh"))

    assert seen.out.startswith("exposurectl ")
