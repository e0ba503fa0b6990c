"""Malformed lengths and chunks: name, octets, what the standard allows, where it says so.

Data only. Most end in `SMUGGLED`, a whole request: a server that answers it was led astray.
"""

from __future__ import annotations

from wirelab.servers.malformed_heads import HOST, SMUGGLED

BAD = "400 close"
LENGTH = "RFC 9112 section 6.3"
BOTH = "RFC 9112 section 6.1"
CHUNK = "RFC 9112 section 7.1"


def _post(fields: bytes, content: bytes = b"", version: bytes = b"1.1") -> bytes:
    return b"POST / HTTP/" + version + b"\r\n" + HOST + fields + b"\r\n\r\n" + content


def _chunked(content: bytes) -> bytes:
    return _post(b"Transfer-Encoding: chunked", content)


def _length(value: bytes, content: bytes = b"hello" + SMUGGLED) -> bytes:
    return _post(b"Content-Length: " + value, content)


def _coded(value: bytes) -> bytes:
    return _post(b"Transfer-Encoding: " + value, b"0\r\n\r\n" + SMUGGLED)


# fmt: off
BODIES: tuple[tuple, ...] = (
    # Content-Length
    ("a length with a plus", _length(b"+5"), BAD, LENGTH),
    ("a length below zero", _length(b"-5"), BAD, LENGTH),
    ("a length with a point", _length(b"5.0"), BAD, LENGTH),
    ("a length in base 16", _length(b"0x5"), BAD, LENGTH),
    ("a length with an underscore", _length(b"0_5"), BAD, LENGTH),
    ("a length in words", _length(b"five"), BAD, LENGTH),
    ("a length with a space", _length(b"5 5"), BAD, LENGTH),
    ("an empty length", _length(b""), BAD, LENGTH),
    ("a length in small raised digits", _length(b"\xb2"), BAD, LENGTH),
    ("two lengths on two lines", _post(b"Content-Length: 5\r\nContent-Length: 50", b"hello" + SMUGGLED), BAD, LENGTH),
    ("two lengths in a list", _length(b"5, 50"), BAD, LENGTH),
    ("the same length twice", _length(b"5, 5", b"hello"), BAD + " 2xx", LENGTH),
    ("the same length on two lines", _post(b"Content-Length: 5\r\nContent-Length: 5", b"hello"), BAD + " 2xx", LENGTH),
    ("a length and a comma", _length(b"5,", b"hello"), BAD + " 2xx", LENGTH),
    ("a length of 30 digits", _length(b"9" * 30, b"hello"), "413 400 close", "RFC 9110 section 8.6"),
    ("a length of 5,000 digits", _length(b"9" * 5000, b"hello"), "413 400 431 close", "RFC 9110 section 8.6"),
    ("content cut off", _length(b"50", b"hello"), "400 408 close", "RFC 9112 section 8"),
    # both fields, and codings
    ("both fields", _post(b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"0\r\n\r\n" + SMUGGLED), BAD + " 2xx", BOTH),
    ("both fields, the other way round", _post(b"Transfer-Encoding: chunked\r\nContent-Length: 50", b"0\r\n\r\n" + SMUGGLED), BAD + " 2xx", BOTH),
    ("both fields, the length bad", _post(b"Transfer-Encoding: chunked\r\nContent-Length: x", b"0\r\n\r\n" + SMUGGLED), BAD + " 2xx", BOTH),
    ("a coding in HTTP/1.0", _post(b"Transfer-Encoding: chunked", b"0\r\n\r\n" + SMUGGLED, b"1.0"), BAD + " 2xx 501", BOTH),
    ("chunked, but not last", _coded(b"chunked, gzip"), BAD + " 501", LENGTH),
    ("chunked twice", _coded(b"chunked, chunked"), BAD + " 501", BOTH),
    ("chunked twice, on two lines", _post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"0\r\n\r\n" + SMUGGLED), BAD + " 501", BOTH),
    ("a coding nobody knows", _coded(b"rot13, chunked"), "501 400 close", BOTH),
    ("gzip alone", _coded(b"gzip"), "400 501 close", LENGTH),
    ("identity", _coded(b"identity"), "400 501 close", BOTH),
    ("a coding that only looks like it", _coded(b"xchunked"), "400 501 close", BOTH),
    ("chunked in quotes", _coded(b'"chunked"'), "400 501 close", BOTH),
    ("chunked and a vertical tab", _coded(b"chunked\x0b"), "400 501 close", BOTH),
    ("chunked and a no-break space", _coded(b"chunked\xa0"), "400 501 close", BOTH),
    ("an empty coding", _coded(b""), "400 501 close", BOTH),
    # chunks
    ("a chunk size with a sign", _chunked(b"+5\r\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk size below zero", _chunked(b"-5\r\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk size with 0x", _chunked(b"0x5\r\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk size with an underscore", _chunked(b"0_5\r\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk size after a space", _chunked(b" 5\r\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk size in words", _chunked(b"five\r\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("no chunk size", _chunked(b"\r\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk size of 20 digits", _chunked(b"f" * 20 + b"\r\nhello\r\n"), "413 400 close", CHUNK),
    ("a chunk size that wraps 64 bits", _chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n" + SMUGGLED), "413 400 close", CHUNK),
    ("a chunk size line without end", _chunked(b"0" * 70_000), "400 413 431 408 close", CHUNK),
    ("a chunk extension without end", _chunked(b"5;" + b"a" * 70_000), "400 413 431 408 close", "RFC 9112 section 7.1.1"),
    ("a bare LF after the size", _chunked(b"5\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a bare LF in an extension", _chunked(b"5;\nhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a bare CR after the size", _chunked(b"5\rhello\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk longer than its size", _chunked(b"5\r\nhello!\r\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk without CRLF", _chunked(b"5\r\nhello0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a chunk that ends in LF", _chunked(b"5\r\nhello\n0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("two octets that are no CRLF", _chunked(b"5\r\nhelloXX0\r\n\r\n" + SMUGGLED), BAD, CHUNK),
    ("a last chunk without its empty line", _chunked(b"0\r\n"), "400 408 close", CHUNK),
    ("chunks cut off", _chunked(b"5\r\nhel"), "400 408 close", "RFC 9112 section 8"),
    ("a trailer without a colon", _chunked(b"0\r\nX a\r\n\r\n" + SMUGGLED), BAD + " 2xx", "RFC 9112 section 7.1.2"),
    ("a trailer with a length", _chunked(b"0\r\nContent-Length: 50\r\n\r\n"), BAD + " 2xx", "RFC 9110 section 6.5.1"),
    ("trailers that do not end", _chunked(b"0\r\n" + b"X: a\r\n" * 12_000), "431 400 408 413 close", "RFC 6585 section 5"),
    ("a folded trailer", _chunked(b"0\r\nX: a\r\n b\r\n\r\n"), BAD + " 2xx", "RFC 9112 section 5.2"),
    # expectations
    ("an expectation nobody knows", _post(b"Content-Length: 0\r\nExpect: 200-maybe"), "417 2xx", "RFC 9110 section 10.1.1"),
)
# fmt: on
