"""Malformed request lines and fields: name, octets, what the standard allows, where it says so.

Data only. "SMUGGLED" is a whole request behind the malformed one: answered, it was smuggled in.
"""

from __future__ import annotations

HOST = b"Host: example.org\r\n"
END = b"\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: example.org\r\n\r\n"
BAD = "400 close"
LINE = "RFC 9112 section 3"
FIELD = "RFC 9112 section 5.1"


def _line(line: bytes) -> bytes:
    return line + b"\r\n" + HOST + END


def _field(field: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\n" + HOST + field + b"\r\n" + END


# fmt: off
HEADS: tuple[tuple, ...] = (
    # the request line
    ("nothing but noise", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", BAD, LINE),
    ("one word", _line(b"GET"), BAD, LINE),
    ("two words, as in HTTP/0.9", _line(b"GET /"), "400 close 505", LINE),
    ("four words", _line(b"GET / HTTP/1.1 now"), BAD, LINE),
    ("a space in the target", _line(b"GET /a b HTTP/1.1"), BAD, "RFC 9112 section 3.2"),
    ("two spaces", _line(b"GET  / HTTP/1.1"), BAD + " 2xx", LINE),
    ("tabs for spaces", _line(b"GET\t/\tHTTP/1.1"), BAD + " 2xx", LINE),
    ("a space before the method", _line(b" GET / HTTP/1.1"), BAD + " 2xx", LINE),
    ("a space after the version", _line(b"GET / HTTP/1.1 "), BAD + " 2xx", LINE),
    ("a method with a bracket", _line(b"G(T / HTTP/1.1"), BAD + " 501", "RFC 9110 section 5.6.2"),
    ("a method with a zero octet", _line(b"GE\x00T / HTTP/1.1"), BAD + " 501", LINE),
    ("no method", _line(b"/ HTTP/1.1"), BAD, LINE),
    ("a method nobody has", _line(b"BREW / HTTP/1.1"), "501 405 404", "RFC 9110 section 9.1"),
    ("a method in small letters", _line(b"get / HTTP/1.1"), "501 405 400 404", "RFC 9110 section 9.1"),
    ("a method of 9,000 letters", _line(b"G" * 9000 + b" / HTTP/1.1"), "501 400 414 431 close", LINE),
    ("a target of 70,000 octets", _line(b"GET /" + b"a" * 70_000 + b" HTTP/1.1"), "414 431 400 close", LINE),
    ("a line that does not end", b"GET /" + b"a" * 70_000, "414 431 400 408 close", LINE),
    ("a target without a slash", _line(b"GET index.html HTTP/1.1"), BAD, "RFC 9112 section 3.2"),
    ("an empty target", _line(b"GET  HTTP/1.1"), BAD, "RFC 9112 section 3.2"),
    ("a star for a GET", _line(b"GET * HTTP/1.1"), BAD + " 404 405", "RFC 9112 section 3.2.4"),
    ("a control octet in the target", _line(b"GET /\x07 HTTP/1.1"), BAD, "RFC 9112 section 3.2"),
    ("an octet above 127 in the target", _line(b"GET /\xe9 HTTP/1.1"), BAD + " 2xx", "RFC 9112 section 3.2"),
    ("CONNECT without a port", _line(b"CONNECT example.org HTTP/1.1"), BAD + " 405 501", "RFC 9110 section 9.3.6"),
    ("version 0.9", _line(b"GET / HTTP/0.9"), "505 400 close", "RFC 9110 section 15.6.6"),
    ("version 2.0", _line(b"GET / HTTP/2.0"), "505 400 close", "RFC 9110 section 15.6.6"),
    ("version 9.9", _line(b"GET / HTTP/9.9"), "505 400 close", "RFC 9110 section 15.6.6"),
    ("version 1.7", _line(b"GET / HTTP/1.7"), "2xx 505 400", "RFC 9110 section 2.5"),
    ("a version of two digits", _line(b"GET / HTTP/1.10"), BAD + " 505", "RFC 9112 section 2.3"),
    ("a version in small letters", _line(b"GET / http/1.1"), BAD + " 505", "RFC 9112 section 2.3"),
    ("a version with a plus", _line(b"GET / HTTP/+1.1"), BAD + " 505", "RFC 9112 section 2.3"),
    ("another protocol", _line(b"GET / RTSP/1.0"), BAD + " 505", "RFC 9112 section 2.3"),
    ("the first line of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 400 501 close", "RFC 9113 section 3.4"),
    # line ends
    ("bare LF everywhere", b"GET / HTTP/1.1\nHost: example.org\n\n", BAD + " 408 2xx", "RFC 9112 section 2.2"),
    ("one bare LF", b"GET / HTTP/1.1\nHost: example.org\r\n\r\n", BAD + " 2xx", "RFC 9112 section 2.2"),
    ("a bare CR in a value", _field(b"X: a\rb"), BAD + " 2xx", "RFC 9112 section 2.2"),
    ("a bare CR before the colon", _field(b"X\rY: b"), BAD, "RFC 9112 section 2.2"),
    ("CR CR LF", b"GET / HTTP/1.1\r\r\n" + HOST + END, BAD + " 505", "RFC 9112 section 2.2"),
    ("a bare LF that hides a field", _field(b"X: a\nContent-Length: 45") + SMUGGLED, BAD + " 2xx", "RFC 9112 section 2.2"),
    ("an empty line first", b"\r\n" + _line(b"GET / HTTP/1.1"), "2xx 400", "RFC 9112 section 2.2"),
    # fields
    ("a space before the colon", _field(b"X : a"), "400", FIELD),
    ("a space before the colon of a length", _field(b"Content-Length : 45") + SMUGGLED, "400", FIELD),
    ("a tab before the colon", _field(b"X\t: a"), "400", FIELD),
    ("no colon", _field(b"X a"), BAD, FIELD),
    ("no name", _field(b": a"), BAD, FIELD),
    ("a name with a bracket", _field(b"X(1): a"), BAD, FIELD),
    ("a name above 127", _field(b"X\xe9: a"), BAD, FIELD),
    ("a zero octet in a value", _field(b"X: a\x00b"), BAD + " 2xx", "RFC 9110 section 5.5"),
    ("a control octet in a value", _field(b"X: a\x0bb"), BAD + " 2xx", "RFC 9110 section 5.5"),
    ("a folded line", _field(b"X: a\r\n b"), BAD + " 2xx", "RFC 9112 section 5.2"),
    ("a folded length", _field(b"Content-Length:\r\n 45") + SMUGGLED, BAD + " 2xx", "RFC 9112 section 5.2"),
    ("a space before the first field", b"GET / HTTP/1.1\r\n X: a\r\n" + HOST + END, BAD + " 2xx", "RFC 9112 section 2.2"),
    ("200 fields", _field(b"\r\n".join(b"X%d: a" % n for n in range(200))), "431 400 2xx close", "RFC 6585 section 5"),
    ("a field of 70,000 octets", _field(b"X: " + b"a" * 70_000), "431 400 close", "RFC 6585 section 5"),
    ("fields that do not end", b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 12_000, "431 400 408 close", "RFC 6585 section 5"),
    # Host
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", "400", "RFC 9112 section 3.2"),
    ("two Hosts", _field(b"Host: example.org"), "400", "RFC 9112 section 3.2"),
    ("two different Hosts", _field(b"Host: evil.example"), "400", "RFC 9112 section 3.2"),
    ("a Host with a space", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400", "RFC 9112 section 3.2"),
    ("a Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400", "RFC 9112 section 3.2"),
    ("a Host with a user", b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400", "RFC 9112 section 3.2"),
    ("a head cut off", b"GET / HTTP/1.1\r\nHost: exam", "400 408 close", "RFC 9112 section 8"),
)
# fmt: on
