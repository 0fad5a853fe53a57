"""A policy directory: which files it holds, and the policy that they make together."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place, ProblemId, by_place
from exposurectl.documents import Document, read_as, read_content, unreadable
from exposurectl.policy.compile import PolicyFile, compile_policy
from exposurectl.policy.model import Policy

CASES = "cases"
"""The folder of a policy directory that holds its tests."""

_ENDINGS = frozenset({".yaml", ".yml"})


class PolicyFolder(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy directory holds, `cases/` aside: its files, and the policy or every problem of it."""

    files: tuple[PolicyFile, ...]
    policy: Policy | None
    problems: tuple[Diagnostic, ...]
    """By place; empty where there is a policy."""


def load_policy(directory: Path) -> Policy:
    """
    Read and compile every `*.yaml` below the directory, `cases/` aside.

    Raises ExposurectlError with every problem of every file, by place.
    """
    folder = read_policy(directory)
    if folder.policy is None:
        raise _invalid(folder.problems)
    return folder.policy


def read_policy(directory: Path) -> PolicyFolder:
    """Read and compile every `*.yaml` below the directory, `cases/` aside, as far as that is possible."""
    problems: list[Diagnostic] = []
    paths = _files(directory, problems)
    own = [path for path in paths if path.relative_to(directory).parts[0] != CASES]
    files = tuple(_file(directory, path, "policy", problems) for path in own)
    made = compile_policy(Place(str(directory)), files, problems) if paths else problems
    policy = made if isinstance(made, Policy) else None
    found = () if isinstance(made, Policy) else tuple(sorted(made, key=by_place))
    return PolicyFolder(files=files, policy=policy, problems=found)


def load_case_documents(directory: Path) -> list[Document]:
    """
    Read every `*.yaml` below the policy directory's `cases/`, in order.

    Raises ExposurectlError with every problem of every file, by place.
    """
    files, problems = read_case_files(directory)
    if problems:
        raise _invalid(problems)
    return [file.document for file in files]


def read_case_files(directory: Path) -> tuple[tuple[PolicyFile, ...], list[Diagnostic]]:
    """Read every `*.yaml` below the policy directory's `cases/`, in order, and what is wrong with their shapes."""
    problems: list[Diagnostic] = []
    paths = _files(directory / CASES, problems)
    return tuple(_file(directory, path, "cases", problems) for path in paths), problems


def _invalid(problems: Sequence[Diagnostic]) -> ExposurectlError:
    return ExposurectlError(*sorted(problems, key=by_place), reason="policy-invalid")


def _files(directory: Path, problems: list[Diagnostic]) -> list[Path]:
    """Return the YAML files below a directory, in order; that there are none, or one by another name, is a problem."""
    paths = sorted(path for path in directory.rglob("*") if path.suffix.lower() in _ENDINGS and not path.is_dir())
    problems.extend(_passed_over(path) for path in paths if path.suffix != ".yaml")
    if not paths:
        detail, place = _why_none(directory), Place(str(directory))
        summary = "No policy files"
        problems.append(
            Diagnostic(
                id=ProblemId.NO_POLICY_FILES, summary=summary, place=place, detail=detail, hint=_begin(directory)
            )
        )
    return [path for path in paths if path.suffix == ".yaml"]


def _passed_over(path: Path) -> Diagnostic:
    return Diagnostic(
        id=ProblemId.WRONG_FILE_NAME,
        summary="Wrong file name",
        place=Place(str(path)),
        detail="Policy files end in .yaml; this one would be passed over.",
        hint=f"rename it to {path.stem}.yaml",
    )


def _why_none(directory: Path) -> str:
    if directory.is_dir():
        return "There is no *.yaml file here."
    return "This is a file, and a policy is a directory." if directory.exists() else "There is no such directory."


def _begin(directory: Path) -> str:
    if directory.name == CASES:
        return f"write {directory / 'internet.yaml'}, which begins with `version: 1` and `cases:`"
    return "name the policy's directory; `exposurectl init` writes one"


def _file(directory: Path, path: Path, schema: str, problems: list[Diagnostic]) -> PolicyFile:
    """Return a file, which knows how far it can be relied on; what is wrong with it goes onto the list."""
    content = _content(path)
    if isinstance(content, Diagnostic):
        problems.append(content)
        content, document = b"", unreadable(str(path))
    else:
        document, own = read_as(schema, str(path), content)
        problems.extend(own)
    return PolicyFile(document=document, reference=_reference(directory, path), content=content)


def _content(path: Path) -> bytes | Diagnostic:
    """Return what stands in a file, or why it cannot be read. Only regular files are opened: a pipe would not end."""
    if not str(path).isprintable():
        return Diagnostic(
            id=ProblemId.WRONG_FILE_NAME,
            summary="Wrong file name",
            place=Place(str(path.parent)),
            detail=f"The name has characters that do not show: {path.name!a}.",
            hint="rename it",
        )
    if not path.is_file():
        return _not_readable(path, "It is not a regular file.")
    try:
        return read_content(path)
    except OSError as error:
        return _not_readable(path, f"{error.strerror}.")


def _not_readable(path: Path, detail: str) -> Diagnostic:
    place = Place(str(path))
    return Diagnostic(id=ProblemId.FILE_NOT_READABLE, summary="File not readable", place=place, detail=detail)


def _reference(directory: Path, path: Path) -> str:
    """Return what plans call the file: the same wherever the directory lies on this machine."""
    return f"{directory.resolve().name}/{path.relative_to(directory).as_posix()}"
