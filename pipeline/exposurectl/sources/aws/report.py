"""A findings report that Inspector wrote to S3."""

import re
from typing import BinaryIO, cast

from exposurectl.sources.aws.access import FAILURES, Access, said

_ADDRESS = re.compile(r"s3://([a-z0-9.-]{3,63})/(.+[^/])")


class UnreadError(Exception):
    """The report could not be read. The message says which call failed, and why."""


def is_report_address(written: str) -> bool:
    """Tell whether it is the address of one object, such as `s3://bucket/prefix/report.json`."""
    return _ADDRESS.fullmatch(written) is not None


def open_report(access: Access, address: str) -> BinaryIO:
    """Return the object's content as a stream. Raises UnreadError where S3 does not give it."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise UnreadError(f"{address} is not the address of an object in S3")
    try:
        answer = access.own("s3", access.home).get_object(Bucket=found[1], Key=found[2])
    except FAILURES as error:
        raise UnreadError(said(error, "GetObject")) from error
    return cast("BinaryIO", answer["Body"])
