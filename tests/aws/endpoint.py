"""One address for all of AWS: Inspector and STS of the tests' own, and moto behind it for everything else."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.loaders
import botocore.session

from aws.calls import Asked, Call, Calls
from aws.ec2_world import Moto, populate, served_by_moto
from aws.faults import Faults, broken
from aws.identity import SECRET, Identity, Keyring, Signature, access_key, invalid_token, read_signature
from aws.inspector_server import Inspector, Question
from aws.replies import RefusedError, error_reply
from aws.sts_server import Sts
from aws.wire import Ending, HttpServer, Reply, Request
from aws.world import World

_LOADER: Final = botocore.loaders.create_loader()
"""Shared by all sessions, since it keeps the service models that it has read."""


class _Read(NamedTuple):
    """A request as far as it could be read before anybody answers it."""

    signature: Signature
    caller: Identity | None
    asked: Asked
    question: Question | None
    refused: RefusedError | None


class Endpoint:
    """What a test sees of AWS. Change `latency` and `faults` at any time; read `calls` afterwards."""

    def __init__(self, world: World, inspector: Inspector, moto: Moto | None, directory: Path) -> None:
        self.world = world
        """The world as it is served. With EC2 its ids are moto's: find instances by name."""
        self.inspector = inspector
        self.faults = Faults()
        self.calls = Calls()
        self.latency = 0.0
        """Seconds from a call's arrival to its answer. The time that the server itself needs is part of it."""
        self.checks_answers = False
        """Whether Inspector's answers are checked against its model; a wrong one becomes `problems` and a 500."""
        self.problems: list[str] = []
        """What the server itself did wrong. Nothing, or the test is about the wrong thing."""
        self._keyring = Keyring(world)
        self._sts = Sts(world, self._keyring)
        self._moto = moto
        self._server = HttpServer(self._handle)
        self._config = directory / "config"
        self._config.write_text(f"[default]\nendpoint_url = {self.url}\n", encoding="utf-8")

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment of a process that is the delegated administrator, or else the first account."""
        return self.environ_of(self.world.admin or self.world.accounts[0].id)

    def environ_of(self, account: str) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": access_key(account),
            "AWS_CONFIG_FILE": str(self._config),
            "AWS_DEFAULT_REGION": self.world.regions[0],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SHARED_CREDENTIALS_FILE": str(self._config.with_name("credentials")),
        }

    def session(self, account: str = "") -> Any:
        """Return a boto3 session of an account's user, whose clients come here without any environment variable."""
        core = botocore.session.Session()
        core.register_component("data_loader", _LOADER)
        core.set_config_variable("config_file", str(self._config))
        return boto3.Session(
            aws_access_key_id=access_key(account or self.world.admin or self.world.accounts[0].id),
            aws_secret_access_key=SECRET,
            region_name=self.world.regions[0],
            botocore_session=core,
        )

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    async def _handle(self, request: Request) -> Reply:
        started = time.perf_counter()
        read = self._read(request)
        faults = self.faults.due(read.asked)
        seconds = self.latency + sum(fault.seconds for fault in faults)
        reply = await self._reply(request, read)
        for fault in faults:
            reply = broken(fault, read.asked, reply)
        due = max(started + seconds, time.perf_counter())
        status = reply.status if reply.ending is Ending.WHOLE else 0
        self.calls.add(Call(read.asked, status, started, due, seconds))
        return reply._replace(due=due)

    def _read(self, request: Request) -> _Read:
        signature = read_signature(request.headers) or Signature("", "", "")
        caller = self._keyring.who(signature, request.headers.get("x-amz-security-token", ""))
        account = caller.account if caller else ""
        question, refused = None, None
        operation, page = _operation(request, signature), 1
        accounts: tuple[str, ...] = (account,)
        chain = hashlib.sha256(f"{signature} {request.path} ".encode() + request.body).hexdigest()
        if signature.service == "inspector2":
            try:
                question = self.inspector.ask(request.path, request.body, account, signature.region)
            except RefusedError as error:
                refused = error
            else:
                operation, accounts, page = question.operation, question.accounts(account), question.page
                chain = question.listing.digest
        asked = Asked(signature.service, operation, account, accounts, signature.region, page, chain)
        return _Read(signature, caller, asked, question, refused)

    async def _reply(self, request: Request, read: _Read) -> Reply:
        try:
            return await self._served(request, read)
        except RefusedError as refused:
            return refused.reply(read.signature.service)
        except Exception as error:  # noqa: BLE001  # a bug of the server has to reach the test that looks at `problems`
            self.problems.append(repr(error))
            return error_reply(read.signature.service, 500, "InternalFailure", self.problems[-1])

    async def _served(self, request: Request, read: _Read) -> Reply:
        service, region = read.signature.service, read.signature.region
        if not read.signature.key:
            raise RefusedError(403, "MissingAuthenticationToken", "Missing Authentication Token")
        if read.caller is None:
            raise invalid_token(service)
        if service == "sts":
            return self._sts.answer(read.asked.operation, request.body, read.caller, region)
        if service == "inspector2":
            return self._inspect(read, read.caller, region)
        if self._moto is None:
            raise RefusedError(501, "NotImplemented", f"The test has no {service}.")
        return await asyncio.to_thread(self._moto.forward, request, read.caller.account)

    def _inspect(self, read: _Read, caller: Identity, region: str) -> Reply:
        if read.refused is not None:
            raise read.refused
        assert read.question is not None
        reply = self.inspector.answer(read.question, caller, region)
        if self.checks_answers and (problems := self.inspector.problems_of_answer(read.question, reply)):
            self.problems += [f"{read.question.operation}: {problem.message}" for problem in problems]
            return error_reply("inspector2", 500, "InternalServerException", self.problems[-1])
        return reply


def _operation(request: Request, signature: Signature) -> str:
    """Return the Action of a query, and the method and path of everything else."""
    if signature.service == "s3" or not request.body:
        return f"{request.method} {urlsplit(request.path).path}"
    return parse_qs(request.body.decode("latin-1")).get("Action", [request.path])[0]


@contextmanager
def aws(world: World, *, ec2: bool = True, largest_page: int = 200) -> Iterator[Endpoint]:
    """
    Serve a world on this machine, until the context ends.

    With `ec2`, moto holds what the world's accounts hold, under ids of its own, and `Endpoint.world` has those ids in
    findings and coverage too. Without it, ids stay as they are, and every service but STS and Inspector answers 501.
    """
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        moto = stack.enter_context(served_by_moto(world)) if ec2 else None
        served = populate(world, moto) if moto else world
        inspector = Inspector(served, largest_page=largest_page, deliver=moto.deliver if moto else None)
        endpoint = Endpoint(served, inspector, moto, directory)
        endpoint.start()
        stack.callback(endpoint.stop)
        yield endpoint
