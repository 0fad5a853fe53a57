"""What the roles can be made from: exact subjects, whole ARNs, and no wildcard anywhere."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from iam.documents import MODULES, ROLES, module, template

TERRAFORM = shutil.which("terraform")
needs_terraform = pytest.mark.skipif(
    TERRAFORM is None,
    reason="NOT CHECKED: terraform is not on PATH, so nobody formatted the modules or evaluated their validation",
)

SUBJECT = "repo:acme/exposure:environment:exposure-plan"
IMMUTABLE = "repo:acme@1234/exposure@5678:environment:exposure-plan"
ROLE = "arn:aws:iam::111122223333:role/exposurectl-plan"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

# Parameter of the template, then what it takes and what it refuses.
ACCEPTED = {
    "Subject": ["", SUBJECT, "repo:acme-2/exposure.control_1:environment:exposure-plan"],
    "ImmutableSubject": ["", IMMUTABLE],
    "OrganizationId": ["o-a1b2c3d4e5"],
    "PipelineRoleArn": [ROLE, ROLE.replace("aws", "aws-cn", 1), ROLE.replace("aws", "aws-us-gov", 1)],
    "ExternalId": ["", "a-shared-secret"],
    "RoleName": ["exposurectl-read"],
    "ReadRoleName": ["exposurectl-read"],
    "ReportBucket": ["", "acme-reports"],
    "ReportPrefix": ["exposurectl/", "a/b/"],
    "ReportKeyArn": ["", KEY, KEY.replace("1234abcd-", "mrk-")],
}
REFUSED = {
    "Subject": [
        "repo:acme/*:environment:exposure-plan",
        "repo:*",
        "repo:acme/exposure:*",
        "repo:acme/exposure:ref:refs/heads/main",
        "repo:acme/exposure:pull_request",
        "repo:acme/exposure:environment:exposure-apply",
        f"{SUBJECT}-2",
        IMMUTABLE,
    ],
    "ImmutableSubject": [IMMUTABLE.replace("5678", "*"), IMMUTABLE.replace("acme", "*"), SUBJECT],
    "OrganizationId": ["*", "o-*", "111122223333"],
    "PipelineRoleArn": ["*", "arn:aws:iam::111122223333:root", ROLE.replace("exposurectl-plan", "*"), "111122223333"],
    "ExternalId": ["*", "x"],
    "RoleName": ["*", "a/b", ""],
    "ReadRoleName": ["*", "exposurectl-*", ""],
    "ReportBucket": ["*", "acme-*", "arn:aws:s3:::acme"],
    "ReportPrefix": ["", "*", "exposurectl", "*/"],
    "ReportKeyArn": ["*", KEY.replace("key/", "alias/"), KEY.rpartition("/")[0] + "/*"],
}
# A good call of each module, as text of HCL.
GOOD = {
    "read-role": {"pipeline_role_arn": f'"{ROLE}"', "organization_id": '"o-a1b2c3d4e5"'},
    "pipeline-role": {"subject": f'"{SUBJECT}"'},
}
REPORT_FIELDS = {"ReportBucket": "bucket", "ReportPrefix": "prefix", "ReportKeyArn": "key_arn"}


def patterns(role: str) -> dict[str, str]:
    parameters = template(role)["Parameters"]
    return {name: given["AllowedPattern"] for name, given in parameters.items() if "AllowedPattern" in given}


def cases(table: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    return [(role, name, value) for role in ROLES for name in patterns(role) for value in table[name]]


def planned(folder: Path, role: str, given: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Plan a module that has the variables of a role and nothing else: no provider, no network, only validation."""
    shutil.copy(MODULES / role / "variables.tf", folder)
    configuration = folder / "terraform.rc"
    configuration.touch()
    (folder / "given.auto.tfvars").write_text("".join(f"{name} = {value}\n" for name, value in given.items()))
    environment = {"PATH": os.environ["PATH"], "TF_CLI_CONFIG_FILE": str(configuration), "CHECKPOINT_DISABLE": "1"}
    return subprocess.run(
        [str(TERRAFORM), f"-chdir={folder}", "plan", "-input=false", "-lock=false", "-refresh=false", "-no-color"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def variables(role: str) -> dict[str, dict[str, object]]:
    return {name: body for block in module(role)["variable"] for name, body in block.items()}


def named(parameter: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", parameter).lower()


@pytest.mark.parametrize(("role", "name", "value"), cases(ACCEPTED))
def test_a_template_takes_a_whole_value(role: str, name: str, value: str) -> None:
    assert re.search(patterns(role)[name], value)


@pytest.mark.parametrize(("role", "name", "value"), cases(REFUSED))
def test_a_template_refuses_a_wildcard_or_a_part(role: str, name: str, value: str) -> None:
    assert not re.search(patterns(role)[name], value)


@pytest.mark.parametrize("role", ROLES)
def test_every_parameter_of_a_template_is_a_variable_of_the_module(role: str) -> None:
    parameters = {named(name) for name in template(role)["Parameters"]}
    fields = {f"report_{field}" for field in REPORT_FIELDS.values()}

    assert parameters - fields == variables(role).keys() - {"report"}


@pytest.mark.parametrize("role", ROLES)
def test_both_forms_have_the_same_defaults(role: str) -> None:
    parameters = {named(name): str(given.get("Default", "")) for name, given in template(role)["Parameters"].items()}
    defaults = {name: str(body.get("default", "")) for name, body in variables(role).items()}

    found = {name: "" if text == "None" else text.lower() for name, text in defaults.items() if name != "report"}

    assert found == {name: text for name, text in parameters.items() if not name.startswith("report_")}


@pytest.mark.parametrize("role", ROLES)
def test_both_forms_admit_the_same_values(role: str) -> None:
    conditions = " ".join(
        str(block["condition"])
        for body in variables(role).values()
        for block in body.get("validation", [])  # type: ignore[attr-defined]
    )

    assert [
        name for name, pattern in patterns(role).items() if f'"{pattern.removeprefix("^$|")}"' not in conditions
    ] == []


@needs_terraform
@pytest.mark.parametrize("role", ROLES)
def test_a_module_takes_the_least_that_it_needs(tmp_path: Path, role: str) -> None:
    ran = planned(tmp_path, role, GOOD[role])

    assert (ran.returncode, ran.stderr) == (0, "")


@needs_terraform
def test_a_module_takes_everything_at_once(tmp_path: Path) -> None:
    report = f'{{ bucket = "acme-reports", key_arn = "{KEY}" }}'
    given = {"subject": f'"{SUBJECT}"', "immutable_subject": f'"{IMMUTABLE}"', "report": report}

    ran = planned(tmp_path, "pipeline-role", given | {"organization_id": '"o-a1b2c3d4e5"'})

    assert (ran.returncode, ran.stderr) == (0, "")


@needs_terraform
@pytest.mark.parametrize(
    ("role", "given", "refusal"),
    [
        (
            "pipeline-role",
            {"subject": '"repo:acme/*:environment:exposure-plan"'},
            "subject is null, or repo:OWNER/REPO",
        ),
        ("pipeline-role", {"subject": f'"{IMMUTABLE}"'}, "subject is null, or repo:OWNER/REPO"),
        ("pipeline-role", {"immutable_subject": f'"{SUBJECT}"'}, "immutable_subject is null, or repo:OWNER@OWNERID"),
        ("pipeline-role", {"subject": "null"}, "Give subject or immutable_subject"),
        ("pipeline-role", {"audience": '"*"'}, "audience is sts.amazonaws.com"),
        ("pipeline-role", {"organization_id": '"o-*"'}, "organization_id is null, or the id"),
        ("pipeline-role", {"read_role_name": '"exposurectl-*"'}, "read_role_name is the name of a role"),
        ("pipeline-role", {"report": f'{{ bucket = "*", key_arn = "{KEY}" }}'}, "report.bucket is the name"),
        ("pipeline-role", {"report": '{ bucket = "acme", key_arn = "*" }'}, "report.key_arn is the ARN of one key"),
        ("read-role", {"pipeline_role_arn": '"*"'}, "pipeline_role_arn is the ARN of one role"),
        ("read-role", {"organization_id": '"*"'}, "organization_id is the id"),
        ("read-role", {"external_id": '"*"'}, "external_id is null, or"),
    ],
)
def test_a_module_refuses_a_wildcard_or_a_part(tmp_path: Path, role: str, given: dict[str, str], refusal: str) -> None:
    ran = planned(tmp_path, role, GOOD[role] | given)

    assert ran.returncode == 1
    assert refusal in " ".join(ran.stderr.replace("│", " ").split())


@needs_terraform
def test_the_modules_are_formatted() -> None:
    ran = subprocess.run(
        [str(TERRAFORM), "fmt", "-check", "-diff", "-recursive", MODULES],
        env={"PATH": os.environ["PATH"], "TF_CLI_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (0, "")
