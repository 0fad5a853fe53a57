"""
Draws the demo's output as an SVG picture for the README: `make picture`.

The middle of the long parts is left out, and said to be.
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from exposurectl.cli import run
from exposurectl.cli.world import World
from exposurectl.clock import SystemClock

_WIDTH = 100
_SHOWN = (
    (r"^\$ exposurectl plan", r"^Left alone"),
    (r"^Plan: [1-9]", r"^ 4/"),
    (r"^Apply:", r"^\$ exposurectl plan .*after"),
    (r"^\$ exposurectl plan .*after", r"^demo"),
    (r"^Plan: 0", r"^never"),
)
# As rich draws it, without the fonts that its own format fetches from a content network.
_FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    {styles}
    </style>
    <defs>{lines}</defs>
    <rect width="{width}" height="{height}" rx="8" fill="#292929"/>
    <g transform="translate({terminal_x}, 8)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""


class _Terminal(io.StringIO):
    """A stream that says it is a terminal, so that the demo is coloured."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


def demo_output() -> str:
    """Return what `exposurectl demo` prints on a terminal of 100 columns."""
    out = _Terminal()
    world = World(
        environ={},
        stdin=io.BytesIO(),
        stdout=out,
        stderr=io.StringIO(),
        clock=SystemClock(),
        jitter=lambda ceiling: ceiling,
    )
    code = run(["demo"], world)
    if code:
        raise RuntimeError(code)
    return out.getvalue()


def excerpt(output: str) -> str:
    """Return the parts of the output that the picture shows, with a line of dots where something is left out."""
    lines = output.splitlines()
    plain = [Text.from_ansi(line).plain for line in lines]
    shown: list[str] = []
    for begin, end in _SHOWN:
        first = next(number for number, line in enumerate(plain) if re.search(begin, line))
        last = next(
            (number for number, line in enumerate(plain) if number > first and re.search(end, line)), len(plain)
        )
        part = lines[first:last]
        while part and not part[-1].strip():
            part.pop()
        shown += [*([""] if shown else []), *part]
    return "\n".join(shown)


def svg() -> str:
    """Return the picture."""
    console = Console(width=_WIDTH, record=True, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(excerpt(demo_output())))
    return console.export_svg(title="", unique_id="demo", code_format=_FRAME)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(svg(), encoding="utf-8")
