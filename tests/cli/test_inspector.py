"""`exposurectl plan` with nothing given: Inspector is asked over HTTP, as a user with credentials would."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from exposurectl.demo.fleet import MACHINES
from exposurectl.demo.story import RECORDED
from exposurectl.plan.file import read_plan
from running import run_process, surroundings
from saved import SERVERS


@pytest.fixture(scope="module")
def inspector() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def seed(url: str, region: str, findings: list[dict[str, Any]]) -> None:
    content = json.dumps({"results": [findings], "account_id": "123456789012", "region": region}).encode()
    request = urllib.request.Request(
        f"{url}/moto-api/static/inspector2/findings-results", content, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def as_api(finding: bytes) -> dict[str, Any]:
    times = dict.fromkeys(("updatedAt", "firstObservedAt", "lastObservedAt"), RECORDED.timestamp())
    return {**json.loads(finding), **times}


def test_a_plan_from_inspector_itself(here: Path, inspector: str) -> None:
    machine = next(machine for machine in MACHINES if machine.name == "shop-02")
    seed(inspector, "ap-northeast-1", [as_api(finding) for finding in machine.findings(RECORDED)])
    config = (here / "demo.yaml").read_text(encoding="utf-8")
    (here / "demo.yaml").write_text(f"{config}\ninspector:\n  regions: [ap-northeast-1, us-east-1]\n", encoding="utf-8")
    environ = surroundings(
        here,
        AWS_ENDPOINT_URL=inspector,
        AWS_ACCESS_KEY_ID="AKIAMADEUPMADEUPMADE",
        AWS_SECRET_ACCESS_KEY="made-up",
        AWS_EC2_METADATA_DISABLED="true",
    )

    ended = run_process(
        "plan", "--config", "demo.yaml", "--servers", *SERVERS, "--out", "plan.json", cwd=here, environ=environ
    )

    plan = read_plan("plan.json", (here / "plan.json").read_bytes())
    assert (0, f"Wrote plan.json ({plan.digest}).\n") == (ended.code, ended.err)
    assert [(change.name, change.direction.value, str(change.after.level)) for change in plan.changes] == [
        ("shop-02", "raise", "open")
    ]
    assert "tcp/22 from anywhere (no evidence of sources) by igw-" in ended.out


def test_a_plan_without_credentials_says_how_to_sign_in(here: Path, inspector: str) -> None:
    config = (here / "demo.yaml").read_text(encoding="utf-8")
    (here / "demo.yaml").write_text(f"{config}\ninspector:\n  regions: [ap-northeast-1]\n", encoding="utf-8")
    environ = surroundings(here, AWS_ENDPOINT_URL=inspector, AWS_EC2_METADATA_DISABLED="true")

    ended = run_process("plan", "--config", "demo.yaml", "--servers", *SERVERS, cwd=here, environ=environ)

    assert (ended.code, ended.out, ended.reason) == (1, "", "aws")
    assert "aws sso login" in ended.err
