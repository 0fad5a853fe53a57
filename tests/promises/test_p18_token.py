"""P18: a token appears in nothing that exposurectl writes, however a run ends."""

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import groups
from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from running import Ended, run_inside

CANARY = "fvgs+canary/5e1f 9b2c=u"
ENVIRON = {"FUTUREVULS_TOKEN_WEB": CANARY, "FUTUREVULS_TOKEN_DATA": f"{CANARY}2"}
PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
APPLY = ("apply", "plan.json", "--config", "demo.yaml")
LIVE = ("plan", "--findings", "fleet/findings.ndjson", "--config", "demo.yaml", "--out", "live.json")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Emulator]:
    accounts = {CANARY if group.name == "web-platform" else f"{CANARY}2": group for group in groups()}
    with Emulator(accounts, clock=SimulatedClock(RECORDED)) as it, contextlib.chdir(tmp_path):
        furnish(tmp_path, it.url, RECORDED)
        assert run_inside(*PLAN).code == 0
        yield it


def forms() -> list[bytes]:
    """Return the token as it might slip out: as it is, encoded, or backwards."""
    raw = CANARY.encode()
    return [raw, base64.b64encode(raw).rstrip(b"="), quote(CANARY, safe="").encode(), raw[::-1]]


def assert_unseen(*ends: Ended) -> None:
    """Assert that the token is in no output and in no file of the working directory."""
    everything = {f"output {number}": f"{end.out}{end.err}".encode() for number, end in enumerate(ends)}
    everything |= {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert [name for name, content in everything.items() for form in forms() if form in content] == []


@pytest.mark.parametrize("debug", [{}, {"EXPOSURECTL_DEBUG": "1"}])
def test_a_run_that_goes_through(served: Emulator, debug: dict[str, str]) -> None:
    live = run_inside(*LIVE, environ=ENVIRON | debug)
    done = run_inside(*APPLY, environ=ENVIRON | debug)
    again = run_inside(*APPLY, environ=ENVIRON | debug)

    assert (live.code, done.code, again.code) == (0, 0, 0)
    assert len(served.writes) == 16
    assert_unseen(live, done, again)


def test_a_token_that_is_refused(served: Emulator) -> None:
    assert served.writes == ()

    ends = [run_inside(*argv, environ={**ENVIRON, "FUTUREVULS_TOKEN_WEB": f"{CANARY}3"}) for argv in (LIVE, APPLY)]

    assert [(end.code, end.reason) for end in ends] == [(1, "auth")] * 2
    assert served.writes == ()
    assert_unseen(*ends)


@pytest.mark.parametrize("damage", ["\x00", "é", "\n", "Bearer "])
def test_a_token_that_is_no_token(served: Emulator, damage: str) -> None:
    environ = dict.fromkeys(ENVIRON, f"{damage}{CANARY}" if damage == "Bearer " else f"{CANARY}{damage}{CANARY}")

    end = run_inside(*LIVE, environ=environ)

    assert (end.code, end.reason) == (1, "auth")
    assert served.writes == ()
    assert_unseen(end)


def test_a_token_written_into_the_config(served: Emulator) -> None:
    config = Path("demo.yaml")
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("env:FUTUREVULS_TOKEN_WEB", f"'{CANARY}'"), encoding="utf-8")

    end = run_inside(*LIVE, environ=ENVIRON)
    config.write_text(text, encoding="utf-8")

    assert end.code == 1
    assert served.writes == ()
    assert_unseen(end)


def test_a_futurevuls_that_is_gone(served: Emulator) -> None:
    served.close()

    ends = [run_inside(*argv, environ=ENVIRON) for argv in (LIVE, APPLY)]

    assert [(end.code, end.reason) for end in ends] == [(1, "unreachable")] * 2
    assert_unseen(*ends)


def test_a_server_that_somebody_moved(served: Emulator) -> None:
    import json
    import urllib.request

    moved = next(server for server in served.servers(CANARY) if server.name == "shop-02")
    small = next(server.role for server in served.servers(CANARY) if server.name == "vault-01")
    content = json.dumps({"roleID": small}).encode()
    request = urllib.request.Request(
        f"{served.url}/v1/server/{moved.id}", content, {"Authorization": CANARY}, method="PUT"
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200

    end = run_inside(*APPLY, environ=ENVIRON)

    assert (end.code, end.reason) == (4, "partial")
    assert_unseen(end)
