"""How a command ends that did not go through: every problem with its place, the reason, and the exit code."""

import errno
import traceback
from collections.abc import Sequence

from exposurectl.cli.arguments import UsageError
from exposurectl.cli.interrupts import Terminated
from exposurectl.cli.world import World
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError, Place
from exposurectl.render.neutral import neutral

_LONGEST = 1000
_MOST = 100
_DEBUG = "EXPOSURECTL_DEBUG"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
"""What writing to a file may end in without a word about which."""
_ROOM = "make room where it writes: the current folder, the output and the folder that TMPDIR names"


def end(error: BaseException, world: World) -> Exit:
    """Say what ended a command, and return the exit code."""
    match error:
        case ExposurectlError():
            tell(error.problems, world)
            return leave(error.exit_code, error.reason, world)
        case UsageError():
            if error.usage:
                world.tell(error.usage)
            tell([Diagnostic(summary=str(error))], world)
            return leave(Exit.ERROR, "usage", world)
        case KeyboardInterrupt():
            terminated = isinstance(error, Terminated)
            return leave(Exit.TERMINATED if terminated else Exit.INTERRUPTED, "interrupted", world)
        case OSError(filename=str(name)):
            tell([Diagnostic(summary="File not usable", place=Place(name), detail=f"{error.strerror}.")], world)
            return leave(Exit.ERROR, "file", world)
        case OSError(errno=int(number)) if number in _FULL:
            problem = Diagnostic(summary="Disk not usable", detail=f"{error.strerror}.", hint=_ROOM)
            tell([problem], world)
            return leave(Exit.ERROR, "file", world)
        case _:
            return _bug(error, world)


def leave(code: Exit, reason: str, world: World) -> Exit:
    """Say the machine-readable reason of an exit code that is not 0."""
    world.tell(f"reason: {reason}")
    return code


def tell(problems: Sequence[Diagnostic], world: World) -> None:
    """Say problems to people: place first, then what is wrong, why it matters, and what to type."""
    for problem in problems[:_MOST]:
        place = f"{neutral(str(problem.place), _LONGEST)}: " if problem.place else ""
        world.tell(f"{place}{problem.severity.value}: {neutral(problem.summary, _LONGEST)}")
        for line in problem.detail.splitlines():
            world.tell(f"  {neutral(line, _LONGEST)}")
        if problem.hint:
            world.tell(f"  hint: {neutral(problem.hint, _LONGEST)}")
    if len(problems) > _MOST:
        world.tell(f"and {len(problems) - _MOST} more problems")


def _bug(error: BaseException, world: World) -> Exit:
    """Say that this should not have happened; the traceback may quote data from outside, so it is asked for."""
    world.tell(f"error: this is a bug in exposurectl: {type(error).__name__}")
    if world.environ.get(_DEBUG):
        world.tell("".join(traceback.format_exception(error)))
    else:
        world.tell(f"  hint: set {_DEBUG}=1 to see where, and report it")
    return leave(Exit.ERROR, "bug", world)
