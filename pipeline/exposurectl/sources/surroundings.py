"""What git is started with: nothing that leads it to another repository than the one that is asked about."""

from collections.abc import Mapping

ONLY_REAL = ("-c", "safe.bareRepository=explicit")
"""
Options before git's command: only a folder with a `.git` is a repository.

Else git takes any folder with HEAD, objects and refs in it for one. Such a folder can be committed among the plans, and
git would run what its config says.
"""

# A hook of git's is started with some of these; all of them would win over the directory that is asked about.
_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)


def surroundings(environ: Mapping[str, str], **more: str) -> dict[str, str]:
    """Return the environment to start git with. It answers in English, so that its errors can be read anywhere."""
    return {name: value for name, value in environ.items() if name not in _ELSEWHERE} | {"LC_ALL": "C"} | more
