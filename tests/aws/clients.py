"""Clients of the test servers: boto3, and one that sends what boto3 would not."""

import http.client
import json
from collections.abc import Callable
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aws.endpoint import Endpoint
from aws.identity import access_key
from aws.small import HERE


def client(
    endpoint: Endpoint, service: str = "inspector2", *, account: str = "", region: str = HERE, **more: Any
) -> Any:
    """Return a boto3 client that tries once, unless `attempts` says more often."""
    retries = {"mode": "standard", "total_max_attempts": more.pop("attempts", 1)}
    config = Config(retries=retries, parameter_validation=False, **more)
    return endpoint.session(account).client(service, region_name=region, config=config)


def network(*statuses: str, **more: Any) -> dict[str, Any]:
    """Return the filter for network findings in these statuses, and whatever else."""
    return {
        "findingType": [equals("NETWORK_REACHABILITY")],
        "findingStatus": [equals(status) for status in statuses],
    } | more


def equals(value: str, comparison: str = "EQUALS") -> dict[str, str]:
    return {"comparison": comparison, "value": value}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


def signed(account: str, *, region: str = HERE) -> dict[str, str]:
    """Return the headers of a call to Inspector in the name of an account's user."""
    scope = f"{access_key(account)}/20260301/{region}/inspector2/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"
    return {"Authorization": authorization, "Content-Type": "application/json"}


class Raw:
    """One connection that signs as an account and sends any body at all."""

    def __init__(self, endpoint: Endpoint, *, account: str = "", region: str = HERE) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(endpoint.url).netloc, timeout=30)
        self._headers = signed(account or endpoint.world.admin, region=region)

    def post(self, path: str, body: Any) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._connection.request("POST", path, content, self._headers)
        answer = self._connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), json.loads(answer.read()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def post(endpoint: Endpoint, path: str, body: Any) -> Answer:
    """Send one body as the delegated administrator."""
    with Raw(endpoint) as raw:
        return raw.post(path, body)


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    """Return how AWS refuses a call: the HTTP status, the code and the message."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]
