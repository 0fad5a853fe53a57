"""Replies of AWS services: what went well as JSON, and what went wrong as each service spells it."""

import json
from collections.abc import Iterable
from typing import Any, Final
from xml.sax.saxutils import escape

from aws.shapes import Problem
from aws.wire import Reply

JSON: Final = {"Content-Type": "application/json"}
XML: Final = {"Content-Type": "text/xml"}
REQUEST_ID: Final = "b25f48e8-84fd-11e6-80d9-574e0c4664cb"


class RefusedError(Exception):
    """The call is answered with an error, spelled as the service does."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.more = more

    def reply(self, service: str) -> Reply:
        return error_reply(service, self.status, self.code, self.message, **self.more)


def json_reply(value: object) -> Reply:
    return Reply(200, JSON, json.dumps(value, separators=(",", ":")).encode())


def invalid(problems: Iterable[Problem]) -> RefusedError:
    """Return Inspector's ValidationException for these problems."""
    found = list(problems)
    errors = f"{len(found)} validation error{'s' * (len(found) != 1)} detected"
    return RefusedError(
        400,
        "ValidationException",
        f"{errors}: {'; '.join(problem.message for problem in found)}",
        reason="FIELD_VALIDATION_FAILED",
        fields=[{"name": problem.field, "message": problem.message} for problem in found],
    )


def error_reply(service: str, status: int, code: str, message: str, **more: Any) -> Reply:
    """Return an error in the service's own form."""
    code, message = escape(code), escape(message)
    match service:
        case "inspector2":
            body = json.dumps({"message": message} | more)
            return Reply(status, JSON | {"x-amzn-ErrorType": code}, body.encode())
        case "ec2":
            body = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            return Reply(status, XML, f"{body}<RequestID>{REQUEST_ID}</RequestID></Response>".encode())
        case "s3":
            body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            return Reply(status, XML, body.encode())
        case _:
            body = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            body = f"<ErrorResponse>{body}<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
            return Reply(status, XML, body.encode())
