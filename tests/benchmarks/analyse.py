"""
Print how long it takes to load a policy of 500 rules and 2,000 overrides, and to load and analyse it, side by side.

Rules mix what people write: ports, origins, what stands on the path, lists of sources, accounts and tags. Some are
covered by others, alone or together, and some contradict themselves. Seconds are of the processor, which does nothing
else meanwhile, so that a busy machine changes little.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from exposurectl.policy.analysis.analyse import Claim, analyse
from exposurectl.policy.files import load_policy
from exposurectl.policy.model import Policy
from exposurectl.policy.sources import AnywherePrefix

LIMIT = 2.0
ROUNDS = 3
SEED = 1
ANYWHERE = AnywherePrefix()

ORIGINS = ("internet-gateway", "vpc-peering", "vpn-gateway", "transit-gateway", "direct-connect", "vpc-endpoint")
STEPS = ("load-balancer", "network-firewall", "nat-gateway", '"sg-0ab*"', '"sg-0abc1"', '"eni-*"', '"acl-0?1"')
LEVELS = ("small", "controlled", "open")


def written(rules: int, overrides: int, draw: random.Random) -> str:
    """Return a policy as people write it."""
    lines = ["version: 1", "defaults: {unreachable: controlled, unmatched: open, unobserved: leave}", "rules:"]
    lines += [
        f"  - {{id: r{at}, level: {draw.choice(LEVELS)}, because: x, match: {match(draw)}}}" for at in range(rules)
    ]
    lines += ["overrides:"] if overrides else []
    lines += [
        f"  - {{id: o{at}, level: {draw.choice(LEVELS)}, because: x, approved_by: y, expires: 2027-03-31,"
        f" match: {override(draw, at)}}}"
        for at in range(overrides)
    ]
    return "\n".join(lines) + "\n"


def match(draw: random.Random) -> str:
    """Return the match of a rule."""
    keys = [f"path: {{{path(draw)}}}"]
    if draw.random() < 0.4:
        keys.append(f"protocol: {draw.choice(('tcp', 'udp'))}")
    if draw.random() < 0.7:
        keys.append(f"ports: [{ports(draw)}]")
    if draw.random() < 0.7:
        within = [f"{{within: [10.{draw.randrange(40)}.0.0/16]}}", f"{{within: [{draw.randrange(1, 200)}.0.0.0/8]}}"]
        keys.append(f"sources: {draw.choice(('anywhere', 'restricted', *within, '{within: [10.0.0.0/8]}'))}")
    if draw.random() < 0.3:
        keys.append(f'accounts: ["{draw.randrange(20):012}"]')
    if draw.random() < 0.2:
        keys.append(f"tags: {{Env: {draw.choice(('prod', 'dev-*', '[prod, stage-*]', 'team-?'))}}}")
    return f"{{{', '.join(keys)}}}"


def path(draw: random.Random) -> str:
    """Return what a rule asks of paths."""
    keys = [f"origin: [{', '.join(draw.sample(ORIGINS, draw.randrange(1, 4)))}]"]
    keys += [
        f"{key}: [{', '.join(draw.sample(STEPS, draw.randrange(1, 3)))}]"
        for key in ("any_of", "all_of", "none_of")
        if draw.random() < 0.2
    ]
    return ", ".join(keys)


def ports(draw: random.Random) -> str:
    """Return a port, a range or both."""
    first = draw.choice((22, 443, 3389, 8080, draw.randrange(1, 60_000)))
    return draw.choice((f"{first}", f'"{first}-{first + draw.randrange(1, 5000)}"', f'{first}, "0-1023"'))


def override(draw: random.Random, at: int) -> str:
    """Return the match of an override: an instance, and at times the ports that it is about."""
    keys = [f"instances: [i-{at:017x}]"]
    if draw.random() < 0.3:
        keys.append(f"ports: [{ports(draw)}]")
    return f"{{{', '.join(keys)}}}"


def seconds(directory: Path, *, analysed: bool) -> tuple[float, Policy, tuple[Claim, ...]]:
    """Load the policy, analyse it if that is asked, and return how much of the processor it took."""
    start = time.process_time()
    policy = load_policy(directory)
    claims = analyse(policy, ANYWHERE) if analysed else ()
    return time.process_time() - start, policy, claims


def main() -> int:
    """Print one line for each way; the exit code tells whether the analysis is within the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=500)
    parser.add_argument("--overrides", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        text = written(given.rules, given.overrides, random.Random(given.seed))  # noqa: S311 - a benchmark keeps no secret
        (directory / "policy.yaml").write_text(text, encoding="utf-8")
        rounds = [(seconds(directory, analysed=False), seconds(directory, analysed=True)) for _ in range(ROUNDS)]
    alone, both = (statistics.median(run[at][0] for run in rounds) for at in (0, 1))
    _taken, _policy, claims = rounds[-1][1]
    told = ", ".join(f"{many} {kind}" for kind, many in Counter(claim.kind.value for claim in claims).items())
    sys.stdout.write(f"load             {alone:6.2f} s\nload and analyse {both:6.2f} s ({told})\n")
    sys.stdout.write(f"limit {LIMIT} s more, median of {ROUNDS}, side by side: {both - alone:.2f} s\n")
    return int(both - alone > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
