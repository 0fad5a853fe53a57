"""Clients of AWS: the caller's own, and those of a role assumed in each account."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from boto3 import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

FAILURES: Final = (
    *(ClientError, BotoCoreError, ResponseParserError, msgspec.DecodeError),
    *(AttributeError, RecursionError, TypeError, ValueError),
)
"""
What a call to AWS may end in.

The last four are how botocore's parser ends with JSON of another shape, such as a list or `null` from a proxy, and
with a time or a number that is none.
"""

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

    def __init__(self, session: Session, *, role: str, monotonic: Callable[[], float], home: str = "us-east-1") -> None:
        """`role` is the name of the role to assume in other accounts, or empty; `home` is where a session has none."""
        self._session = session
        self._home = home
        self._identity: Identity | None = None
        self._role = role
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._assumed: dict[str, tuple[float, dict[str, str]]] = {}
        self._doors: dict[str, threading.Lock] = {}

    @property
    def identity(self) -> Identity:
        """Return who the caller is. It is asked once. Raises what botocore raises."""
        with self._asking:
            if self._identity is None:
                answer = self.own("sts", self.home).get_caller_identity()
                arn = str(held(answer, "Arn"))
                account = str(held(answer, "Account"))
                self._identity = Identity(account=account, arn=arn, partition=arn.split(":")[1])
            return self._identity

    @property
    def home(self) -> str:
        """Return the region to ask for what is not regional: it says which partition the caller is in."""
        return self._session.region_name or self._home

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
            credentials = self._enter(account)
        with self._lock:
            key = (account, service, region)
            if key not in self._clients:
                # From the caller's own session, so that its endpoints and certificates hold here too.
                self._clients[key] = self._session.client(
                    service,
                    region_name=region,
                    config=_CONFIG,
                    aws_access_key_id=credentials["AccessKeyId"],
                    aws_secret_access_key=credentials["SecretAccessKey"],
                    aws_session_token=credentials["SessionToken"],
                )
            return self._clients[key]

    def _enter(self, account: str) -> dict[str, str]:
        """Return credentials of the role in an account, assuming it where that is not done or long ago."""
        now = self._monotonic()
        assumed_at, known = self._assumed.get(account, (now, None))
        if known is not None and now - assumed_at < _RENEW_AFTER:
            return known
        credentials = self._assume(account)
        with self._lock:
            self._assumed[account] = (now, credentials)
            self._clients = {key: client for key, client in self._clients.items() if key[0] != account}
        return credentials

    def _assume(self, account: str) -> dict[str, str]:
        answer = self.own("sts", self.home).assume_role(
            RoleArn=f"arn:{self.identity.partition}:iam::{account}:role/{self._role}",
            RoleSessionName=_ROLE_SESSION,
            DurationSeconds=_ROLE_SECONDS,
        )
        credentials: dict[str, str] = held(answer, "Credentials")
        return credentials


def said(error: Exception, operation: str) -> str:
    """Return why a call failed, on one line: the operation, AWS's code, and its message as far as it is short."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return f"{operation}: {told.get('Code', 'unknown error')}: {told.get('Message', '')}".rstrip(": ")[:300]
    return f"{operation}: {type(error).__name__}: {' '.join(str(error).split())}"[:300]


def held(answer: Mapping[str, Any], key: str) -> Any:
    """
    Return what an answer must hold. Raises ValueError where it does not.

    botocore takes anything with status 200 for an answer, such as a proxy's page, and leaves out what it does not find.
    """
    if key not in answer:
        raise ValueError(f"the answer has no {key}")
    return answer[key]


def own_session() -> Session:
    """Return a session with the caller's own credentials, found where the AWS CLI finds them."""
    return Session()
