"""What stands in one folder of the plans: files as they are, nothing of them believed yet."""

import msgspec


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file, and what stands in it."""

    name: str
    content: bytes
    problem: str = ""
    """Why it could not be read; then there is no content."""


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """One folder that has a plan, or what belongs to one."""

    name: str
    plan: File | None
    receipts: tuple[File, ...]
    journals: tuple[File, ...]

    def file(self, name: str) -> str:
        """Return what a file of this folder is called in the audit."""
        return f"{self.name}/{name}"
