import pytest

from exposurectl.policy.spelling import misspelt_types

from .building import DEFAULTS, document, shown


def said(pattern: str, key: str = "origin") -> str:
    text = f'{DEFAULTS}rules: [{{id: a, level: open, because: x, match: {{path: {{{key}: ["{pattern}"]}}}}}}]\n'
    return "".join(f"{shown(problem)}\n" for problem in misspelt_types(document(text, "policy")))


def test_a_type_in_another_case_is_told_with_inspectors_own() -> None:
    assert said("aws::ec2::internetgateway") == (
        "policies/a.yaml:3:66: warning: Type in another case\n"
        '  "aws::ec2::internetgateway" matches nothing: upper and lower case differ, and Inspector writes '
        '"AWS::EC2::InternetGateway".\n'
        '  hint: write "AWS::EC2::InternetGateway"\n'
    )


@pytest.mark.parametrize("key", ["origin", "any_of", "all_of", "none_of"])
def test_every_part_of_a_path_is_read(key: str) -> None:
    assert "AWS::EC2::Instance" in said("AWS::EC2::instance", key)


def test_a_family_of_types_is_known_by_its_beginning() -> None:
    assert 'hint: write "AWS::NetworkFirewall::Policy"' in said("AWS::Networkfirewall::Policy")


def test_a_type_with_a_slip_of_the_pen_is_told_with_the_one_that_is_near() -> None:
    assert said("AWS::EC2::InternetGatway") == (
        "policies/a.yaml:3:66: warning: Type unknown\n"
        '  No alias knows "AWS::EC2::InternetGatway", and a type that Inspector does not write matches nothing.\n'
        '  hint: did you mean "AWS::EC2::InternetGateway"?\n'
    )


def test_the_type_of_a_component_with_both_its_type_and_its_id_is_read() -> None:
    """It was a crash: a mapping was taken for a word."""
    step = "{type: 'AWS::EC2::Instanc', id: i-0123456789abcdef0}"
    given = f"{{findings: [{{protocol: tcp, ports: 1, path: [instance, {step}]}}]}}"
    text = f"version: 1\ncases: [{{name: a, given: {given}, expect: {{level: open}}}}]\n"

    (only,) = misspelt_types(document(text, "cases"))

    assert only.place is not None
    assert text.splitlines()[1][only.place.column - 1 :].startswith("'AWS::EC2::Instanc'")
    assert only.hint == 'did you mean "AWS::EC2::Instance"?'


@pytest.mark.parametrize(
    "pattern",
    [
        "AWS::EC2::TransitGatewayVpcAttachment",
        "AWS::EC2::InternetGateway",
        "AWS::NetworkFirewall::Policy",
        "AWS::EC2::SomethingNew",
        "aws::ec2::somethingnew",
        "internet-gateway",
        "igw-0ABC",
        "INTERNET-GATEWAY*",
    ],
)
def test_everything_else_is_not_told(pattern: str) -> None:
    assert said(pattern) == ""


def test_case_files_are_read_and_tags_are_not() -> None:
    finding = "{protocol: tcp, ports: 1, path: [instance, 'aws::ec2::instance']}"
    given = f"{{tags: {{path: 'aws::ec2::instance'}}, findings: [{finding}]}}"
    text = f"version: 1\ncases: [{{name: a, given: {given}, expect: {{level: open}}}}]\n"

    (only,) = misspelt_types(document(text, "cases"))

    assert text.splitlines()[1][(only.place or document(text, "cases").place()).column - 1 :].startswith(
        "'aws::ec2::instance']"
    )


def test_a_tag_by_the_name_of_path_is_no_path() -> None:
    rule = "{id: a, level: open, because: x, match: {tags: {path: ['aws::ec2::instance']}}}"

    assert list(misspelt_types(document(f"{DEFAULTS}rules: [{rule}]\n", "policy"))) == []


def test_what_is_broken_is_not_read() -> None:
    from exposurectl.documents import read_as

    read, found = read_as("policy", "a.yaml", b"version: 1\nrules: [{match: {path: {origin: [5, [x]]}}}]\n")

    assert found
    assert list(misspelt_types(read)) == []


def test_a_component_of_a_case_that_is_a_mapping_is_passed_over() -> None:
    finding = "{ports: 22, protocol: tcp, path: [{id: igw-1, type: AWS::EC2::InternetGateway}]}"
    case = f"{{name: a case, given: {{findings: [{finding}]}}, expect: {{level: open}}}}"

    assert list(misspelt_types(document(f"version: 1\ncases: [{case}]\n", "cases"))) == []
