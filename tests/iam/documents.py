"""The roles of docs/aws as they are written, read from CloudFormation and from Terraform into the same shape."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import hcl2
import yaml

AWS: Final = Path(__file__).parents[2] / "docs" / "aws"
TEMPLATES: Final = AWS / "cloudformation"
MODULES: Final = AWS / "terraform"
ROLES: Final = ("pipeline-role", "read-role")
STATEMENT_PARTS: Final = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
BLOCK_PARTS: Final = {"sid", "actions", "resources", "principals", "condition", "dynamic"}
DOCUMENT: Final = "aws_iam_policy_document"


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. A value that is given from outside is written `${its_name}` in both forms."""

    sid: str
    effect: str
    actions: frozenset[str]
    resources: frozenset[str]
    principals: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conditions: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Values by operator and key."""


@dataclass(frozen=True)
class Role:
    """Who may assume a role, and what it may do, by policy."""

    trust: tuple[Statement, ...]
    policies: Mapping[str, tuple[Statement, ...]]
    session: int
    """The longest session, in seconds."""

    def actions(self, *names: str) -> frozenset[str]:
        """Return what these policies allow together, or all of them."""
        chosen = names or tuple(self.policies)
        return frozenset(action for name in chosen for one in self.policies[name] for action in one.actions)


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as the long form that they stand for."""


def _tag(loader: TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: object
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise yaml.constructor.ConstructorError(None, None, f"!{suffix} of a mapping", node.start_mark)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


TemplateLoader.add_multi_constructor("!", _tag)


def template(name: str) -> dict[str, Any]:
    """Return a whole template."""
    text = (TEMPLATES / f"{name}.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=TemplateLoader)  # noqa: S506 - a SafeLoader
    return found


def from_cloudformation(name: str) -> Role:
    """Return the role of a template, with every condition of the template met."""
    resources = template(name)["Resources"].values()
    (role,) = (one["Properties"] for one in resources if one["Type"] == "AWS::IAM::Role")
    attached = [one["Properties"] for one in resources if one["Type"] == "AWS::IAM::Policy"]
    policies = {one["PolicyName"]: _statements(one["PolicyDocument"]) for one in [*role["Policies"], *attached]}
    return Role(_statements(role["AssumeRolePolicyDocument"]), policies, role["MaxSessionDuration"])


def _statements(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    assert document["Version"] == "2012-10-17"
    assert all(one.keys() <= STATEMENT_PARTS for one in document["Statement"])
    return tuple(
        Statement(
            sid=one["Sid"],
            effect=one["Effect"],
            actions=frozenset(_given(one["Action"])),
            resources=frozenset(_given(one.get("Resource", []))),
            principals={kind: frozenset(_given(value)) for kind, value in one.get("Principal", {}).items()},
            conditions={
                (test, key): frozenset(_given(value))
                for test, keys in one.get("Condition", {}).items()
                for key, value in keys.items()
            },
        )
        for one in document["Statement"]
    )


def _given(value: object) -> Iterator[str]:
    """Yield every text that a value of a template can be or hold."""
    match value:
        case str() as text:
            yield text
        case [*values]:
            for one in values:
                yield from _given(one)
        case {"Ref": "AWS::NoValue"}:
            return
        case {"Ref": str() as name}:
            yield f"${{{_snake(name)}}}"
        case {"Fn::Sub": str() as text}:
            yield re.sub(r"\$\{([^}]+)\}", lambda found: f"${{{_snake(found[1])}}}", text)
        case {"Fn::If": [_, *values]}:
            yield from _given(values)
        case other:
            raise AssertionError(other)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removeprefix("AWS::")).lower()


def module(name: str) -> dict[str, Any]:
    """Return what the files of a module declare: blocks by kind, type and name."""
    declared: dict[str, Any] = {}
    for path in sorted((MODULES / name).glob("*.tf")):
        for kind, blocks in _plain(hcl2.loads(path.read_text(encoding="utf-8"))).items():
            declared.setdefault(kind, []).extend(blocks)
    return declared


def from_terraform(name: str) -> Role:
    """Return the role of a module, with every condition of the module met."""
    declared = module(name)
    documents = {label: body for one in declared["data"] for label, body in one.get(DOCUMENT, {}).items()}
    (role,) = (body for one in declared["resource"] for body in one.get("aws_iam_role", {}).values())
    attached = [body for one in declared["resource"] for body in one.get("aws_iam_role_policy", {}).values()]
    policies = {one["name"]: _blocks(documents[_document(one["policy"])]) for one in attached}
    return Role(_blocks(documents[_document(role["assume_role_policy"])]), policies, role["max_session_duration"])


def _document(reference: str) -> str:
    found = re.fullmatch(r"\$\{data\.aws_iam_policy_document\.(\w+)(\[0\])?\.json\}", reference)
    assert found is not None
    return found[1]


def _blocks(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    assert document.keys() <= {"statement", "count"}
    assert all(one.keys() <= BLOCK_PARTS for one in document["statement"])
    return tuple(
        Statement(
            sid=one["sid"],
            effect="Allow",  # unless an `effect` says otherwise, and BLOCK_PARTS admits none
            actions=frozenset(one["actions"]),
            resources=frozenset(text for value in one.get("resources", []) for text in _texts(value)),
            principals={
                block["type"]: frozenset(text for value in block["identifiers"] for text in _texts(value))
                for block in one.get("principals", [])
            },
            conditions={
                (block["test"], block["variable"]): frozenset(text for value in values for text in _texts(value))
                for block, values in _conditions(one)
            },
        )
        for one in document["statement"]
    )


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Yield each condition with its values. A dynamic one has the values that it iterates over."""
    for block in statement.get("condition", []):
        yield block, block["values"] if isinstance(block["values"], list) else [block["values"]]
    for dynamic in statement.get("dynamic", []):
        (content,) = dynamic["condition"]["content"]
        assert content["values"] == ["${condition.value}"]
        yield content, [dynamic["condition"]["for_each"]]


def _texts(value: str) -> Iterator[str]:
    """Yield what a value of a module can be: a text with names in it, or the variables that an expression chooses."""
    partition = r"\$\{(?:data\.aws_partition\.current|local)\.partition\}"
    named = re.sub(r"\$\{var\.([\w.]+)\}", lambda found: f"${{{_flat(found[1])}}}", value)
    named = re.sub(partition, "${partition}", named)
    if re.search(r"\b(var|local|data)\.", named) is None:
        yield named
        return
    assert named.startswith("${")
    for name in dict.fromkeys(re.findall(r"\b(?:var|local|aws_\w+)\.[\w.]+", named)):
        yield f"${{{_flat(name.removeprefix('var.'))}}}"


def _flat(name: str) -> str:
    return name.replace(".", "_")


def _plain(value: Any) -> Any:
    """Drop what hcl2 adds to a document: the quotes around texts, and its marks of blocks and comments."""
    match value:
        case dict():
            return {_plain(key): _plain(one) for key, one in value.items() if not str(key).startswith("__")}
        case list():
            return [_plain(one) for one in value]
        case str() if len(value) > 1 and value.startswith('"') and value.endswith('"'):
            return value[1:-1]
        case _:
            return value
