"""P18, T23: a token goes through every fault of the wire, echoed by it in every form, and is found nowhere."""

import base64
import contextlib
import gzip
import io
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from exposurectl.demo.clock import SimulatedClock
from exposurectl.demo.emulator import Emulator
from exposurectl.demo.fleet import groups
from exposurectl.demo.story import RECORDED
from exposurectl.demo.workshop import furnish
from exposurectl.diagnostics import ExposurectlError
from exposurectl.model import Server
from exposurectl.targets.moving import FutureVulsWriter
from exposurectl.targets.pacing import Pace
from exposurectl.targets.scans import FutureVulsScanner
from exposurectl.targets.token import Token
from faults.relay import Relay
from running import Ended, run_inside
from targets.scripted import Answer, Drip, Endless, Scripted, Stall

CANARY = "fvgs+canary/5e1f 9b2c=u"
ENVIRON = dict.fromkeys(("FUTUREVULS_TOKEN_WEB", "FUTUREVULS_TOKEN_DATA"), CANARY)
FORMS = [
    CANARY,
    base64.b64encode(CANARY.encode()).decode().rstrip("="),
    quote(CANARY, safe=""),
    CANARY[::-1],
]
ECHO = " ".join(FORMS).encode()
MEBIBYTE = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\n"


def sized(content: bytes, head: bytes = OK) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(content) + content


def json_of(template: bytes) -> bytes:
    return template.replace(b"ECHO", ECHO)


FAULTS: dict[str, bytes | None] = {
    "reset": None,
    "closed": b"",
    "cut in the status line": b"HTTP/1.1 20",
    "a status line that echoes": b"HTTP/1.1 " + ECHO + b"\r\n\r\n",
    "a reason that echoes": b"HTTP/1.1 401 " + ECHO + b"\r\nContent-Length: 0\r\n\r\n",
    "cut in the headers": OK + b"X-Echo: " + ECHO,
    "cut in the body": OK + b"Content-Length: 9999\r\n\r\n" + json_of(b'{"message": "ECHO'),
    "cut in a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + ECHO,
    "a chunk size that echoes": OK + b"Transfer-Encoding: chunked\r\n\r\n" + ECHO + b"\r\n",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: " + ECHO + b"\r\n\r\n{}",
    "garbage": ECHO,
    "a gzip bomb": sized(gzip.compress(ECHO + b" " * MEBIBYTE), OK + b"Content-Encoding: gzip\r\n"),
    "an encoding that echoes": sized(ECHO, OK + b"Content-Encoding: " + ECHO + b"\r\n"),
    "a long header": OK + b"X-Long: " + ECHO * 20_000 + b"\r\n\r\n",
    "text": sized(b"Authorization failed: " + ECHO),
    "an empty object": sized(b"{}"),
    "another object": sized(json_of(b'{"id": "ECHO", "ECHO": 5, "name": "ECHO"}')),
    "an error in success": sized(json_of(b'{"message": "no such token: ECHO"}')),
    "an old error in success": sized(json_of(b'{"error": {"message": "ECHO"}}')),
    "a list that echoes": sized(json_of(b'{"paging": {"totalCount": "ECHO"}, "ECHO": []}')),
    "no date": sized(b"null", OK + b"Date: " + ECHO + b"\r\n"),
    "400": sized(json_of(b'{"message": "ECHO"}'), b"HTTP/1.1 400 x\r\n"),
    "401": sized(ECHO, b"HTTP/1.1 401 x\r\n"),
    "403 in JSON": sized(json_of(b'{"message": "ECHO"}'), b"HTTP/1.1 403 x\r\n"),
    "403 in HTML": sized(b"<html>" + ECHO, b"HTTP/1.1 403 x\r\n"),
    "404": sized(ECHO, b"HTTP/1.1 404 x\r\n"),
    "429": sized(ECHO, b"HTTP/1.1 429 x\r\nRetry-After: " + ECHO + b"\r\n"),
    "500": sized(ECHO, b"HTTP/1.1 500 x\r\n"),
    "503": sized(ECHO, b"HTTP/1.1 503 x\r\n"),
    "a redirect": sized(b"", b"HTTP/1.1 302 x\r\nLocation: https://" + quote(CANARY, safe="").encode() + b"@x/\r\n"),
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))

PLAN = ("plan", "--snapshot", "fleet", "--config", "demo.yaml", "--out", "plan.json")
LIVE = ("plan", "--findings", "fleet/findings.ndjson", "--config", "demo.yaml", "--out", "live.json")
APPLY = ("apply", "plan.json", "--config", "demo.yaml")
DOCTOR = ("doctor", "--only", "futurevuls", "--config", "demo.yaml")
SHOW = ("show", "plan.json", "--format", "json")


class Logged:
    """Everything that anybody logs, down to the HTTP library's own words."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def logged() -> Iterator[Logged]:
    it, root = Logged(), logging.getLogger()
    level = root.level
    root.addHandler(it.handler)
    root.setLevel(logging.DEBUG)
    yield it
    root.removeHandler(it.handler)
    root.setLevel(level)


def assert_unseen(logged: Logged, *texts: str) -> None:
    """Assert that no form of the token is in an output, in the log, or in a file of the working directory."""
    everything = {f"output {number}": text.encode() for number, text in enumerate(texts)}
    everything["log"] = logged.text.encode()
    everything |= {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert [(name, form) for name, content in everything.items() for form in FORMS if form.encode() in content] == []


def said(ended: Ended) -> str:
    return ended.out + ended.err


Start = Callable[[Callable[[str], bool], bytes | None], Relay]


@pytest.fixture
def relayed(tmp_path: Path) -> Iterator[Start]:
    """Work in the demo's directory, whose plan is made, before an emulator with a relay in front of it."""
    web = next(group for group in groups() if group.name == "web-platform")
    with contextlib.ExitStack() as stack, Emulator({CANARY: web}, clock=SimulatedClock(RECORDED)) as emulator:
        stack.enter_context(contextlib.chdir(tmp_path))

        def start(strikes: Callable[[str], bool], reply: bytes | None) -> Relay:
            relay = Relay(emulator.url, strikes, reply)
            stack.callback(relay.close)
            furnish(tmp_path, relay.url, RECORDED)
            assert run_inside(*PLAN).code == 0
            return relay

        yield start


def is_list(line: str) -> bool:
    return "/v1/servers" in line or "/v1/roles" in line or "/health" in line


@every_fault
@pytest.mark.parametrize("debug", [{}, {"EXPOSURECTL_DEBUG": "1"}], ids=["quiet", "debug"])
def test_no_command_says_the_token_when_nothing_can_be_read(
    relayed: Start, logged: Logged, fault: bytes | None, debug: dict[str, str]
) -> None:
    relay = relayed(lambda _: True, fault)

    ends = [run_inside(*words, environ=ENVIRON | debug) for words in (LIVE, APPLY, DOCTOR)]

    assert all(end.code in {1, 3, 5} for end in ends)
    assert len(relay.struck) >= 3
    assert_unseen(logged, *map(said, ends))


@every_fault
def test_no_command_says_the_token_when_moves_and_tasks_meet_the_fault(
    relayed: Start, logged: Logged, fault: bytes | None
) -> None:
    relay = relayed(lambda line: not is_list(line), fault)

    ends = [run_inside(*words, environ=ENVIRON | {"EXPOSURECTL_DEBUG": "1"}) for words in (APPLY, APPLY, DOCTOR, SHOW)]

    assert relay.struck
    assert ends[-1].code == 0
    assert_unseen(logged, *map(said, ends))


SLOW: dict[str, Answer] = {
    "headers that drip": Drip(OK + b"X-Echo: " + ECHO * 99, 0.002),
    "a body that drips": Drip(OK + b"\r\n" + ECHO * 99, 0.002),
    "silence": Stall(9),
    "a body without end": Endless(OK + b"\r\n" + json_of(b'{"message": "ECHO'), ECHO * 900),
}


@pytest.mark.parametrize("slow", SLOW.values(), ids=list(SLOW))
def test_no_error_says_the_token_when_a_reply_does_not_end(
    slow: Answer, logged: Logged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scripted, clock = Scripted(), SimulatedClock(datetime(2026, 11, 23, tzinfo=UTC))
    scripted.answer(slow)
    before = Server(id=7, uuid="", name="", role=3, instance="")
    texts = []

    for kind in (FutureVulsWriter, FutureVulsScanner):
        pace = Pace(600_000, clock, burst=10_000)
        client = kind(
            scripted.url, Token(CANARY), group="prod", clock=clock, pace=pace, jitter=lambda _: 0.0, longest=0.1
        )
        for call in (
            client.servers,
            lambda client=client: client.server(7),
            lambda client=client: client.move(before, 5) if isinstance(client, FutureVulsWriter) else client.scan(7),
        ):
            try:
                texts.append(repr(call()))
            except ExposurectlError as error:
                texts.append("".join(traceback.format_exception(error)) + repr(error.problems))
        texts.append(repr(client) + str(vars(client)))
    scripted.close()

    assert len(texts) == 8
    assert_unseen(logged, *texts)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["output", "log", "file"])
def test_the_canary_would_be_found(
    logged: Logged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"so it says {form}!"
    if place == "log":
        logging.getLogger("urllib3").debug(text)
    if place == "file":
        Path("receipt.json").write_text(text, encoding="utf-8")

    with pytest.raises(AssertionError):
        assert_unseen(logged, text if place == "output" else "")
