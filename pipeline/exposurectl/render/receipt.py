"""A receipt for a terminal, and one line for each change while a run goes on."""

from exposurectl.apply.receipt import Outcome, Receipt, Result
from exposurectl.render.neutral import neutral
from exposurectl.render.text import Sheet, padded_name
from exposurectl.render.words import counted, level

_STYLES = {
    Outcome.APPLIED: "green",
    Outcome.NOOP: "dim",
    Outcome.CONFLICT: "yellow",
    Outcome.GONE: "yellow",
    Outcome.FAILED: "red",
    Outcome.UNKNOWN: "red",
    Outcome.NOT_ATTEMPTED: "red",
}


def result_line(number: int, total: int, result: Result, *, widest: int, width: int, colour: bool) -> str:
    """Return the line that says how one change ended; `widest` is how many columns the plan's names take."""
    sheet = Sheet(width=width, colour=colour)
    detail = f" · {neutral(result.detail)}" if result.detail else ""
    sheet.row(
        (f"{number:>{len(str(total))}}/{total} ", "dim"),
        (f"{result.outcome.value:<8} ", _STYLES[result.outcome]),
        f"{padded_name(result.name, widest)}  {level(result.before.level)} → {level(result.after.level)}{detail}",
    )
    return str(sheet)


def receipt_text(receipt: Receipt, *, width: int, colour: bool) -> str:
    """Return the sum of a run: every outcome that occurred, adding up to the plan's changes."""
    sheet = Sheet(width=width, colour=colour)
    found = [f"{receipt.count(outcome)} {outcome.value}" for outcome in Outcome if receipt.count(outcome)]
    total = counted(len(receipt.results), "change")
    sheet.line(("Apply: ", "bold"), (f"{', '.join(found) or 'nothing to do'}", "bold"), f" of {total}.")
    if receipt.stopped:
        sheet.line(("stopped: ", "red bold"), f"{receipt.stopped}; run it again to go on")
    return str(sheet)
