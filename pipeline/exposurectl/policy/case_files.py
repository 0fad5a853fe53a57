"""Case files: from the words of a case to evidence, a day and what is expected."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from exposurectl.diagnostics import Diagnostic, ExposurectlError, by_place
from exposurectl.documents import Document, Path
from exposurectl.model import (
    Component,
    Coverage,
    Evidence,
    Exposure,
    Finding,
    FindingStatus,
    Ingress,
    Instance,
    Network,
    Observed,
    PortRange,
    Protocol,
    Unobserved,
)
from exposurectl.policy.cases import Case, Expected
from exposurectl.policy.components import ByAlias, ById, ByType, typical
from exposurectl.policy.matching import parse_component, parse_day, parse_network, parse_ports, wrong_value


def read_cases(documents: Iterable[Document]) -> tuple[Case, ...]:
    """
    Return the cases of documents whose shape is right.

    Raises ExposurectlError with every wrong port, network, component and date, by place.
    """
    cases, problems = check_cases(documents)
    if problems:
        raise ExposurectlError(*sorted(problems, key=by_place), reason="policy-invalid")
    return cases


def check_cases(documents: Iterable[Document]) -> tuple[tuple[Case, ...], list[Diagnostic]]:
    """Return the cases whose shape is right, and every wrong port, network, component and date of all of them."""
    problems: list[Diagnostic] = []
    cases = [_Reading(document, problems).case(path) for document in documents for path in document.entries("cases")]
    return tuple(case for case in cases if case), problems


class _Reading:
    """Reads one document's cases, noting what is wrong with its place."""

    def __init__(self, document: Document, problems: list[Diagnostic]) -> None:
        self.document = document
        self.problems = problems

    def case(self, path: Path) -> Case | None:
        """Return the case, or None where its shape is not right; the right parts of it are judged all the same."""
        if not self.document.sound(*path):
            self._parts((*path, "given"))
            return None
        entry = self.document.at(*path)
        given, expect = entry["given"], entry["expect"]
        return Case(
            name=entry["name"],
            place=self.document.place(*path),
            evidence=self._evidence((*path, "given"), given),
            today=self._day((*path, "given", "as_of"), given["as_of"]) if "as_of" in given else None,
            expected=Expected(
                level=None if expect["level"] == "leave" else Exposure(expect["level"]),
                rules=frozenset(expect["rules"]) if "rules" in expect else None,
                raise_only=expect.get("raise_only"),
            ),
        )

    def _parts(self, path: Path) -> None:
        """Judge the day and the findings that can be relied on."""
        if self.document.sound(*path, "as_of"):
            self._day((*path, "as_of"), self.document.at(*path, "as_of"))
        for index, here in enumerate(self.document.entries(*path, "findings")):
            if self.document.sound(*here):
                self._finding(here, self.document.at(*here), index, Instance(id="i-0"))

    def _evidence(self, path: Path, given: dict[str, Any]) -> Evidence:
        instance = Instance(
            id=given.get("instance", "i-0"),
            account=given.get("account", ""),
            region=given.get("region", ""),
            vpc=given.get("vpc", ""),
            subnet=given.get("subnet", ""),
            tags=tuple(sorted(given.get("tags", {}).items())),
        )
        findings = tuple(
            self._finding((*path, "findings", index), entry, index, instance)
            for index, entry in enumerate(given.get("findings", ()))
        )
        unobserved = given.get("unobserved")
        coverage: Coverage = Unobserved(unobserved) if unobserved else Observed()
        return Evidence(instance=instance, findings=findings, coverage=coverage)

    def _finding(self, path: Path, entry: dict[str, Any], index: int, instance: Instance) -> Finding:
        ports = self._ports((*path, "ports"), entry["ports"])
        return Finding(
            arn=f"finding {index}",
            account=instance.account,
            region=instance.region,
            instance=instance.id,
            status=FindingStatus.ACTIVE,
            protocol=Protocol(entry["protocol"]),
            ports=ports,
            path=tuple(self._component((*path, "path", at), written) for at, written in enumerate(entry["path"])),
            ingress=tuple(self._ingress((*path, "sources"), entry.get("sources"), ports)),
        )

    def _ingress(self, path: Path, sources: list[Any] | None, ports: PortRange) -> Iterator[Ingress]:
        """Yield the evidence: networks for all of the finding's ports, or entries of their own ports."""
        if sources is None:
            return
        plain = [(index, entry) for index, entry in enumerate(sources) if isinstance(entry, str)]
        if plain or not sources:
            yield Ingress(ports, tuple(self._networks(path, plain)))
        for index, entry in enumerate(sources):
            if isinstance(entry, dict):
                here = (*path, index)
                own = self._ports((*here, "ports"), entry["ports"])
                yield Ingress(own, tuple(self._networks((*here, "cidrs"), enumerate(entry["cidrs"]))))

    def _networks(self, path: Path, written: Iterable[tuple[int, str]]) -> Iterator[Network]:
        for index, cidr in written:
            network = parse_network(cidr)
            if isinstance(network, str):
                self._wrong((*path, index), network)
            else:
                yield network

    def _component(self, path: Path, written: str | dict[str, str]) -> Component:
        if isinstance(written, dict):
            return Component(id=written["id"], type=written["type"])
        match parse_component(written):
            case ByAlias(alias):
                return typical(alias)
            case ByType(kind):
                return Component(id="", type=kind)
            case ById(id):
                return Component(id=id, type="")
            case problem:
                self._wrong(path, problem)
                return Component(id="", type="")

    def _ports(self, path: Path, written: int | str) -> PortRange:
        ports = parse_ports(written)
        if isinstance(ports, str):
            self._wrong(path, ports)
            return PortRange(0, 0)
        return ports

    def _day(self, path: Path, written: str) -> date | None:
        day = parse_day(written)
        if isinstance(day, str):
            self._wrong(path, day)
            return None
        return day

    def _wrong(self, path: Path, detail: str) -> None:
        self.problems.append(wrong_value(self.document, path, detail))
