"""A policy directory: which files it holds, and the policy that they make together."""

from collections.abc import Iterator
from pathlib import Path

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place, by_place
from exposurectl.documents import Document, check, read_content, read_yaml
from exposurectl.policy.compile import PolicyFile, compile_policy
from exposurectl.policy.model import Policy

CASES = "cases"
"""The folder of a policy directory that holds its tests."""

_ENDINGS = frozenset({".yaml", ".yml"})


def load_policy(directory: Path) -> Policy:
    """
    Read and compile every `*.yaml` below the directory, `cases/` aside.

    Raises ExposurectlError with every problem of every file, by place.
    """
    problems: list[Diagnostic] = []
    paths = [path for path in _files(directory, problems) if path.relative_to(directory).parts[0] != CASES]
    files = [
        PolicyFile(document=document, reference=_reference(directory, path), content=content)
        for path, document, content in _documents(paths, "policy", problems)
    ]
    if problems:
        raise _invalid(problems)
    compiled = compile_policy(Place(str(directory)), files)
    if isinstance(compiled, Policy):
        return compiled
    raise _invalid(compiled)


def load_case_documents(directory: Path) -> list[Document]:
    """
    Read every `*.yaml` below the policy directory's `cases/`, in order.

    Raises ExposurectlError with every problem of every file, by place.
    """
    problems: list[Diagnostic] = []
    paths = _files(directory / CASES, problems)
    documents = [document for _path, document, _content in _documents(paths, "cases", problems)]
    if problems:
        raise _invalid(problems)
    return documents


def _invalid(problems: list[Diagnostic]) -> ExposurectlError:
    return ExposurectlError(*sorted(problems, key=by_place), reason="policy-invalid")


def _files(directory: Path, problems: list[Diagnostic]) -> list[Path]:
    """Return the YAML files below a directory, in order; that there are none, or one by another name, is a problem."""
    paths = sorted(path for path in directory.rglob("*") if path.suffix.lower() in _ENDINGS and not path.is_dir())
    for path in paths:
        if path.suffix != ".yaml":
            detail = "Policy files end in .yaml; this one would be passed over."
            hint = f"rename it to {path.stem}.yaml"
            problems.append(Diagnostic(summary="Wrong file name", place=Place(str(path)), detail=detail, hint=hint))
    if not paths:
        detail = "There is no *.yaml file here." if directory.is_dir() else "There is no such directory."
        problems.append(Diagnostic(summary="No policy files", place=Place(str(directory)), detail=detail))
    return [path for path in paths if path.suffix == ".yaml"]


def _documents(paths: list[Path], schema: str, problems: list[Diagnostic]) -> Iterator[tuple[Path, Document, bytes]]:
    """Yield the documents whose shape is right; what is wrong with the others goes onto the list."""
    for path in paths:
        content = _content(path)
        if isinstance(content, Diagnostic):
            problems.append(content)
            continue
        document, own = read_yaml(str(path), content)
        if document and not own:
            own = check(document, schema)
        problems.extend(own)
        if document and not own:
            yield path, document, content


def _content(path: Path) -> bytes | Diagnostic:
    """Return what stands in a file, or why it cannot be read. Only regular files are opened: a pipe would not end."""
    if not str(path).isprintable():
        detail = f"The name has characters that do not show: {path.name!a}."
        return Diagnostic(summary="Wrong file name", place=Place(str(path.parent)), detail=detail, hint="rename it")
    if not path.is_file():
        return Diagnostic(summary="File not readable", place=Place(str(path)), detail="It is not a regular file.")
    try:
        return read_content(path)
    except OSError as error:
        return Diagnostic(summary="File not readable", place=Place(str(path)), detail=f"{error.strerror}.")


def _reference(directory: Path, path: Path) -> str:
    """Return what plans call the file: the same wherever the directory lies on this machine."""
    return f"{directory.resolve().name}/{path.relative_to(directory).as_posix()}"
