"""Policies, evidence and messages from the words in which people write them."""

from datetime import date

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place, by_place
from exposurectl.documents import Document, check, read_yaml
from exposurectl.model import Decision, Evidence
from exposurectl.policy.case_files import read_cases
from exposurectl.policy.cases import Case
from exposurectl.policy.compile import PolicyFile, compile_policy
from exposurectl.policy.decide import decide
from exposurectl.policy.model import Policy
from exposurectl.policy.sources import AnywherePrefix

ANYWHERE = AnywherePrefix()
DEFAULTS = "version: 1\ndefaults: {unreachable: controlled, unmatched: open, unobserved: leave}\n"


def shown(problem: Diagnostic) -> str:
    """Return a problem as a person sees it: where, what, why, and what to type."""
    lines = [f"{problem.place}: {problem.severity.value}: {problem.summary}"]
    lines += [f"  {problem.detail}"] if problem.detail else []
    lines += [f"  hint: {problem.hint}"] if problem.hint else []
    return "\n".join(lines)


def all_shown(error: ExposurectlError) -> str:
    return "".join(f"{shown(problem)}\n" for problem in error.problems)


def document(text: str, schema: str, name: str = "policies/a.yaml") -> Document:
    """Return a document whose shape is right."""
    read, problems = read_yaml(name, text.encode())

    assert read is not None
    assert problems + check(read, schema) == []
    return read


def files(*texts: str) -> list[PolicyFile]:
    """Return the policy files `policies/a.yaml`, `policies/b.yaml` and so on."""
    names = [f"policies/{letter}.yaml" for letter in "abcdefgh"]
    return [
        PolicyFile(document=document(text, "policy", name), reference=name, content=text.encode())
        for name, text in zip(names, texts, strict=False)
    ]


def compiled(*texts: str) -> Policy:
    policy = compile_policy(Place("policies"), files(*texts))

    assert isinstance(policy, Policy), [shown(problem) for problem in policy]
    return policy


def refused(*texts: str) -> str:
    """Return the problems of files whose shapes are right, as people see them."""
    problems = compile_policy(Place("policies"), files(*texts))

    assert isinstance(problems, list)
    return "".join(f"{shown(problem)}\n" for problem in sorted(problems, key=by_place))


def policy(body: str, defaults: str = DEFAULTS) -> Policy:
    """Return a policy of one file: the usual defaults and what else stands in it."""
    return compiled(defaults + body)


def case(given: str, expect: str = "{level: open}") -> Case:
    """Return the case that the words of a case file describe."""
    text = f"version: 1\ncases:\n- {{name: a case, given: {given}, expect: {expect}}}\n"
    (only,) = read_cases([document(text, "cases", "policies/cases/a.yaml")])
    return only


def evidence(given: str) -> Evidence:
    return case(given).evidence


def decided(by: Policy, given: str, today: date | None = None) -> Decision:
    return decide(evidence(given), by, today=today, anywhere=ANYWHERE)
