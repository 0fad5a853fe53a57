"""How long a prefix may be and still count as anywhere, by a command's config."""

from pathlib import Path

from exposurectl.config import load_config
from exposurectl.policy.sources import AnywherePrefix


def anywhere_prefix(config: str | None) -> AnywherePrefix:
    """Return what the config says, or what is built in where none is named."""
    if config is None:
        return AnywherePrefix()
    settings = load_config(Path(config))
    return AnywherePrefix(v4=settings.anywhere_v4, v6=settings.anywhere_v6)
