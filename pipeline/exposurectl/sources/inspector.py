"""Findings straight from Amazon Inspector, with the caller's own credentials."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from boto3 import Session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from exposurectl.diagnostics import Diagnostic, ExposurectlError, Place
from exposurectl.sources.collection import Collection, RecordedFindings
from exposurectl.sources.findings import EC2_INSTANCE, NETWORK_REACHABILITY

STATUSES: Final = ("ACTIVE", "SUPPRESSED")
"""What is asked for. A suppressed finding is hidden by a rule of somebody's, yet its path is open."""

FILTER: Final = {
    "findingType": [{"comparison": "EQUALS", "value": NETWORK_REACHABILITY}],
    "resourceType": [{"comparison": "EQUALS", "value": EC2_INSTANCE}],
    "findingStatus": [{"comparison": "EQUALS", "value": status} for status in STATUSES],
}
"""Without it, ListFindings returns closed findings of every type, and may take hours to."""

PAGE: Final = 100
"""The largest page that ListFindings gives."""

REASON: Final = "aws"

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=10,
    read_timeout=60,
    user_agent_extra="exposurectl",
)
_CREDENTIALS = "Sign in as the AWS CLI would: AWS_PROFILE, `aws sso login`, or a role of the machine."
_HINTS = {
    "AccessDeniedException": "Allow inspector2:ListFindings to these credentials, and check that Inspector is on.",
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "ThrottlingException": "Wait a few minutes and run it again.",
    "UnrecognizedClientException": _CREDENTIALS,
    "ValidationException": "Check that Inspector is activated in this region.",
}
_UNREACHABLE = "Check the name of the region, that the account has it enabled, and the way to the network."
_AGAIN = "Run it again. Nothing is planned from a part of the findings."


def list_findings(regions: Sequence[str], *, session: Session) -> RecordedFindings:
    """
    Return all active and suppressed network findings of these regions, or raise: a part of them is never returned.

    A delegated administrator sees every member's findings through the same call.
    """
    collection = Collection()
    for region in dict.fromkeys(regions):
        place = Place(f"inspector2:{region}")
        for index, record in enumerate(read_records(region, session=session)):
            called = f"Finding {index} (counting from 0)"
            collection.take(msgspec.json.encode(record), place=place, called=called)
    return collection.finish()


def read_records(region: str, *, session: Session) -> Iterator[Mapping[str, Any]]:
    """Return the findings of one region as botocore parsed them, page after page up to the last."""
    try:
        client = session.client("inspector2", region_name=region, config=_CONFIG)
        pages = client.get_paginator("list_findings").paginate(
            filterCriteria=FILTER, PaginationConfig={"PageSize": PAGE}
        )
        for page in pages:
            if "findings" not in page:
                raise _failed(region, "the answer holds no list of findings", _AGAIN)
            yield from page["findings"]
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise _failed(region, str(error), _CREDENTIALS) from error
    except (EndpointConnectionError, ConnectTimeoutError, InvalidRegionError) as error:
        raise _failed(region, str(error), _UNREACHABLE) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise _failed(region, str(error), _HINTS.get(code, _AGAIN)) from error
    except (BotoCoreError, ResponseParserError, ValueError) as error:
        # ValueError is how botocore's parser refuses a time or a number that is none.
        raise _failed(region, str(error), _AGAIN) from error


def _failed(region: str, why: str, hint: str) -> ExposurectlError:
    problem = Diagnostic(
        summary="Inspector could not be read",
        detail=f"ListFindings in {region} failed: {why.rstrip('.')}.",
        hint=hint,
        place=Place(f"inspector2:{region}"),
    )
    return ExposurectlError(problem, reason=REASON)


def own_session() -> Session:
    """Return a session with the caller's own credentials, found where the AWS CLI finds them."""
    return Session()
