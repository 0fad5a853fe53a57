"""Replies that no service should send: each is trouble of a known kind, whatever bytes it is made of."""

import pytest

from exposurectl.demo.story import RECORDED
from exposurectl.targets.replies import Kind, Reply, Trouble, classify
from exposurectl.targets.token import Token


def trouble(body: bytes, status: int = 200) -> Trouble:
    answer = classify(Reply(status=status, headers={}, body=body), Token("fvgs-canary"), RECORDED)
    assert isinstance(answer, Trouble)
    return answer


@pytest.mark.parametrize("body", [b'{"servers": [{"serverName": "\xff"}]}', b'["\xe5"]', b'"\xed\xa0\x80"'])
def test_json_with_text_that_is_not_utf_8_is_a_garbled_reply(body: bytes) -> None:
    assert trouble(body) == Trouble(kind=Kind.LOST, status=200, why="the reply was cut or garbled")


@pytest.mark.parametrize(("status", "kind"), [(500, Kind.FAULT), (429, Kind.THROTTLED), (403, Kind.WALLED)])
def test_a_refusal_with_text_that_is_not_utf_8_is_shown_as_far_as_it_can_be(status: int, kind: Kind) -> None:
    found = trouble(b'{"message": "no\xff"}', status)

    assert found.why == f'answered {status}: {{"message": "no\ufffd"}}'
    assert found.kind is kind


def test_a_reply_of_countless_values_is_not_decoded() -> None:
    found = trouble(b"[" + b"{}," * 1_000_000 + b"0]")

    assert (found.kind, found.why) == (Kind.ODD, "the reply holds more than 1000000 values")
