"""Clients of AWS: the caller's own, and those of a role assumed in each account."""

import functools
import threading
from collections.abc import Callable
from typing import Any, Final

import msgspec
from boto3 import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

FAILURES: Final = (ClientError, BotoCoreError, ResponseParserError, msgspec.DecodeError, ValueError)
"""What a call to AWS may end in. ValueError is how botocore's parser refuses a time or a number that is none."""

CONNECTIONS: Final = 32
_CONFIG = Config(
    # `standard` waits longer after each throttled answer, up to 20 s, and gives up after so many.
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=CONNECTIONS,
    user_agent_extra="exposurectl",
)
_ROLE_SESSION = "exposurectl"
_ROLE_SECONDS = 3600
_RENEW_AFTER = 45 * 60.0


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who the caller is."""

    account: str
    arn: str
    partition: str
    """`aws`, `aws-cn` or `aws-us-gov`."""


class Access:
    """
    Makes clients, each once. Making one is slow and not safe for threads; using one is both.

    Role credentials last an hour and are renewed before, so that a long collection outlives them.
    """

    def __init__(self, session: Session, *, role: str, monotonic: Callable[[], float]) -> None:
        """`role` is the name of the role to assume in other accounts; empty where there is none."""
        self._session = session
        self._role = role
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._assumed: dict[str, tuple[float, Session]] = {}
        self._doors: dict[str, threading.Lock] = {}

    @functools.cached_property
    def identity(self) -> Identity:
        """Return who the caller is. Raises what botocore raises."""
        answer = self.own("sts", self.home).get_caller_identity()
        arn = str(answer["Arn"])
        return Identity(account=str(answer["Account"]), arn=arn, partition=arn.split(":")[1])

    @property
    def home(self) -> str:
        """Return the region to ask for what is not regional."""
        return self._session.region_name or "us-east-1"

    def own(self, service: str, region: str) -> Any:
        """Return the caller's own client of a service in a region."""
        with self._lock:
            key = ("", service, region)
            if key not in self._clients:
                self._clients[key] = self._session.client(service, region_name=region, config=_CONFIG)
            return self._clients[key]

    def can_enter(self, account: str) -> bool:
        """Tell whether there is a way into an account: it is the caller's own, or there is a role to assume."""
        return account == self.identity.account or bool(self._role)

    def of(self, account: str, service: str, region: str) -> Any:
        """Return a client inside an account. Raises what botocore raises where the role cannot be assumed."""
        if account == self.identity.account:
            return self.own(service, region)
        with self._lock:
            door = self._doors.setdefault(account, threading.Lock())
        with door:  # one account waits for its role, and the others do not
            session = self._enter(account)
        with self._lock:
            key = (account, service, region)
            if key not in self._clients:
                self._clients[key] = session.client(service, region_name=region, config=_CONFIG)
            return self._clients[key]

    def _enter(self, account: str) -> Session:
        """Return a session of the role in an account, assuming it where that is not done or long ago."""
        now = self._monotonic()
        assumed_at, known = self._assumed.get(account, (now, None))
        if known is not None and now - assumed_at < _RENEW_AFTER:
            return known
        session = self._session_with(self._assume(account))
        with self._lock:
            self._assumed[account] = (now, session)
            self._clients = {key: client for key, client in self._clients.items() if key[0] != account}
        return session

    def _assume(self, account: str) -> dict[str, str]:
        answer = self.own("sts", self.home).assume_role(
            RoleArn=f"arn:{self.identity.partition}:iam::{account}:role/{self._role}",
            RoleSessionName=_ROLE_SESSION,
            DurationSeconds=_ROLE_SECONDS,
        )
        credentials: dict[str, str] = answer["Credentials"]
        return credentials

    def _session_with(self, credentials: dict[str, str]) -> Session:
        return Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=self.home,
        )


def said(error: Exception, operation: str) -> str:
    """Return why a call failed, on one line: the operation, AWS's code, and its message as far as it is short."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{operation}: {told.get('Code', 'unknown error')}: {told.get('Message', '')}".rstrip(": ")[:300]
    return f"{operation}: {type(error).__name__}: {' '.join(str(error).split())}"[:300]


def own_session() -> Session:
    """Return a session with the caller's own credentials, found where the AWS CLI finds them."""
    return Session()
