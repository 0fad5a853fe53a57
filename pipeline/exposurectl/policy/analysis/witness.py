"""One situation as a person says it: `tcp/8443 from an internet gateway, sources anywhere`."""

from collections.abc import Iterator

from exposurectl.model import Component, Instance
from exposurectl.policy.analysis.naming import listed
from exposurectl.policy.analysis.situation import Reached, Situation
from exposurectl.policy.components import Alias, recognise

_WITHOUT_ARTICLE = {Alias.DIRECT_CONNECT: "Direct Connect", Alias.VPC_PEERING: "VPC peering"}
_IN_CAPITALS = {"vpn", "vpc", "nat", "acl"}


def witness(situation: Situation) -> str:
    """Return the situation in one line. What is not said of the instance is nothing that a policy names."""
    return ", ".join((_state(situation), *_instance(situation.instance)))


def _state(situation: Situation) -> str:
    if situation.reached:
        return _reached(situation.reached)
    return "observed, nothing reachable" if situation.observed else "unobserved, nothing found"


def _reached(reached: Reached) -> str:
    origin = _called(reached.path[0]) if reached.path else "an unknown origin"
    through = "".join(f" through {_called(step)}" for step in reached.path[1:])
    networks = reached.networks
    sources = "anywhere" if networks is None else listed([str(network) for network in networks], most=3)
    return f"{reached.protocol.value}/{reached.port} from {origin}{through}, sources {sources}"


def _called(component: Component) -> str:
    """Return what a component is called: by its alias where it has just one, else by what it says of itself."""
    aliases = [alias for alias in Alias if alias in recognise(component)]
    own = component.id or component.type
    if aliases != [Alias.UNKNOWN] and not component.id:
        return " and ".join(_with_article(alias) for alias in aliases)
    return own or "an unknown component"


def _with_article(alias: Alias) -> str:
    if alias in _WITHOUT_ARTICLE:
        return _WITHOUT_ARTICLE[alias]
    words = [word.upper() if word in _IN_CAPITALS else word for word in alias.value.split("-")]
    return f"{'an' if words[0][0] in 'aeiou' else 'a'} {' '.join(words)}"


def _instance(instance: Instance) -> Iterator[str]:
    own = (
        ("account", instance.account),
        ("region", instance.region),
        ("VPC", instance.vpc),
        ("subnet", instance.subnet),
        ("instance", instance.id),
    )
    yield from (f"{label} {word}" for label, word in own if word)
    yield from (f"tag {key}={value}" for key, value in instance.tags)
