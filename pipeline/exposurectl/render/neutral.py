"""The one way that text from outside gets out: nothing in it acts on a terminal, a page or a runner."""

import re
import unicodedata

LONGEST = 200
"""Characters of one value that are shown."""

# Printable by category, yet seen as nothing: Hangul fillers, the Braille blank and the combining grapheme joiner.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# What GitHub's runner takes for a command where it begins a line, which it may do once the text is wrapped: two colons
# and a name. IPv6 networks such as ::/0 and 2001:db8::a/128 are none.
_COMMAND = re.compile(r"::(?=[A-Za-z][A-Za-z-]*(?:\s|::|$))")


def neutral(text: str, longest: int = LONGEST) -> str:
    r"""
    Return one line of text in which every character can be seen, cut to a length.

    Control, format, private and unassigned characters, line separators and invisible letters become `\u{hex}`; other
    spaces become a space. `::name` and `##[` would be commands to GitHub's runner.
    """
    text = text[: longest + 1]
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_seen, text))
    shown = _COMMAND.sub(lambda _: r"\u{3a}\u{3a}", text.replace("##[", r"\u{23}\u{23}["))
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def _seen(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    hidden = category[0] == "C" or category in {"Zl", "Zp"} or character in _UNSEEN or _SELECTORS.match(character)
    return f"\\u{{{ord(character):x}}}" if hidden else character


def code(text: str, longest: int = LONGEST) -> str:
    """
    Return a Markdown code span, whatever the text is: GitHub makes no link, mention or image of what stands in one.

    The fence is longer than the longest run of backticks inside. Of a span that begins and ends with a space, Markdown
    drops both.
    """
    shown = neutral(text, longest) or " "
    longest_run = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest_run + 1)
    padded = longest_run or (shown.startswith(" ") and shown.endswith(" ") and shown.strip())
    return f"{fence} {shown} {fence}" if padded else f"{fence}{shown}{fence}"


def cell(text: str, longest: int = LONGEST) -> str:
    """Return a Markdown code span for a table: there even a code span ends at a pipe that is not escaped."""
    return code(text, longest).replace("|", "\\|")
