"""What docs/aws.md and the README of the modules repeat is so."""

import json
import re
from pathlib import Path

import hcl2
import pytest
import yaml

from iam.documents import AWS, MODULES, ROLES, module, template

ROOT = AWS.parents[1]
GUIDE = (AWS.parent / "aws.md").read_text(encoding="utf-8")
README = (MODULES / "README.md").read_text(encoding="utf-8")
PLAN = (ROOT / ".github" / "workflows" / "plan.yml").read_text(encoding="utf-8")
PAGES = [AWS.parent / "aws.md", MODULES / "README.md"]


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_line_is_one_sentence(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in prose.splitlines() if line and not line.startswith(("|", "#"))]

    assert [line for line in lines if re.search(r"[.!?] [A-Z]", line) or line[-1] not in ".:"] == []


def test_every_parameter_of_the_guide_exists() -> None:
    given = set(re.findall(r"ParameterKey=(\w+)", GUIDE)) | set(re.findall(r"(?<![\w=,])([A-Z]\w+)=[^\s`]", GUIDE))
    parameters = {name for role in ROLES for name in template(role)["Parameters"]}

    assert given - {"Enabled", "OrganizationalUnitIds", "ParameterKey"} <= parameters
    assert {"Subject", "OrganizationId", "PipelineRoleArn", "CreateOidcProvider", "Audience"} <= given


def test_every_value_of_the_guide_is_admitted() -> None:
    patterns = {
        name: given.get("AllowedPattern", "|".join(given.get("AllowedValues", ())))
        for role in ROLES
        for name, given in template(role)["Parameters"].items()
    }
    given = re.findall(r"ParameterKey=(\w+),ParameterValue=(\S+)", GUIDE)
    given += re.findall(r"\b(Subject|OrganizationId|CreateOidcProvider|Audience)=([^\s`]+)", GUIDE)
    given += re.findall(r"\| `(Subject|ImmutableSubject)` \| `([^`]+)`", GUIDE)

    assert len(given) == 8
    assert [(name, value) for name, value in given if not re.search(patterns[name], value)] == []


def test_the_guide_names_what_the_plan_stage_needs() -> None:
    needed = set(re.findall(r"(?:vars|secrets)\.([A-Z_]+[A-Z])\b", PLAN)) - {"FUTUREVULS_READ"}

    of_the_app = {"EXPOSURE_APP_CLIENT_ID", "EXPOSURE_APP_PRIVATE_KEY"}
    assert all(f"`{name}`" in (ROOT / "docs/github.md").read_text(encoding="utf-8") for name in of_the_app)
    assert set(re.findall(r"^\| `([A-Z_]+)` \| (?:variable|secret)", GUIDE, flags=re.MULTILINE)) == needed - of_the_app


def test_the_guide_names_keys_that_the_config_has() -> None:
    schema = json.loads((ROOT / "pipeline/exposurectl/schemas/config.json").read_text(encoding="utf-8"))
    keys = schema["properties"]["inspector"]["properties"].keys()
    (example,) = fenced(GUIDE, "yaml")

    assert yaml.safe_load(example)["inspector"].keys() <= keys
    assert set(re.findall(r"`inspector\.(\w+)`", GUIDE)) <= keys


def test_the_example_calls_the_modules_as_they_are() -> None:
    example, report = fenced(README, "hcl")
    calls = [(name, body) for one in hcl2.loads(example)["module"] for name, body in one.items()]

    for _, body in calls:
        role = Path(body["source"].strip('"')).name
        variables = {name: given for block in module(role)["variable"] for name, given in block.items()}
        given = {key for key in body if not key.startswith("__")} - {"source", "providers"}
        assert given <= variables.keys()
        assert {name for name, one in variables.items() if "default" not in one} <= given
    assert {Path(body["source"].strip('"')).name for _, body in calls} == set(ROLES)
    assert hcl2.loads(report)["report"].keys() == {"bucket", "prefix", "key_arn"}
