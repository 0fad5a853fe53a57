"""What people and attackers put where something else belongs."""

import json
from typing import Any, NamedTuple


class Raw(NamedTuple):
    """A piece of JSON that no JSON writer writes."""

    text: bytes


VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        22,
        65_536,
        2**31,
        2**53 + 1,
        2**63,
        2**64,
        -(2**63) - 1,
        10**400,
        22.0,
        1e308,
        5e-324,
    ),
    *(
        "",
        " ",
        "\n",
        "a\nb",
        "\x00",
        "\x1b[31m",
        "\u202e",
        "\u2028",
        "\u3164",
        "\ufeff",
        "é" * 50,
        "x" * 5_000,
        "i-0\n",
    ),
    *(
        "no",
        "null",
        "017",
        "22:22",
        "0-99999",
        "65535-0",
        "-",
        "~",
        "*",
        "**",
        "/",
        "../../etc/passwd",
        "a\\b",
        "%s{0}",
    ),
    *("0.0.0.0/0", "::/0", "10.0.0.1/8", "fe80::%1/64", "1.2.3.4/33", "AWS::EC2::*", "env:A B", "file:/dev/zero"),
    *("https://[", "https://[::1", "https://a:b", "https://a:99999", "HTTPS://rest.vuls.biz:0", "http://\u212a"),
    *("0001-01-01", "9999-12-31", "0000-00-00", "2027-02-30", "2026-11-23T03:00:00Z", "2026-11-23T24:00:00Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-23T03:00:00", "2026-11-23T03:00:60Z"),
    *("Mar 20, 2023, 6:08:05\u202fPM", "Mar 99, 0000, 12:99:99 AM", "Thu Feb 30 25:61:61.1 UTC 0000", 1e18, -1e18),
    *("0s", "9" * 18 + "d", "999999999d", "sha256:", "sha256:" + "0" * 64, "::error::x", "##[error]x", "|", "`", "<b>"),
    *([], {}, [[]], [{}], {"": ""}, {"a": {"b": []}}, [None], ["", ""], [0] * 50),
    *(Raw(b"NaN"), Raw(b"-Infinity"), Raw(b"1e400"), Raw(b"-0"), Raw(b"9" * 5_000), Raw(b"1." + b"0" * 5_000)),
    *(Raw(b'"\\ud800"'), Raw(b'"\\udc00\\ud800"'), Raw(b'"\\u0000"'), Raw(b'"\xff"'), Raw(b'"\xed\xa0\x80"')),
    *(Raw(b'{"a":1,"a":2}'), Raw(b"[" * 2_000 + b"]" * 2_000), Raw(b'{"a":' * 2_000 + b"0" + b"}" * 2_000)),
    *(Raw(b"{a: b}"), Raw(b"[1,]"), Raw(b"'x'"), Raw(b""), Raw(b"[" * 100_000)),
)
"""Values for a document whose form is right. JSON is YAML, so they serve both."""

_PIECES: tuple[bytes, ...] = (
    *(b"no", b"22:22", b"017", b"0x1f", b"0o17", b"1e400", b"22.0", b"-1", b"~", b"''", b".nan", b"-.inf", b"''"),
    *(b'"\\n"', b'"\\0"', b'"\\ud800"', b'"\\x9b"', b'"\\U00110000"', b"NaN", b"-Infinity", b"-0", b"null"),
    *(b"[]", b"{}", b"[[]]", b"{a: b}", b"&a b", b"*a", b"!!python/object:os.system x", b"<<: {}", b"---\n", b"...\n"),
    *(
        b"? [a]",
        b"|\n",
        b">-\n",
        b"%TAG ! x\n",
        b"%YAML 9.9\n",
        b": ",
        b"- ",
        b"#",
        b"'",
        b'"',
        b"@",
        b"`",
        b",",
        b"\\",
    ),
    *(b"<<<<<<< x\n", b"=======\n", b">>>>>>> x\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b", b"\x00"),
    *(
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\r",
        b"\r\n",
        b"\t",
        b"\n",
        b"\x0b",
        b"\x7f",
        b"\x85",
    ),
    *(b"\xc2\x85", "\u2028".encode(), "\u202e".encode(), b"9" * 5_000, b"[" * 1_500, b"{" * 1_500, b'{"a":' * 1_500),
)
TOKENS = (*_PIECES, *(json.dumps(value).encode() for value in VALUES if isinstance(value, str)))
"""Pieces of text for any document, its form aside."""
