"""`exposurectl doctor`: what collecting needs of AWS, one question after the other, and what to do about it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from aws.endpoint import Endpoint, aws
from aws.faults import Fault, Kind
from aws.fleet import fleet
from aws.small import ADMIN, HERE, MEMBER, OTHER, THERE, small_world
from aws.world import NOW, Account, Member, Partition, World
from exposurectl.demo.clock import SimulatedClock
from golden import check_golden
from running import Ended, run_inside

CONFIG = """\
version: 1
inspector: {regions: [REGIONS], organization: ORGANIZATION, ROLE}
futurevuls:
  url: http://127.0.0.1:1
  requests_per_minute: 20
  groups:
    - name: web
      token: env:TOKEN
      families:
        - {name: web, open: open, controlled: controlled, small: small}
"""
ROLE = "evidence_role: exposurectl-read"


def healthy() -> World:
    """Return a world where everything is as it should be."""
    places = [(account, region) for account in (ADMIN, MEMBER) for region in (HERE, THERE)]
    return World(
        accounts=(Account(ADMIN), Account(MEMBER)),
        admin=ADMIN,
        members=(Member(MEMBER),),
        partitions=tuple(Partition(account=account, region=region) for account, region in places),
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    configure()
    return tmp_path


def configure(*, regions: str = f"{HERE}, {THERE}", organization: bool = True, role: str = f"{ROLE}") -> None:
    text = CONFIG.replace("REGIONS", regions).replace("ORGANIZATION", str(organization).lower())
    text = text.replace(", ROLE", f", {role}" if role else "")
    Path("config.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def good() -> Iterator[Endpoint]:
    with aws(healthy()) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def small() -> Iterator[Endpoint]:
    with aws(small_world()) as endpoint:
        yield endpoint


def doctor(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, *faults: Fault, account: str = "") -> Ended:
    for name, value in endpoint.environ_of(account or endpoint.world.admin).items():
        monkeypatch.setenv(name, value)
    endpoint.calls.clear()
    endpoint.faults.add(*faults)
    try:
        return run_inside("doctor", "--only", "aws", "--config", "config.yaml", clock=SimulatedClock(NOW))
    finally:
        endpoint.faults.clear()


@pytest.mark.usefixtures("here")
def test_all_is_good(good: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = doctor(good, monkeypatch)

    assert (ended.code, ended.err) == (0, "")
    check_golden("cli/doctor-good.txt", ended.out)


BAD: dict[str, tuple[str, str]] = {
    "AssumeRole": ("evidence in 222222222222", "deploy the read role"),
    "BatchGetAccountStatus": ("Inspector in us-east-1", "allow inspector2:BatchGetAccountStatus"),
    "DescribeLoadBalancers": ("evidence in 111111111111", "deploy the read role"),
    "DescribeSecurityGroupRules": ("evidence in 111111111111", "deploy the read role"),
    "GetManagedPrefixListEntries": ("evidence in 111111111111", "deploy the read role"),
    "GetCallerIdentity": ("identity", "sign in as the AWS CLI would"),
    "ListCoverage": ("coverage in us-east-1", "allow inspector2:ListCoverage"),
    "ListFindings": ("findings in us-east-1", "allow inspector2:ListFindings"),
    "ListMembers": ("accounts in us-east-1", "use the delegated administrator's credentials"),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("operation", "answer"), BAD.items(), ids=BAD)
def test_what_is_denied_is_bad_and_says_what_to_do(
    good: Endpoint, monkeypatch: pytest.MonkeyPatch, operation: str, answer: tuple[str, str]
) -> None:
    configure(regions=HERE)

    ended = doctor(good, monkeypatch, Fault(kind=Kind.DENIED, operation=operation))

    assert (ended.code, ended.reason) == (3, "check-failed")
    subject, advice = answer
    said = next(
        block for block in ended.out.split("\nbad      ") if block.removeprefix("bad      ").startswith(subject)
    )
    assert advice in " ".join(said.split())


@pytest.mark.usefixtures("here")
def test_a_region_that_may_not_be_used_is_named(good: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = doctor(
        good, monkeypatch, Fault(kind=Kind.DENIED, operation="DescribeInstances", account=MEMBER, region=THERE)
    )

    assert (ended.code, ended.reason) == (3, "check-failed")
    bad = " ".join(ended.out.partition("\nbad ")[2].split())
    assert bad.startswith(f"evidence in {MEMBER} ec2:describe_instances: UnauthorizedOperation")
    assert f"in {THERE} do: deploy the read role" in bad
    assert ended.out.count("\nbad ") == 1


@pytest.mark.usefixtures("here")
def test_everything_that_is_denied_stands_in_one_answer(good: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [Fault(kind=Kind.DENIED, operation=operation) for operation in BAD if operation != "GetCallerIdentity"]

    check_golden("cli/doctor-denied.txt", doctor(good, monkeypatch, *faults).out)


@pytest.mark.usefixtures("here")
def test_what_is_off_is_to_look_at_and_fails_nothing(small: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(role="")

    ended = doctor(small, monkeypatch)

    assert (ended.code, ended.err) == (0, "")
    check_golden("cli/doctor-small.txt", ended.out)


@pytest.mark.usefixtures("here")
def test_a_member_is_told_whose_credentials_to_use(small: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = doctor(small, monkeypatch, account=OTHER)

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert "use the delegated administrator's credentials, or `organization: false`" in ended.out


@pytest.mark.usefixtures("here")
def test_an_administrator_without_members_is_told_who_administers(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = msgspec.structs.replace(healthy(), members=())
    with aws(alone) as endpoint:
        ended = doctor(endpoint, monkeypatch)

    assert ended.code == 0
    assert "no member accounts; the delegated administrator is 111111111111" in ended.out


@pytest.mark.usefixtures("here")
def test_one_account_needs_no_administrator(good: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(organization=False, role="")

    ended = doctor(good, monkeypatch, account=MEMBER)

    assert ended.code == 0
    assert {account for call in good.calls for account in call.asked.accounts} == {MEMBER}


@pytest.mark.usefixtures("here")
def test_no_credentials_are_bad(good: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {name: value for name, value in good.environ.items() if "KEY" not in name}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    ended = run_inside("doctor", "--only", "aws", "--config", "config.yaml", clock=SimulatedClock(NOW))

    assert (ended.code, ended.reason) == (3, "check-failed")
    assert "Unable to locate credentials" in ended.out


@pytest.mark.usefixtures("here")
def test_an_account_near_the_quota_is_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(regions="us-east-1", organization=False, role="")
    with aws(fleet(1, 1, 8_000, instances=1), ec2=False) as endpoint:
        ended = doctor(endpoint, monkeypatch)

    assert "8,000 network findings, 8,000 of them in 100000000001" in ended.out
    assert "at 10,000 an account's findings prove nothing about what is missing" in " ".join(ended.out.split())


READS = ("Batch", "Describe", "Get", "List", "AssumeRole")


@pytest.mark.usefixtures("here")
def test_doctor_changes_nothing(small: Endpoint, monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    before = sorted(here.rglob("*"))

    doctor(small, monkeypatch)

    assert [call.asked.operation for call in small.calls if not call.asked.operation.startswith(READS)] == []
    assert sorted(here.rglob("*")) == before


FORMS = "repo:{0}/{1}:environment:exposure-plan\nrepo:{0}@{2}/{1}@{3}:environment:exposure-plan\n"


@pytest.mark.usefixtures("here")
def test_oidc_prints_both_forms_of_the_subject() -> None:
    environ = {
        "GITHUB_REPOSITORY": "acme/exposure",
        "GITHUB_REPOSITORY_ID": "9876",
        "GITHUB_REPOSITORY_OWNER_ID": "1234",
    }

    ended = run_inside("doctor", "--oidc", environ=environ)

    assert ended == (0, FORMS.format("acme", "exposure", "1234", "9876"), "")


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/acme/exposure.git",
        "https://github.com/acme/exposure",
        "git@github.com:acme/exposure.git",
        "ssh://git@github.com/acme/exposure.git",
    ],
)
def test_oidc_knows_the_repository_of_a_clone(here: Path, remote: str) -> None:
    subprocess.run(["git", "init", "--quiet", here], check=True)
    subprocess.run(["git", "-C", here, "remote", "add", "origin", remote], check=True)

    ended = run_inside("doctor", "--oidc")

    assert ended == (0, FORMS.format("acme", "exposure", "OWNER_ID", "REPOSITORY_ID"), "")


@pytest.mark.parametrize("remote", ["", "https://example.com/acme/exposure.git"])
def test_oidc_without_a_repository_is_an_error(here: Path, remote: str) -> None:
    if remote:
        subprocess.run(["git", "init", "--quiet", here], check=True)
        subprocess.run(["git", "-C", here, "remote", "add", "origin", remote], check=True)

    ended = run_inside("doctor", "--oidc")

    assert (ended.code, ended.out, ended.reason) == (1, "", "repository")
    assert "set GITHUB_REPOSITORY=OWNER/REPO" in ended.err
