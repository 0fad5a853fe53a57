"""Config: where exposurectl runs, what it reads and writes, and within which limits."""

from exposurectl.config.problems import LOOPBACK
from exposurectl.config.reading import ConfigFile, load_config, read_config
from exposurectl.config.settings import AcceptedGap, Family, GroupSettings, Limits, Quieted, Review, Settings

__all__ = [
    "LOOPBACK",
    "AcceptedGap",
    "ConfigFile",
    "Family",
    "GroupSettings",
    "Limits",
    "Quieted",
    "Review",
    "Settings",
    "load_config",
    "read_config",
]
