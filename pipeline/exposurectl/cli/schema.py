"""`exposurectl schema`: the published schemas."""

import argparse
import json
import re

from exposurectl.cli.world import World
from exposurectl.diagnostics import Exit
from exposurectl.schemas import NAMES
from exposurectl.schemas.published import schema_text


def run(arguments: argparse.Namespace, world: World) -> Exit:
    """Print one schema as it is published, or what each is for."""
    world.say(schema_text(arguments.name) if arguments.name else "".join(map(_line, NAMES)))
    return Exit.DONE


def _line(name: str) -> str:
    """Return a schema's name and the first thing that it says of itself."""
    purpose = re.split(r"[.:] ", json.loads(schema_text(name))["description"], maxsplit=1)[0]
    return f"{name:8}  {purpose}.\n"
