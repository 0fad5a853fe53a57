"""
How long `collect` takes beside the ideal: 20 accounts in 4 regions, 100,000 findings, 100 ms a call.

Ideal is what the same calls take with as many at once, where the pages of one listing follow each other. boto3's own
paginator reads the beginning of the same listings with as many threads, beside it.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import boto3
from botocore.config import Config

from aws.endpoint import aws
from aws.fleet import fleet
from aws.world import NOW
from exposurectl.sources.aws.access import Access
from exposurectl.sources.aws.accounts import chunks
from exposurectl.sources.collect import WORKERS, Asked, collect

LATENCY = 0.1
SLICE = 500
"""How many findings of each listing boto3's paginator reads."""


class Measured(NamedTuple):
    """One run: what the server saw of it, and what it cost here."""

    findings: int
    calls: int
    wall: float
    ideal: float
    cpu: float

    def __str__(self) -> str:
        per_finding = 1e6 * self.cpu / max(self.findings, 1)
        return (
            f"{self.findings:>8,} findings {self.calls:>6,} calls {self.wall:7.2f} s"
            f" {self.wall / self.ideal:6.2f} of the ideal {self.ideal:6.2f} s {per_finding:7.1f} µs CPU a finding"
        )


def serve(pipe: Connection, accounts: int, regions: int, findings: int, latency: float) -> None:
    """Serve in a process of its own, whose time is nobody's; tell on request what was asked since the last time."""
    world = fleet(accounts, regions, findings)
    with aws(world, ec2=False) as endpoint:
        endpoint.latency = latency
        pipe.send((endpoint.environ, world.regions, [account.id for account in world.accounts]))
        while workers := pipe.recv():
            calls = endpoint.calls
            pipe.send((calls.count("ListFindings"), calls.wall(), calls.ideal(workers)))
            calls.clear()


def measured(pipe: Connection, read: Callable[[], int]) -> Measured:
    """Run something and return what it took."""
    cpu = time.process_time()
    findings = read()
    cpu = time.process_time() - cpu
    pipe.send(WORKERS)
    calls, wall, ideal = pipe.recv()
    return Measured(findings=findings, calls=calls, wall=wall, ideal=ideal, cpu=cpu)


def by_collect(regions: tuple[str, ...]) -> int:
    """Collect everything, and return how many findings there were."""
    access = Access(boto3.Session(), role="", monotonic=time.monotonic)
    asked = Asked(regions=regions, organization=True, as_of=NOW, min_clear_age=timedelta(days=7))
    contents = collect(asked, access, (), lambda _: None)
    return sum(1 for _ in contents.findings)


def by_paginator(regions: tuple[str, ...], accounts: list[str]) -> int:
    """Read the beginning of the listings of open findings with boto3's own paginator."""
    session = boto3.Session()
    config = Config(max_pool_connections=WORKERS)
    clients = {region: session.client("inspector2", region_name=region, config=config) for region in regions}

    def read(region: str, chunk: tuple[str, ...]) -> int:
        criteria = {
            "findingStatus": [{"comparison": "EQUALS", "value": value} for value in ("ACTIVE", "SUPPRESSED")],
            "awsAccountId": [{"comparison": "EQUALS", "value": account} for account in chunk],
        }
        paging = {"PageSize": 100, "MaxItems": SLICE}
        pages = (
            clients[region].get_paginator("list_findings").paginate(filterCriteria=criteria, PaginationConfig=paging)
        )
        return sum(len(page["findings"]) for page in pages)

    with ThreadPoolExecutor(WORKERS) as executor:
        pieces = [executor.submit(read, region, chunk) for region in regions for chunk in chunks(accounts)]
        return sum(piece.result() for piece in pieces)


def main() -> None:
    """Measure, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--accounts", type=int, default=20)
    parser.add_argument("--regions", type=int, default=4)
    parser.add_argument("--latency", type=float, default=LATENCY)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    arguments = (theirs, given.accounts, given.regions, given.findings, given.latency)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=arguments, daemon=True)
    server.start()
    environ, regions, accounts = ours.recv()
    os.environ.update(environ)
    sys.stdout.write(f"collect              {measured(ours, lambda: by_collect(regions))}\n")
    sys.stdout.write(f"boto3's paginator    {measured(ours, lambda: by_paginator(regions, accounts))}\n")
    ours.send(0)
    server.join()


if __name__ == "__main__":
    main()
