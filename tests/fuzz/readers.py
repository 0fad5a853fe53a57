"""Every reader of outside data, by name."""

from fuzz import commands, files, services

TARGETS = {target.name: target for target in (*files.TARGETS, *services.TARGETS, *commands.TARGETS)}
