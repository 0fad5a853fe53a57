"""`exposurectl demo`: the whole job on a made-up fleet, or its emulated FutureVuls alone."""

import argparse
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from exposurectl import cli
from exposurectl.cli.interrupts import terminable
from exposurectl.cli.world import World
from exposurectl.clock import Clock
from exposurectl.demo.story import ENVIRONMENT, emulator, tell_story, workshop
from exposurectl.demo.workshop import CONFIG, POLICY, SNAPSHOT, furnish
from exposurectl.diagnostics import Diagnostic, Exit, ExposurectlError


def run(arguments: argparse.Namespace, world: World) -> int:
    """Tell the story, or serve until interrupted."""
    if arguments.serve:
        _serve(arguments, world)
        return Exit.DONE

    def command(words: Sequence[str], environ: Mapping[str, str], clock: Clock) -> int:
        return cli.run(words, world.with_(environ={**world.environ, **environ}, clock=clock))

    return tell_story(command, world.say)


def _serve(arguments: argparse.Namespace, world: World) -> None:
    """Serve the emulated FutureVuls, beside a working directory with everything to try the commands on."""
    try:
        with (
            terminable(),
            workshop() as directory,
            emulator(world.clock, port=arguments.port, per_minute=arguments.per_minute) as futurevuls,
        ):
            furnish(directory, futurevuls.url, world.clock.now().replace(microsecond=0))
            world.say(_instructions(futurevuls.url, directory))
            _until_interrupted()
    except OSError as error:
        problem = Diagnostic(
            summary="Cannot serve",
            detail=f"Port {arguments.port}: {error.strerror}.",
            hint="choose another port, or leave --port out for a free one",
        )
        raise ExposurectlError(problem, reason="port") from error


def _instructions(url: str, directory: Path) -> str:
    exports = "".join(f"  export {name}={value}\n" for name, value in ENVIRONMENT.items())
    arguments = f"--policy {directory / POLICY} --config {directory / CONFIG}"
    return (
        f"FutureVuls is emulated at {url} until you press Ctrl-C. In another terminal:\n\n"
        f"{exports}\n"
        f"  exposurectl plan --snapshot {directory / SNAPSHOT} {arguments} --out plan.json\n"
        f"  exposurectl apply plan.json --config {directory / CONFIG}\n"
    )


def _until_interrupted() -> None:
    threading.Event().wait()
