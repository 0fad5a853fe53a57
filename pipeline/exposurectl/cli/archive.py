"""The archive: what recorded plans follow from, found again in snapshots and in git."""

import hashlib
import itertools
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from exposurectl.apply.receipt import Receipt, read_receipt
from exposurectl.audit.folder import File
from exposurectl.audit.replay import Evidence, NoEvidence
from exposurectl.cli.revisions import policy_at
from exposurectl.config import Settings, load_config
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Group, Inventory
from exposurectl.plan.fingerprint import of_groups
from exposurectl.plan.model import Plan
from exposurectl.policy.model import Policy
from exposurectl.sources.git import NotInGit, files_at
from exposurectl.sources.sealed import MANIFEST, read_manifest
from exposurectl.sources.snapshot import Snapshot, read_groups, read_snapshot

_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_ENDINGS = (".yaml", ".yml")


class Archive:
    """Snapshots by their digests, and the policies and configs of a repository by its commits."""

    def __init__(self, snapshots: Path, repository: Path | NotInGit, *, policy: str, configs: str) -> None:
        """Look at every snapshot's manifest; `policy` and `configs` are folders from the top of the repository."""
        self._repository = repository
        self._policy_folder = policy
        self._configs = configs
        self._damaged: set[str] = set()
        self._snapshots = self._by_digest(snapshots)
        self._policies: dict[str, Policy | NoEvidence] = {}

    def find(self, plan: Plan, receipt: File | None) -> Evidence | NoEvidence:
        """
        Return what a plan follows from, each part of which has the digest that the plan names, but for servers.

        `receipt` is the one that the plan goes back on, instead of following from evidence; None for all other plans.
        """
        commit = self._commit(plan)
        if isinstance(commit, NoEvidence):
            return commit
        repository, revision = commit
        policy, settings = self._policy(repository, revision), self._settings(repository, revision, plan)
        if isinstance(policy, NoEvidence):
            return policy
        if isinstance(settings, NoEvidence):
            return settings
        if receipt is not None:
            return self._way_back(plan, receipt, policy, settings)
        snapshot = self._snapshot(plan)
        if isinstance(snapshot, NoEvidence):
            return snapshot
        return Evidence(inventory=snapshot.inventory, groups=snapshot.groups, policy=policy, settings=settings)

    def _way_back(self, plan: Plan, file: File, policy: Policy, settings: Settings) -> Evidence | NoEvidence:
        """Return what a revert follows from: a receipt, and where the servers were."""
        receipt, groups = _receipt(file), self._groups(plan)
        if isinstance(receipt, NoEvidence):
            return receipt
        if isinstance(groups, NoEvidence):
            return groups
        nothing = Inventory(as_of=plan.as_of, evidence=(), digest=plan.inputs.snapshot)
        return Evidence(inventory=nothing, groups=groups, policy=policy, settings=settings, receipt=receipt)

    def _commit(self, plan: Plan) -> tuple[Path, str] | NoEvidence:
        """Return the repository and the commit that a plan's policy is from."""
        commit = plan.inputs.git_commit
        if commit is None:
            return NoEvidence(why="It names no commit: its policy was not committed, or not in git.")
        if isinstance(self._repository, NotInGit):
            return NoEvidence(why=f"There is no repository to take its policy from: {self._repository.why}")
        if not _COMMIT.fullmatch(commit):
            return NoEvidence(why="What it names as its commit is none.")
        return self._repository, commit

    def _by_digest(self, snapshots: Path) -> Mapping[str, list[Path]]:
        """Return the snapshots by the digest of their evidence; several may differ in their servers alone."""
        found: dict[str, list[Path]] = {}
        for directory in _directories(snapshots):
            try:
                found.setdefault(read_manifest(directory).evidence_digest, []).append(directory)
            except ExposurectlError:
                self._damaged.add(directory.name)
        return found

    def _snapshot(self, plan: Plan) -> Snapshot | NoEvidence:
        """Return the snapshot that a plan was made from, by preference one with its servers too."""
        wanted = plan.inputs.snapshot
        usable: Snapshot | None = None
        for directory in self._snapshots.get(wanted, ()):
            try:
                usable = read_snapshot(directory)
            except ExposurectlError:
                self._damaged.add(directory.name)
                continue
            if of_groups(usable.groups) == plan.inputs.servers:
                break
        return usable or NoEvidence(why=f"No usable snapshot here has the evidence {wanted}.{self._damage}")

    @property
    def _damage(self) -> str:
        return f" Damaged here: {', '.join(sorted(self._damaged))}." if self._damaged else ""

    def _groups(self, plan: Plan) -> tuple[Group, ...] | NoEvidence:
        """Return the servers and roles that a plan was made with, from whichever snapshot has them."""
        for directory in itertools.chain.from_iterable(self._snapshots.values()):
            try:
                groups = read_groups(directory)
            except ExposurectlError:
                self._damaged.add(directory.name)
                continue
            if of_groups(groups) == plan.inputs.servers:
                return groups
        return NoEvidence(why=f"No usable snapshot here has its servers and roles.{self._damage}")

    def _policy(self, repository: Path, commit: str) -> Policy | NoEvidence:
        """Return the policy of a commit; plans that follow each other mostly share it."""
        if commit not in self._policies:
            self._policies = {commit: self._read_policy(repository, commit)}
        return self._policies[commit]

    def _read_policy(self, repository: Path, commit: str) -> Policy | NoEvidence:
        try:
            return policy_at(repository / self._policy_folder, commit)
        except ExposurectlError as error:
            return NoEvidence(why=f"Its policy cannot be read from {commit}: {_told(error)}")

    def _settings(self, repository: Path, commit: str, plan: Plan) -> Settings | NoEvidence:
        """Return the config of a plan's environment at a commit, if it is the one that the plan was made with."""
        files = files_at(repository, commit, self._configs)
        if isinstance(files, NotInGit):
            return NoEvidence(why=f"Its config cannot be read from {commit}: {files.why}")
        for name in (f"{plan.environment}{ending}" for ending in _ENDINGS):
            content = files.get(name)
            if content is not None and _digest(content) == plan.inputs.config:
                return _loaded(name, content)
        return NoEvidence(
            why=f'No config of "{plan.environment}" in {self._configs} at {commit} is {plan.inputs.config}.'
        )


def _directories(snapshots: Path) -> Iterator[Path]:
    """Yield every directory that is a snapshot, damaged or not: the one that was named, or those in it."""
    for directory in (snapshots, *sorted(path for path in snapshots.iterdir() if path.is_dir())):
        if (directory / MANIFEST).is_file():
            yield directory


def _receipt(file: File) -> Receipt | NoEvidence:
    try:
        return read_receipt(file.name, file.content)
    except ExposurectlError as error:
        return NoEvidence(why=f"The receipt that it goes back on cannot be read: {_told(error)}")


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _loaded(name: str, content: bytes) -> Settings | NoEvidence:
    with tempfile.TemporaryDirectory(prefix="exposurectl-") as temporary:
        path = Path(temporary) / name
        path.write_bytes(content)
        try:
            return load_config(path)
        except ExposurectlError as error:
            return NoEvidence(why=f"Its config {name} is not one that this version reads: {_told(error)}")


def _told(error: ExposurectlError) -> str:
    problem = error.problems[0]
    return f"{problem.summary}. {problem.detail}"
