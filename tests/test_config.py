from datetime import timedelta
from pathlib import Path

import pytest

from exposurectl.config import Limits, Quieted, Review, Settings, load_config, read_config
from exposurectl.config.quieting import quiet
from exposurectl.diagnostics import WARNINGS, Diagnostic, ExposurectlError, LeftOut, Place, ProblemId, Severity
from exposurectl.documents.text import MAX_BYTES
from exposurectl.model import Exposure

FAMILY = "{name: web, open: web-open, controlled: web-controlled, small: web-small}"
GROUP = f"{{name: platform, token: env:TOKEN, families: [{FAMILY}]}}"


def load(folder: Path, *, url: str = "https://rest.vuls.biz", groups: str = GROUP, more: str = "") -> Settings:
    text = f"version: 1\nfuturevuls:\n  url: {url}\n  groups:\n  - {groups}\n{more}"
    (folder / "staging.yaml").write_text(text, encoding="utf-8")
    return load_config(folder / "staging.yaml")


def refused(folder: Path, *, url: str = "https://rest.vuls.biz", groups: str = GROUP, more: str = "") -> list[str]:
    """Return the place and the detail of every problem."""
    with pytest.raises(ExposurectlError) as raised:
        load(folder, url=url, groups=groups, more=more)

    assert raised.value.reason == "config-invalid"
    assert {problem.summary for problem in raised.value.problems} == {"Wrong value"}
    return [f"{problem.place}: {problem.detail}".replace(f"{folder}/", "") for problem in raised.value.problems]


def test_what_a_short_config_leaves_out_is_usual(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings.environment == "staging"
    assert settings.regions == ()
    assert (settings.anywhere_v4, settings.anywhere_v6) == (8, 16)
    assert settings.requests_per_minute == 20
    assert settings.limits == Limits(
        raise_percent=30,
        raise_count=500,
        lower_count=0,
        min_clear_age=timedelta(days=7),
        plan_valid_for=timedelta(hours=24),
    )
    assert settings.expired_overrides_block
    assert settings.groups[0].default_role_joins == ""
    assert settings.groups[0].servers == {}


def test_a_group_is_read_with_its_families_and_pairings(tmp_path: Path) -> None:
    pairing = "[{server: 812, instance: i-0abc}, {server: 813, instance: i-0abc}]"
    group = (
        f"{{name: platform, token: file:/run/token, families: [{FAMILY}], default_role_joins: web, servers: {pairing}}}"
    )

    (only,) = load(tmp_path, groups=group).groups

    assert (only.name, only.token, only.default_role_joins) == ("platform", "file:/run/token", "web")
    assert only.servers == {812: "i-0abc", 813: "i-0abc"}
    assert only.place == Place(f"{tmp_path}/staging.yaml", 5, 5)
    assert [family.name for family in only.families] == ["web"]
    assert only.families[0].roles == {
        Exposure.OPEN: "web-open",
        Exposure.CONTROLLED: "web-controlled",
        Exposure.SMALL: "web-small",
    }


def test_what_inspector_and_overrides_are_told_is_read(tmp_path: Path) -> None:
    inspector = "inspector: {regions: [us-gov-west-1, eu-west-1], anywhere_prefix: 0, anywhere_prefix_v6: 128}\n"

    settings = load(tmp_path, more=inspector + "overrides: {expired: warn}\n")

    assert settings.regions == ("us-gov-west-1", "eu-west-1")
    assert (settings.anywhere_v4, settings.anywhere_v6) == (0, 128)
    assert not settings.expired_overrides_block


@pytest.mark.parametrize(
    ("written", "age"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("36h", timedelta(hours=36)),
        ("14d", timedelta(days=14)),
        ("0d", timedelta(0)),
        ("99999d", timedelta(days=99999)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(tmp_path: Path, written: str, age: timedelta) -> None:
    limits = load(
        tmp_path, more=f"limits: {{lower: {{count: 3, min_clear_age: {written}}}, raise: {{percent: 0}}}}\n"
    ).limits

    assert limits == Limits(lower_count=3, min_clear_age=age, raise_percent=0)


@pytest.mark.parametrize(("written", "hours"), [("72h", 72), ("3d", 72), ("3600s", 1)])
def test_a_plan_may_be_valid_for_up_to_72_hours(tmp_path: Path, written: str, hours: int) -> None:
    assert load(tmp_path, more=f"limits: {{plan_valid_for: {written}}}\n").limits.plan_valid_for == timedelta(
        hours=hours
    )


@pytest.mark.parametrize("written", ["0s", "73h", "4d", "99999d"])
def test_a_plan_may_not_be_valid_for_longer_or_not_at_all(tmp_path: Path, written: str) -> None:
    assert refused(tmp_path, more=f"limits: {{plan_valid_for: {written}}}\n") == [
        f"staging.yaml:6:26: A plan may be valid for 1s to 72h, not {written}: evidence grows old."
    ]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://rest.vuls.biz", "https://rest.vuls.biz"),
        ("https://rest.vuls.biz/", "https://rest.vuls.biz"),
        ("https://rest.vuls.biz:443", "https://rest.vuls.biz:443"),
        ("https://REST.vuls.biz", "https://REST.vuls.biz"),
        ("https://a-1.example", "https://a-1.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1", "http://localhost:1"),
        ('"http://[::1]:8080/"', "http://[::1]:8080"),
        ("https://localhost:8443", "https://localhost:8443"),
    ],
)
def test_an_address_is_read(tmp_path: Path, written: str, url: str) -> None:
    assert load(tmp_path, url=written).url == url


HTTPS = "The address must begin with https://: a token is sent to it."
PLAIN = "The address must be a plain host name, without a user, a query or a fragment."


@pytest.mark.parametrize(
    ("written", "details"),
    [
        ("http://rest.vuls.biz", [HTTPS]),
        ("http://localhost.evil.example", [HTTPS]),
        ("http://127.0.0.1.evil.example", [HTTPS]),
        ("ftp://rest.vuls.biz", [HTTPS]),
        ("rest.vuls.biz", [HTTPS]),
        ('"//rest.vuls.biz"', [HTTPS]),
        ('""', [HTTPS]),
        ("https://", [PLAIN]),
        ("https://user@rest.vuls.biz", [PLAIN]),
        ("https://user:word@rest.vuls.biz", [PLAIN]),
        ("https://rest.vuls.biz@evil.example", [PLAIN]),
        ("https://rest.vuls.biz\\@evil.example", [PLAIN]),
        ("https://rest.vuls.biz\\", [PLAIN]),
        ("https://evil.example\\.vuls.biz", [PLAIN]),
        ("https://rest.vuls.biz?x", [PLAIN]),
        ("https://rest.vuls.biz?", [PLAIN]),
        ('"https://rest.vuls.biz#x"', [PLAIN]),
        ('"https://rest.vuls.biz#"', [PLAIN]),
        ("https://rest.vuls.biz.", [PLAIN]),
        ('"https://rest.vuls.biz:"', [PLAIN]),
        ("https://-rest.vuls.biz", [PLAIN]),
        ("https://rest..vuls.biz", [PLAIN]),
        ("https://rest_api.vuls.biz", [PLAIN]),
        ("https://rest.vuls.biz%2eevil.example", [PLAIN]),
        ("https://vuls", [PLAIN]),
        ("https://rest.vuls.b\u0456z", [PLAIN]),
        ("https://xn--rest-vuls-b8d.biz", [PLAIN]),
        ("https://rest.XN--vuls-b8d.biz", [PLAIN]),
        ("https://203.0.113.7", [PLAIN]),
        ("https://2130706433", [PLAIN]),
        ("https://0x7f.1", [PLAIN]),
        ('"https://[2001:db8::1]"', [PLAIN]),
        ('" https://rest.vuls.biz"', [PLAIN]),
        ('"https://rest.vuls.biz "', [PLAIN]),
        ('"https://rest.vuls.biz\\n"', [PLAIN]),
        ('"https://rest.vuls.biz\\r"', [PLAIN]),
        ('"https://rest.vu\\tls.biz"', [PLAIN]),
        ("https://rest.vuls.biz:8443", ["The address must not name port 8443."]),
        ("https://rest.vuls.biz:0", ["The address must not name port 0."]),
        ("https://rest.vuls.biz/v1", ['The address must not have a path: exposurectl adds "/v1/…" to it, not to /v1.']),
        ("https://rest.vuls.biz//", ['The address must not have a path: exposurectl adds "/v1/…" to it, not to //.']),
        ("https://rest.vuls.biz:99999", ["This is not an address."]),
        ("https://rest.vuls.biz:x", ["This is not an address."]),
        ('"https://[rest.vuls.biz"', ["This is not an address."]),
    ],
)
def test_an_address_that_a_token_must_not_go_to_is_refused(tmp_path: Path, written: str, details: list[str]) -> None:
    assert refused(tmp_path, url=written) == [f"staging.yaml:3:8: {detail}" for detail in details]


def test_an_address_with_a_character_that_does_not_show_is_told_so_too(tmp_path: Path) -> None:
    path = tmp_path / "staging.yaml"
    path.write_text(f'version: 1\nfuturevuls: {{url: "\\ehttps://rest.vuls.biz", groups: [{GROUP}]}}\n')

    assert [problem.id for problem in read_config(path).problems] == [
        ProblemId.INVISIBLE_CHARACTER,
        ProblemId.WRONG_VALUE,
    ]


def test_a_config_that_is_wrong_in_part_is_judged_in_all_others(tmp_path: Path) -> None:
    path = tmp_path / "staging.yaml"
    families = "[{name: web, open: a, controlled: a}, {name: web, open: b, controlled: c, small: c}]"
    path.write_text(
        f"""version: 1
futurevuls:
  url: http://rest.vuls.biz
  groups:
    - {{name: platform, token: 5, families: {families}, default_role_joins: wbe}}
    - {{name: platform, families: 5, default_role_joins: web}}
    - {{name: [], token: env:T, families: [{FAMILY}], servers: [{{server: x, instance: i-1}}]}}
limits: {{plan_valid_for: 73h}}
warnings: [{{id: 5, because: x}}, {{id: tag-lowesr, because: x}}]
"""
    )

    found = read_config(path)

    assert found.settings is None
    assert [f"{problem.place}: {problem.id}".removeprefix(f"{tmp_path}/") for problem in found.problems] == [
        "staging.yaml:3:8: wrong-value",
        "staging.yaml:5:31: wrong-value",
        "staging.yaml:5:45: missing-key",
        "staging.yaml:5:63: wrong-value",
        "staging.yaml:5:78: wrong-value",
        "staging.yaml:5:82: wrong-value",
        "staging.yaml:5:115: wrong-value",
        "staging.yaml:5:125: wrong-value",
        "staging.yaml:5:150: wrong-value",
        "staging.yaml:6:7: missing-key",
        "staging.yaml:6:7: wrong-value",
        "staging.yaml:6:34: wrong-value",
        "staging.yaml:7:14: wrong-value",
        "staging.yaml:7:138: wrong-value",
        "staging.yaml:8:26: wrong-value",
        "staging.yaml:9:17: wrong-value",
        "staging.yaml:9:38: unknown-warning",
    ]


@pytest.mark.parametrize(
    ("written", "summary", "hint"),
    [
        ("tag-lower", "Unknown warning", 'did you mean "tag-lowers"?'),
        ("xyz", "Unknown warning", f"the warnings are: {', '.join(sorted(WARNINGS))}"),
        (
            "override-expired",
            "Not a warning",
            "delete this entry, and correct what the error is about",
        ),
    ],
)
def test_only_a_warning_can_be_turned_off(tmp_path: Path, written: str, summary: str, hint: str) -> None:
    with pytest.raises(ExposurectlError) as raised:
        load(tmp_path, more=f"warnings: [{{id: {written}, because: x}}]\n")

    (problem,) = raised.value.problems
    assert (problem.summary, problem.hint) == (summary, hint)
    assert str(problem.place).endswith(":17")


def test_names_that_stand_twice_are_refused(tmp_path: Path) -> None:
    other = FAMILY.replace("web-", "db-")
    servers = "[{server: 1, instance: i-1}, {server: 1, instance: i-2}]"
    group = f"{{name: platform, token: env:TOKEN, families: [{FAMILY}, {other}], servers: {servers}}}"

    assert refused(tmp_path, groups=f"{group}\n  - {GROUP}") == [
        f'staging.yaml:5:{5 + group.index(other)}: Family "web" stands here a second time.',
        f'staging.yaml:5:{5 + group.index("{server: 1, instance: i-2")}: Server "1" stands here a second time.',
        'staging.yaml:6:5: Group "platform" stands here a second time.',
    ]


def test_a_role_that_stands_for_two_levels_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    other = "{name: db, open: db-open, controlled: web-open, small: db-small}"
    group = f"{{name: platform, token: env:TOKEN, families: [{FAMILY}, {other}]}}"

    assert refused(tmp_path, groups=group) == [
        f'staging.yaml:5:{5 + group.index("web-open")}: The role "web-open" stands for more than one level or family.',
        f'staging.yaml:5:{5 + group.rindex("web-open")}: The role "web-open" stands for more than one level or family.',
    ]


def test_a_default_family_that_is_none_is_refused(tmp_path: Path) -> None:
    group = f"{{name: platform, token: env:TOKEN, families: [{FAMILY}], default_role_joins: db}}"

    assert refused(tmp_path, groups=group) == [
        f'staging.yaml:5:{5 + group.index("db}")}: The group has no family "db". Its families are: web.'
    ]


def test_two_groups_may_have_families_and_roles_of_the_same_names(tmp_path: Path) -> None:
    groups = f"{GROUP}\n  - {GROUP.replace('platform', 'other')}"

    assert [group.name for group in load(tmp_path, groups=groups).groups] == ["platform", "other"]


def test_a_config_that_is_not_there_is_told_where_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ExposurectlError) as raised:
        load_config(tmp_path / "no.yaml")

    assert raised.value.problems == (
        Diagnostic(
            id=ProblemId.FILE_NOT_READABLE,
            summary="Config not readable",
            place=Place(f"{tmp_path}/no.yaml"),
            detail="No such file or directory.",
            hint="name the file with --config",
        ),
    )
    assert raised.value.reason == "config-invalid"


def test_a_config_without_an_end_is_not_read_to_it() -> None:
    with pytest.raises(ExposurectlError) as raised:
        load_config(Path("/dev/zero"))

    assert raised.value.problems == (
        Diagnostic(
            id=ProblemId.FILE_TOO_LARGE,
            summary="File too large",
            place=Place("/dev/zero"),
            detail=f"The limit is {MAX_BYTES} bytes.",
        ),
    )


def test_the_digest_is_of_every_byte(tmp_path: Path) -> None:
    digests = {load(tmp_path).digest, load(tmp_path, more="# a comment\n").digest, load(tmp_path).digest}

    assert len(digests) == 2
    assert all(len(digest) == len("sha256:") + 64 for digest in digests)


def test_the_shipped_config_is_read() -> None:
    settings = load_config(Path(__file__).parents[1] / "config" / "production.yaml")

    assert settings.environment == "production"
    assert settings.limits == Limits()


def test_what_overrides_may_do_and_which_warnings_are_left_out_is_read(tmp_path: Path) -> None:
    usual = load(tmp_path)
    told = "overrides: {max_days: 90, expiring_days: 0}\nwarnings:\n- {id: rule-never-decides, because: Staged.}\n"

    settings = load(tmp_path, more=told)

    assert (usual.override_max_days, usual.override_expiring_days, usual.quieted) == (365, 14, ())
    assert (settings.override_max_days, settings.override_expiring_days) == (90, 0)
    place = Place(f"{tmp_path}/staging.yaml", 8, 3)
    assert settings.quieted == (Quieted(id="rule-never-decides", because="Staged.", place=place),)


def test_where_plans_are_reviewed_is_read(tmp_path: Path) -> None:
    short = load(tmp_path, more="review: {branch: origin/main}\n")
    long = load(tmp_path, more="review: {branch: up/release/1, plans: ops/plans, policy: ops/policies}\n")

    assert load(tmp_path).review is None
    assert short.review == Review(remote="origin", branch="main", plans="plans", policy="policies")
    assert long.review == Review(remote="up", branch="release/1", plans="ops/plans", policy="ops/policies")


@pytest.mark.parametrize("branch", ["main", "origin/-x", "--upload-pack=x/y", "-x/main", "origin/ma in", "origin/"])
def test_a_branch_that_git_could_take_for_an_option_is_refused(tmp_path: Path, branch: str) -> None:
    (said,) = refused(tmp_path, more=f"review: {{branch: '{branch}'}}\n")

    assert said.startswith("staging.yaml:6:18: `branch` must be a remote and its branch, such as origin/main, not")


def test_a_warning_that_is_turned_off_is_counted_and_an_error_stays() -> None:
    place = Place("a.yaml", 1, 1)
    quieted = [Quieted(id=one, because="Known.", place=place) for one in ("tag-lowers", "mixed-script", "wrong-value")]
    warning = Diagnostic(id="tag-lowers", summary="x", severity=Severity.WARNING)
    others = [
        Diagnostic(id="type-unknown", summary="x", severity=Severity.WARNING),
        Diagnostic(id="wrong-value", summary="x"),
    ]

    kept, left_out = quiet([warning, *others, warning], quieted)

    assert kept == tuple(others)
    assert left_out == (LeftOut(id="tag-lowers", because="Known.", count=2),)
