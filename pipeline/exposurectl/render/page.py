"""Markdown pages from templates: every value in them goes through `code` or `cell`."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2

from exposurectl.render.neutral import cell, code


def page(name: str, *, filters: Mapping[str, Any], words: Mapping[str, Any]) -> jinja2.Template:
    """Return the template of that name with the filters and functions that it uses besides `code` and `cell`."""
    environment = jinja2.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown: every value goes through `code`, which HTML escaping would break
        keep_trailing_newline=True,
    )
    environment.filters |= {"code": code, "cell": cell, **filters}
    environment.globals |= words
    text = resources.files("exposurectl.render").joinpath(f"templates/{name}").read_text(encoding="utf-8")
    return environment.from_string(text)
