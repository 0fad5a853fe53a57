"""The roles: both forms say the same, and no more than is needed."""

import pytest
import yaml

from iam.documents import AWS, ROLES, Role, Statement, from_cloudformation, from_terraform, module, template
from iam.permissions import NETWORK, PIPELINE_ROLE, READ_ROLE, REPORT

FORMS = {"cloudformation": from_cloudformation, "terraform": from_terraform}
REPORTS = "read-findings-reports"
PLAN = yaml.safe_load((AWS.parents[1] / ".github" / "workflows" / "plan.yml").read_text(encoding="utf-8"))
APPLY = (AWS.parents[1] / ".github" / "workflows" / "apply.yml").read_text(encoding="utf-8")


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def read(form: str) -> Role:
    return FORMS[form]("read-role")


@pytest.fixture
def pipeline(form: str) -> Role:
    return FORMS[form]("pipeline-role")


def grants(role: Role) -> dict[str, list[Statement]]:
    return {name: list(statements) for name, statements in role.policies.items()}


def test_the_read_role_may_do_exactly_what_the_table_says(read: Role) -> None:
    assert read.actions() == READ_ROLE


def test_the_pipeline_role_may_do_exactly_what_the_table_says(pipeline: Role) -> None:
    assert pipeline.actions(*(set(pipeline.policies) - {REPORTS})) == PIPELINE_ROLE


def test_reports_are_a_policy_of_their_own(pipeline: Role) -> None:
    assert pipeline.actions(REPORTS) == REPORT


def test_the_tables_name_only_reading_and_entering() -> None:
    verbs = {action.partition(":")[2] for action in READ_ROLE | PIPELINE_ROLE}

    assert {verb for verb in verbs if not verb.startswith(("BatchGet", "Describe", "Get", "List"))} == {"AssumeRole"}
    assert READ_ROLE == NETWORK


@pytest.mark.parametrize("name", ROLES)
def test_both_forms_grant_the_same_on_the_same_under_the_same_conditions(name: str) -> None:
    assert grants(from_cloudformation(name)) == grants(from_terraform(name))


@pytest.mark.parametrize("name", ROLES)
def test_both_forms_trust_under_the_same_conditions(name: str) -> None:
    first, second = (
        [(one.sid, one.actions, one.resources, one.principals.keys(), one.conditions) for one in form(name).trust]
        for form in FORMS.values()
    )

    assert first == second


@pytest.mark.parametrize("name", ROLES)
def test_no_action_has_a_wildcard_and_every_statement_allows(form: str, name: str) -> None:
    role = FORMS[form](name)
    statements = [*role.trust, *(one for policy in role.policies.values() for one in policy)]

    assert [action for one in statements for action in one.actions if "*" in action] == []
    assert {one.effect for one in statements} == {"Allow"}


@pytest.mark.parametrize("name", ROLES)
def test_trust_names_its_principals_and_compares_exactly(form: str, name: str) -> None:
    (trust,) = FORMS[form](name).trust

    assert {test for test, _ in trust.conditions} == {"StringEquals"}
    assert [value for values in trust.conditions.values() for value in values if "*" in value] == []
    assert [value for values in trust.principals.values() for value in values if "*" in value] == []


@pytest.mark.parametrize("name", ROLES)
def test_a_session_lasts_an_hour(form: str, name: str) -> None:
    assert FORMS[form](name).session == 3600


def test_the_read_role_trusts_one_role_of_the_same_organization(read: Role) -> None:
    (trust,) = read.trust

    assert trust.actions == {"sts:AssumeRole"}
    assert trust.principals == {"AWS": {"${pipeline_role_arn}"}}
    assert trust.conditions == {
        ("StringEquals", "aws:PrincipalOrgID"): {"${organization_id}"},
        ("StringEquals", "sts:ExternalId"): {"${external_id}"},
    }


def test_the_pipeline_role_trusts_two_exact_subjects_of_github(pipeline: Role) -> None:
    (trust,) = pipeline.trust

    assert trust.actions == {"sts:AssumeRoleWithWebIdentity"}
    assert trust.principals.keys() == {"Federated"}
    assert trust.conditions == {
        ("StringEquals", "token.actions.githubusercontent.com:aud"): {"${audience}"},
        ("StringEquals", "token.actions.githubusercontent.com:sub"): {"${subject}", "${immutable_subject}"},
    }


def test_the_template_trusts_github_and_nobody_else() -> None:
    (trust,) = from_cloudformation("pipeline-role").trust
    provider = template("pipeline-role")["Resources"]["GitHub"]["Properties"]

    assert trust.principals["Federated"] == {
        "${git_hub}",
        "arn:${partition}:iam::${account_id}:oidc-provider/token.actions.githubusercontent.com",
    }
    assert provider == {
        "Url": "https://token.actions.githubusercontent.com",
        "ClientIdList": [{"Ref": "Audience"}],
    }


def test_the_module_trusts_github_and_nobody_else() -> None:
    (trust,) = from_terraform("pipeline-role").trust
    declared = module("pipeline-role")
    (provider,) = (
        block["aws_iam_openid_connect_provider"]["github"]
        for block in declared["resource"]
        if "aws_iam_openid_connect_provider" in block
    )

    assert trust.principals["Federated"] == {
        "${create_oidc_provider}",
        "${aws_iam_openid_connect_provider_github}",
        "${local_existing_arn}",
    }
    assert declared["locals"][0]["existing_arn"] == (
        "arn:${local.partition}:iam::${data.aws_caller_identity.current.account_id}"
        ":oidc-provider/token.actions.githubusercontent.com"
    )
    assert provider["url"] == "https://token.actions.githubusercontent.com"
    assert provider["client_id_list"] == ["${var.audience}"]


def test_the_pipeline_role_enters_one_role_of_each_account_of_one_organization(pipeline: Role) -> None:
    (entering,) = pipeline.policies["enter-member-accounts"]

    assert entering.resources == {"arn:${partition}:iam::*:role/${read_role_name}"}
    assert entering.conditions == {("StringEquals", "aws:ResourceOrgID"): {"${organization_id}"}}


def test_reports_are_read_under_one_prefix_and_decrypted_with_one_key(pipeline: Role) -> None:
    resources = {one.sid: one.resources for one in pipeline.policies[REPORTS]}

    assert resources == {
        "FetchReports": {"arn:${partition}:s3:::${report_bucket}/${report_prefix}*"},
        "DecryptReports": {"${report_key_arn}"},
    }


@pytest.mark.parametrize("name", ROLES)
def test_no_arn_is_of_one_partition(form: str, name: str) -> None:
    role = FORMS[form](name)
    arns = {resource for policy in role.policies.values() for one in policy for resource in one.resources} - {"*"}

    assert {arn for arn in arns if not arn.startswith(("arn:${partition}:", "${"))} == set()


@pytest.mark.parametrize("name", ROLES)
def test_a_template_grants_nothing_by_a_road_that_these_tests_do_not_read(name: str) -> None:
    resources = list(template(name)["Resources"].values())
    (role,) = (one["Properties"] for one in resources if one["Type"] == "AWS::IAM::Role")

    assert {one["Type"] for one in resources} <= {"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::OIDCProvider"}
    assert role.keys() == {"RoleName", "Description", "MaxSessionDuration", "AssumeRolePolicyDocument", "Policies"}


@pytest.mark.parametrize("name", ROLES)
def test_a_module_grants_nothing_by_a_road_that_these_tests_do_not_read(name: str) -> None:
    declared = module(name)
    kinds = {kind for block in declared["resource"] for kind in block}
    (role,) = (body for block in declared["resource"] for body in block.get("aws_iam_role", {}).values())

    assert kinds <= {"aws_iam_role", "aws_iam_role_policy", "aws_iam_openid_connect_provider"}
    assert role.keys() == {"name", "description", "max_session_duration", "assume_role_policy"}
    assert "module" not in declared


def test_members_and_reports_are_off_unless_they_are_asked_for() -> None:
    resources, declared = template("pipeline-role")["Resources"], module("pipeline-role")
    counts = {
        label: body["count"]
        for block in declared["resource"]
        for label, body in block.get("aws_iam_role_policy", {}).items()
        if "count" in body
    }

    assert resources["EnterMembers"]["Condition"] == "EntersMembers"
    assert resources["ReadReports"]["Condition"] == "ReadsReports"
    assert counts == {
        "members": "${var.organization_id == null ? 0 : 1}",
        "reports": "${var.report == null ? 0 : 1}",
    }


def test_the_plan_stage_runs_in_the_environment_whose_subject_is_trusted() -> None:
    parameters = template("pipeline-role")["Parameters"]

    environment = PLAN["jobs"]["plan"]["environment"]

    assert parameters["Subject"]["AllowedPattern"].endswith(f":environment:{environment}$")
    assert parameters["ImmutableSubject"]["AllowedPattern"].endswith(f":environment:{environment}$")


def test_the_apply_stage_asks_for_no_aws() -> None:
    assert [word for word in ("id-token", "aws-actions", "AWS_") if word in APPLY] == []
