"""STS: AssumeRole and GetCallerIdentity, for the accounts and roles of a world."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from aws.identity import SECRET, Identity, Keyring
from aws.replies import REQUEST_ID, XML, RefusedError
from aws.wire import Reply
from aws.world import World, aws_partition

_ROLE: Final = re.compile(r"arn:([a-z-]+):iam::(\d{12}):role/(?:[^/]+/)*([\w+=,.@-]{1,64})", re.ASCII)
_SESSION: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SECONDS: Final = range(900, 43201)


class Sts:
    """Answers for one world. Every caller may assume every role that an account has."""

    def __init__(self, world: World, keyring: Keyring) -> None:
        self._roles = {account.id: frozenset(account.roles) for account in world.accounts}
        self._keyring = keyring

    def answer(self, operation: str, body: bytes, caller: Identity, region: str) -> Reply:
        """Answer, or raise RefusedError."""
        fields = {key: values[-1] for key, values in parse_qs(body.decode()).items()}
        match operation:
            case "GetCallerIdentity":
                return _reply(operation, _tags(UserId=caller.user, Account=caller.account, Arn=caller.arn))
            case "AssumeRole":
                return self._assume(fields, caller, region)
            case _:
                raise RefusedError(400, "InvalidAction", f"The test server has no sts:{operation}.")

    def _assume(self, fields: dict[str, str], caller: Identity, region: str) -> Reply:
        arn, session = fields.get("RoleArn", ""), fields.get("RoleSessionName", "")
        seconds = int(fields.get("DurationSeconds", "3600"))
        role = _ROLE.fullmatch(arn)
        if role is None or not _SESSION.fullmatch(session) or seconds not in _SECONDS:
            raise RefusedError(400, "ValidationError", f"Invalid RoleArn, RoleSessionName or DurationSeconds: {arn}")
        partition, account, name = role.groups()
        if partition != aws_partition(region) or name not in self._roles.get(account, frozenset()):
            message = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            raise RefusedError(403, "AccessDenied", message)
        key, token, identity = self._keyring.issue(account, name, session, region)
        expires = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        granted = _tags(AccessKeyId=key, SecretAccessKey=SECRET, SessionToken=token, Expiration=expires)
        who = _tags(AssumedRoleId=identity.user, Arn=identity.arn)
        return _reply("AssumeRole", f"<Credentials>{granted}</Credentials><AssumedRoleUser>{who}</AssumedRoleUser>")


def _tags(**values: str) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


def _reply(operation: str, result: str) -> Reply:
    metadata = f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
    body = f"<{operation}Result>{result}</{operation}Result>{metadata}"
    namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
    return Reply(200, XML, f'<{operation}Response xmlns="{namespace}">{body}</{operation}Response>'.encode())
