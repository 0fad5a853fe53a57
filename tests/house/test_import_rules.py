"""The import rules: every part of the package has one, and each one notices its breach."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pipeline" / "exposurectl"
LINTER = Path(sys.executable).parent / "lint-imports"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]

# Parts that anyone may import, because they import nothing of ours that matters or only name things.
FOR_ANYONE = {"__init__", "__main__", "config", "schemas"}

BREACHES = [
    ("vocabulary", "model.py", "from exposurectl import clock"),
    ("documents", "documents/breach.py", "from exposurectl import config"),
    ("cli", "plan/breach.py", "import exposurectl.cli"),
    ("demo", "targets/breach.py", "import exposurectl.demo"),
    ("sources", "policy/breach.py", "import exposurectl.sources"),
    ("sources", "targets/breach.py", "import exposurectl.sources"),
    ("sources", "config_breach.py", "import exposurectl.sources"),
    ("targets", "sources/breach.py", "import exposurectl.targets"),
    ("targets", "render/breach.py", "import exposurectl.targets"),
    ("policy", "sources/breach.py", "import exposurectl.policy"),
    ("policy", "apply/breach.py", "import exposurectl.policy"),
    ("policy", "render/breach.py", "import exposurectl.policy"),
    ("plan", "sources/breach.py", "import exposurectl.plan"),
    ("plan", "demo/breach.py", "import exposurectl.plan"),
    ("apply", "plan/breach.py", "import exposurectl.apply"),
    ("apply", "render/breach.py", "import exposurectl.apply"),
    ("render", "plan/breach.py", "import exposurectl.render"),
    ("audit", "apply/breach.py", "import exposurectl.audit"),
    ("policy-is-pure", "policy/breach.py", "import subprocess"),
    ("policy-is-pure", "policy/breach.py", "def late() -> None:\n    import socket"),
    ("decide-is-pure", "policy/decide.py", "from pathlib import Path"),
    ("decide-is-pure", "policy/decide.py", "import exposurectl.documents"),
    ("aws", "targets/breach.py", "import boto3"),
    ("aws", "cli/breach.py", "from botocore.exceptions import ClientError"),
    ("http", "sources/breach.py", "import requests"),
    ("views", "cli/breach.py", "import rich.table"),
    ("views", "plan/breach.py", "import jinja2"),
    ("text", "policy/breach.py", "import yaml"),
    ("text", "plan/breach.py", "import jsonschema"),
]


def broken_contracts(tree: Path) -> tuple[int, str]:
    ran = subprocess.run(
        [LINTER, "--no-logo", "--no-cache"],
        cwd=tree,
        env={"PYTHONPATH": str(tree / "pipeline"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def copy_of_the_package(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / "pipeline" / "exposurectl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_package_keeps_every_contract(copy_of_the_package: Path) -> None:
    code, said = broken_contracts(copy_of_the_package)

    assert code == 0, said


@pytest.mark.parametrize(("contract", "module", "breach"), BREACHES)
def test_a_breach_breaks_its_contract(copy_of_the_package: Path, contract: str, module: str, breach: str) -> None:
    name = next(entry["name"] for entry in CONTRACTS if entry["id"] == contract)
    path = copy_of_the_package / "pipeline" / "exposurectl" / module
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + f"\n{breach}\n", encoding="utf-8")

    code, said = broken_contracts(copy_of_the_package)

    assert code == 1, said
    assert f"{name} BROKEN" in " ".join(said.split())


def test_every_contract_has_a_breach_that_breaks_it() -> None:
    assert {contract for contract, _, _ in BREACHES} == {entry["id"] for entry in CONTRACTS}


def test_every_part_of_the_package_stands_in_a_contract() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    named = {
        module.removeprefix("exposurectl.").partition(".")[0]
        for contract in CONTRACTS
        for key in ("source_modules", "protected_modules")
        for module in contract.get(key, [])
    }

    assert parts - named - FOR_ANYONE == set()
