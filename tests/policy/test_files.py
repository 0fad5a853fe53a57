import os
import sys
from pathlib import Path

import pytest

from exposurectl.diagnostics import ExposurectlError
from exposurectl.documents.text import MAX_BYTES
from exposurectl.policy.files import load_case_documents, load_policy, read_case_files, read_policy

from .building import DEFAULTS, all_shown

RULE = "version: 1\nrules: [{id: a, level: open, because: x, match: {}}]\n"
NAME_IT = "  hint: name the policy's directory; `exposurectl init` writes one\n"


def write(folder: Path, **texts: str) -> Path:
    """Write files whose names have `/` for `__`, and `.yaml` at the end; return the folder."""
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def messages(folder: Path) -> str:
    with pytest.raises(ExposurectlError) as raised:
        load_policy(folder)

    assert raised.value.reason == "policy-invalid"
    return all_shown(raised.value).replace(str(folder), "policies")


def test_every_yaml_file_below_the_folder_is_of_the_policy(tmp_path: Path) -> None:
    write(tmp_path / "policies", defaults=DEFAULTS, team__web__rules=RULE)

    loaded = load_policy(tmp_path / "policies")

    assert [rule.at for rule in loaded.rules] == ["policies/team/web/rules.yaml:2:9"]


def test_cases_are_not_of_the_policy_and_deeper_folders_of_that_name_are(tmp_path: Path) -> None:
    write(tmp_path, defaults=DEFAULTS, cases__a="not: a policy", team__cases__rules=RULE)

    assert [rule.id for rule in load_policy(tmp_path).rules] == ["a"]


def test_a_reference_is_the_same_wherever_the_folder_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "here" / "policies", defaults=DEFAULTS, rules=RULE)
    write(tmp_path / "far" / "away" / "policies", defaults=DEFAULTS, rules=RULE)
    monkeypatch.chdir(tmp_path / "here" / "policies")

    here, away = load_policy(Path()), load_policy(tmp_path / "far" / "away" / "policies")

    assert [rule.at for rule in here.rules] == [rule.at for rule in away.rules] == ["policies/rules.yaml:2:9"]
    assert here.digest == away.digest
    assert [str(rule.place) for rule in here.rules] == ["rules.yaml:2:9"]


@pytest.mark.parametrize("name", ["rules.yml", "rules.YAML", "rules.Yml"])
def test_a_file_that_would_be_passed_over_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, defaults=DEFAULTS)
    (tmp_path / name).write_text(RULE, encoding="utf-8")

    assert messages(tmp_path) == (
        f"policies/{name}: error: Wrong file name\n"
        "  Policy files end in .yaml; this one would be passed over.\n"
        "  hint: rename it to rules.yaml\n"
    )


def test_a_folder_without_policy_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing here", encoding="utf-8")

    assert messages(tmp_path) == f"policies: error: No policy files\n  There is no *.yaml file here.\n{NAME_IT}"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert messages(tmp_path / "no") == f"policies: error: No policy files\n  There is no such directory.\n{NAME_IT}"


def test_a_file_is_no_policy(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(DEFAULTS, encoding="utf-8")

    said = messages(tmp_path / "a.yaml")

    assert said == f"policies: error: No policy files\n  This is a file, and a policy is a directory.\n{NAME_IT}"


def test_a_folder_of_nothing_but_cases_has_no_defaults(tmp_path: Path) -> None:
    write(tmp_path, cases__a="version: 1\ncases: []\n")

    assert messages(tmp_path).startswith("policies: error: No defaults\n")


def test_a_file_with_characters_that_do_not_show_in_its_name_is_refused(tmp_path: Path) -> None:
    write(tmp_path, defaults=DEFAULTS)
    (tmp_path / "a\nb.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text(RULE, encoding="utf-8")

    assert messages(tmp_path) == (
        "policies: error: Wrong file name\n"
        "  The name has characters that do not show: 'a\\nb.yaml'.\n"
        "  hint: rename it\n"
        "policies: error: Wrong file name\n"
        "  The name has characters that do not show: '\\udcff.yaml'.\n"
        "  hint: rename it\n"
    )


def test_a_link_that_leads_nowhere_and_a_pipe_are_refused(tmp_path: Path) -> None:
    write(tmp_path, defaults=DEFAULTS)
    (tmp_path / "link.yaml").symlink_to("nowhere.yaml")
    os.mkfifo(tmp_path / "pipe.yaml")

    assert messages(tmp_path) == (
        "policies/link.yaml: error: File not readable\n  It is not a regular file.\n"
        "policies/pipe.yaml: error: File not readable\n  It is not a regular file.\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a regular file that cannot be read by anyone")
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path, defaults=DEFAULTS)
    (tmp_path / "memory.yaml").symlink_to("/proc/self/mem")

    assert messages(tmp_path) == "policies/memory.yaml: error: File not readable\n  Input/output error.\n"


def test_a_folder_whose_name_ends_like_a_file_is_a_folder(tmp_path: Path) -> None:
    write(tmp_path, defaults=DEFAULTS)
    write(tmp_path / "web.yaml", rules=RULE)

    assert [rule.id for rule in load_policy(tmp_path).rules] == ["a"]


def test_a_file_past_the_limit_is_not_read_to_its_end(tmp_path: Path) -> None:
    write(tmp_path, defaults=DEFAULTS)
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(1 << 40)

    assert messages(tmp_path) == f"policies/huge.yaml: error: File too large\n  The limit is {MAX_BYTES} bytes.\n"


def test_all_problems_of_several_files_are_reported_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        a="version: 1\nrules: [{id: a, level: opne, because: x, match: {}}]\n",
        b="version: 1\nrules: [{id: b, level: open, because: x, match: {port: [22]}}]\n",
        c="version: 1\nrules: &x []\n",
        d="version: 1\nrules: [\n",
    )

    said = messages(tmp_path)

    assert [line for line in said.splitlines() if not line.startswith("  ")] == [
        "policies/a.yaml:2:24: error: Wrong value",
        "policies/b.yaml:2:50: error: Unknown key",
        "policies/c.yaml:2:8: error: Anchor or alias",
        "policies/d.yaml:3:1: error: Not valid YAML",
    ]
    assert said.splitlines()[1:3] == [
        '  `level` must be small, controlled or open, not "opne".',
        '  hint: did you mean "open"?',
    ]


def test_case_documents_are_read_in_order(tmp_path: Path) -> None:
    text = "version: 1\ncases: [{name: a, given: {}, expect: {level: open}}]\n"
    write(tmp_path, cases__b=text, cases__a__z=text)

    documents = load_case_documents(tmp_path)

    assert [document.name for document in documents] == [f"{tmp_path}/cases/a/z.yaml", f"{tmp_path}/cases/b.yaml"]


def test_a_policy_without_cases_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ExposurectlError) as raised:
        load_case_documents(write(tmp_path, defaults=DEFAULTS))

    assert all_shown(raised.value) == (
        f"{tmp_path}/cases: error: No policy files\n"
        "  There is no such directory.\n"
        f"  hint: write {tmp_path}/cases/internet.yaml, which begins with `version: 1` and `cases:`\n"
    )


def test_the_meaning_of_what_is_right_is_judged_beside_what_is_wrong(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=f"{DEFAULTS}rules: [{{id: a, level: opne, because: x, match: {{ports: [22, ssh, 70000]}}}}, {{id: a}}, 5]\n",
        b="version: 1\noverrides: [{id: a, expires: 2027-02-30, match: {path: {origin: [instnace]}, tags: 5}}, {}]\n",
        c="version: 1\ndefaults: {unreachable: open, unobserved: small}\n",
        d="version: 1\ndefaults: {unreachable: open, unmatched: open, unobserved: lave}\n",
    )

    found = read_policy(tmp_path)

    assert found.policy is None
    assert [f"{problem.place}: {problem.id}".removeprefix(f"{tmp_path}/") for problem in found.problems] == [
        "a.yaml:3:24: wrong-value",
        "a.yaml:3:62: wrong-value",
        "a.yaml:3:67: wrong-value",
        "a.yaml:3:77: missing-key",
        "a.yaml:3:77: missing-key",
        "a.yaml:3:77: missing-key",
        "a.yaml:3:82: duplicate-id",
        "a.yaml:3:86: wrong-value",
        "b.yaml:2:13: missing-key",
        "b.yaml:2:13: missing-key",
        "b.yaml:2:13: missing-key",
        "b.yaml:2:18: duplicate-id",
        "b.yaml:2:30: wrong-value",
        "b.yaml:2:66: wrong-value",
        "b.yaml:2:84: wrong-value",
        *["b.yaml:2:89: missing-key"] * 6,
        "c.yaml:2:1: second-defaults",
        "c.yaml:2:11: missing-key",
        "c.yaml:2:43: unobserved-below-unreachable",
        "d.yaml:2:1: second-defaults",
        "d.yaml:2:60: wrong-value",
    ]


def test_defaults_may_stand_in_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, a=RULE, b="defaults: [\n")

    assert [problem.id for problem in read_policy(tmp_path).problems] == ["not-yaml"]


def test_a_folder_knows_its_files_and_its_policy(tmp_path: Path) -> None:
    write(tmp_path, defaults=DEFAULTS, rules=RULE)

    found = read_policy(tmp_path)

    assert found.policy == load_policy(tmp_path)
    assert [file.content for file in found.files] == [DEFAULTS.encode(), RULE.encode()]
    assert found.problems == ()


def test_case_files_are_read_as_far_as_they_are_right(tmp_path: Path) -> None:
    write(tmp_path, cases__a="version: 1\ncases: [{name: a}]\n", cases__b="cases: [")

    files, problems = read_case_files(tmp_path)

    assert [file.document.at("cases", 0, "name") for file in files] == ["a", None]
    assert [problem.id for problem in problems] == ["missing-key", "missing-key", "not-yaml"]
