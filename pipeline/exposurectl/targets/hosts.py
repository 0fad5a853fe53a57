"""Which hosts a token may be sent to: FutureVuls itself, what the command line names, and this machine."""

import re
from collections.abc import Collection
from typing import NoReturn

from exposurectl.diagnostics import Diagnostic, ExposurectlError

FUTUREVULS = "rest.vuls.biz"

_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
_HTTPS_PORTS = frozenset({"", "443"})
# Far narrower than what libraries take for an address, so that none of them can read another host out of it. With
# re.ASCII, because by Unicode's case rules the Kelvin sign is a k.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)


def check_host(url: str, allowed: Collection[str] = ()) -> None:
    """
    Raise ExposurectlError unless a token may be sent to this address. No name is looked up to find out.

    `allowed` are the hosts that the command line names. A config cannot allow one: whoever proposes a change to it
    would choose where the token goes.
    """
    parts = _URL.fullmatch(url)
    if parts is None:
        _refuse("It is not the address of a host and nothing else, such as a user, a path or a space.")
    host, port = parts["host"].lower(), parts["port"] or ""
    if host in _LOOPBACK:
        return
    if parts["scheme"].lower() != "https":
        _refuse(f"It is http to {host}, where the token could be read on its way.")
    if port not in _HTTPS_PORTS:
        _refuse(f"It names port {port} of {host}; FutureVuls is served on 443.")
    if host != FUTUREVULS and host not in {name.lower() for name in allowed}:
        _refuse(f"Its host is {host}, and the token goes to {FUTUREVULS} only.", host)


def _refuse(why: str, host: str = "HOST") -> NoReturn:
    problem = Diagnostic(
        summary="The token is not sent to this address",
        # The address itself is not shown: a user and a password may stand in it.
        detail=f"The config's futurevuls.url cannot be used. {why}",
        hint=f"write https://{FUTUREVULS} there, or add `--allow-host {host}` to the command where that is FutureVuls",
    )
    raise ExposurectlError(problem, reason="host-not-allowed")
