"""Who calls: access keys, and the roles that were assumed with them."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from aws.replies import RefusedError
from aws.world import World, aws_partition

SECRET: Final = "made-up"
_KEY: Final = "AKIA{}TEST"


class Identity(NamedTuple):
    account: str
    arn: str
    user: str


class Signature(NamedTuple):
    """What the Authorization header says. The signature itself is not checked."""

    key: str
    region: str
    service: str


def access_key(account: str) -> str:
    """Return the access key of an account's own user, which every account of the world has."""
    return _KEY.format(account)


def read_signature(headers: Mapping[str, str]) -> Signature | None:
    """Return who signed for what: `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`."""
    scheme, _, rest = headers.get("authorization", "").partition(" Credential=")
    parts = rest.split(",")[0].split("/")
    if scheme != "AWS4-HMAC-SHA256" or len(parts) != 5:
        return None
    return Signature(key=parts[0], region=parts[2], service=parts[3])


class Keyring:
    """All access keys that are valid: one user an account, and one for each time that a role was assumed."""

    def __init__(self, world: World) -> None:
        self._users = {access_key(account.id): account.id for account in world.accounts}
        self._sessions: dict[str, tuple[Identity, str]] = {}

    def who(self, signature: Signature, token: str) -> Identity | None:
        """Return whose key it is; nobody's where the session token is not the one that came with it."""
        if signature.key in self._users and not token:
            account = self._users[signature.key]
            arn = f"arn:{aws_partition(signature.region)}:iam::{account}:user/made-up"
            return Identity(account, arn, f"AIDA{account}TEST")
        identity, expected = self._sessions.get(signature.key, (None, ""))
        return identity if token == expected else None

    def issue(self, account: str, role: str, session: str, region: str) -> tuple[str, str, Identity]:
        """Return a new access key and session token, and who they make the caller."""
        number = len(self._sessions)
        key, token = f"ASIA{account}{number:04X}", f"token-{number}-of-{account}"
        arn = f"arn:{aws_partition(region)}:sts::{account}:assumed-role/{role}/{session}"
        identity = Identity(account, arn, f"AROA{account}TEST:{session}")
        self._sessions[key] = identity, token
        return key, token, identity


def invalid_token(service: str) -> RefusedError:
    """Return how the service refuses a key of nobody, or one in a region that its account has not turned on."""
    code = {"ec2": "AuthFailure", "sts": "InvalidClientTokenId", "s3": "InvalidAccessKeyId"}
    status = 401 if service == "ec2" else 403
    message = "The security token included in the request is invalid."
    return RefusedError(status, code.get(service, "UnrecognizedClientException"), message)
