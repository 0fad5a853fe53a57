"""`exposurectl show`: a plan as text, Markdown or JSON."""

import argparse

from exposurectl.cli.inputs import read_plan_file
from exposurectl.cli.world import World
from exposurectl.diagnostics import Exit
from exposurectl.plan.file import write_plan


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Show a plan that is, byte for byte, what was written."""
    plan = read_plan_file(arguments.plan)
    match arguments.format:
        case "markdown":
            from exposurectl.render.markdown import plan_markdown

            world.say(plan_markdown(plan))
        case "json":
            world.say(write_plan(plan).decode())
        case _:
            from exposurectl.render.text import plan_text

            world.say(plan_text(plan, width=world.width, colour=world.colour))
    return Exit.DONE
