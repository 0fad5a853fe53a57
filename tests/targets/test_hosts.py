"""T22: a token goes to FutureVuls, to a host that the command line names, or to this machine. No name is looked up."""

import socket
from typing import NoReturn

import pytest

from exposurectl.diagnostics import ExposurectlError
from exposurectl.targets.hosts import check_host

HINT = "write https://rest.vuls.biz there, or add `--allow-host {}` to the command where that is FutureVuls"


@pytest.fixture(autouse=True)
def _no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whatever looks up a name."""

    def looked_up(*_: object, **__: object) -> NoReturn:
        pytest.fail("a name was looked up")

    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection"):
        monkeypatch.setattr(socket, name, looked_up)


@pytest.mark.parametrize(
    "url",
    [
        "https://rest.vuls.biz",
        "https://rest.vuls.biz/",
        "https://rest.vuls.biz:443",
        "HTTPS://REST.Vuls.Biz",
        "http://127.0.0.1:8080",
        "https://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://localhost:8080",
    ],
)
def test_futurevuls_and_this_machine_may_have_the_token(url: str) -> None:
    check_host(url)


REFUSED = {
    "another host": "https://rest.example.com",
    "the host of an old client": "https://rest.2119e7c929.vuls.biz",
    "http": "http://rest.vuls.biz",
    "another scheme": "ftp://rest.vuls.biz",
    "no scheme": "rest.vuls.biz",
    "no host": "https://",
    "nothing": "",
    "a user that looks like the host": "https://rest.vuls.biz@example.com",
    "a user and a password": "https://me:fvgs-canary@rest.vuls.biz",
    "a backslash": "https://rest.vuls.biz\\@example.com",
    "another backslash": "https:\\\\rest.vuls.biz",
    "a longer host": "https://rest.vuls.biz.example.com",
    "a shorter host": "https://vuls.biz",
    "a trailing dot": "https://rest.vuls.biz.",
    "a dot too many": "https://rest..vuls.biz",
    "a port": "https://rest.vuls.biz:8443",
    "an endless port": "https://rest.vuls.biz:000000443",
    "a port that is none": "https://rest.vuls.biz:",
    "a path": "https://rest.vuls.biz/v1",
    "two slashes": "https://rest.vuls.biz//",
    "a query": "https://rest.vuls.biz?x",
    "a fragment": "https://rest.vuls.biz#@example.com",
    "an address in decimal": "http://2130706433",
    "an address in hexadecimal": "http://0x7f000001",
    "an address in octal": "http://0177.0.0.1",
    "a short address": "http://127.1",
    "another loopback address": "http://127.0.0.2",
    "every address": "http://0.0.0.0",
    "the metadata service": "http://169.254.169.254",
    "IPv6": "https://[2001:db8::1]",
    "IPv4 in IPv6": "http://[::ffff:127.0.0.1]",
    "IPv6 with a zone": "https://[fe80::1%25eth0]",
    "a letter of another script": "https://rest.vul\u0455.biz",
    "a letter that folds into another": "https://re\u017ft.vuls.biz",
    "a letter in full width": "https://rest.vuls.\uff42iz",
    "an ideographic dot": "https://rest\u3002vuls.biz",
    "Punycode": "https://rest.xn--vul-5cd.biz",
    "an escape": "https://rest%2evuls.biz",
    "a tab": "https://rest.vuls\t.biz",
    "a new line at the end": "https://rest.vuls.biz\n",
    "a new line and a header": "https://rest.vuls.biz\r\nHost: example.com",
    "a space before": " https://rest.vuls.biz",
    "a NUL": "https://rest.vuls.biz\0.example.com",
    "a name of this machine that is not": "http://localhost.example.com",
}


@pytest.mark.parametrize("url", REFUSED.values(), ids=list(REFUSED))
def test_nobody_else_has_it(url: str) -> None:
    with pytest.raises(ExposurectlError) as caught:
        check_host(url)

    (problem,) = caught.value.problems
    assert (caught.value.reason, caught.value.exit_code) == ("host-not-allowed", 1)
    assert problem.summary == "The token is not sent to this address"
    assert "--allow-host" in problem.hint
    assert "canary" not in repr(problem)


def test_the_message_names_the_host_and_what_to_type() -> None:
    with pytest.raises(ExposurectlError) as caught:
        check_host("https://rest.example.com")

    (problem,) = caught.value.problems
    assert problem.detail == (
        "The config's futurevuls.url cannot be used. "
        "Its host is rest.example.com, and the token goes to rest.vuls.biz only."
    )
    assert problem.hint == HINT.format("rest.example.com")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://rest.example.com", "rest.example.com"),
        ("https://REST.example.com/", "rest.Example.com"),
        ("https://[2001:db8::1]", "[2001:db8::1]"),
        ("https://rest.xn--vul-5cd.biz", "rest.xn--vul-5cd.biz"),
    ],
)
def test_a_host_that_the_command_line_names_may_have_it(url: str, allowed: str) -> None:
    check_host(url, {allowed})


@pytest.mark.parametrize(
    "url",
    [
        "http://rest.example.com",
        "https://rest.example.com:8443",
        "https://rest.example.com.",
        "https://a.rest.example.com",
        "https://rest.example.com@example.org",
    ],
)
def test_a_named_host_is_that_host_over_https_and_nothing_more(url: str) -> None:
    with pytest.raises(ExposurectlError):
        check_host(url, {"rest.example.com"})


def test_a_named_host_takes_nothing_from_futurevuls() -> None:
    check_host("https://rest.vuls.biz", {"rest.example.com"})
