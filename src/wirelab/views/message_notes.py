"""What the parts of an HTTP message mean: a sentence and the section where it stands.

Data only.
"""

EMPTY_LINE = "CRLF CRLF: the head ends here. RFC 9112 section 2.1"

START = {
    ("left", "Method"): "What is asked for. Its case counts. RFC 9110 section 9.1",
    ("left", "Target"): "Of which resource it is asked. RFC 9112 section 3.2",
    ("left", "Version"): "What the client speaks. RFC 9112 section 2.3",
    ("right", "Version"): "What the server speaks. RFC 9112 section 2.3",
    ("right", "Status"): "What became of it; the first digit is its class. RFC 9110 section 15",
    ("right", "Reason"): "For people only; it may be empty. RFC 9112 section 4",
}

FIELDS = {
    "host": "Which site, where several share an address. RFC 9112 section 3.2",
    "content-length": "So many octets of content follow the head. RFC 9112 section 6.2",
    "transfer-encoding": "How the content is wrapped for the way. RFC 9112 section 6.1",
    "connection": "What holds for this connection only. RFC 9110 section 7.6.1",
    "etag": "A name for this version of the content. RFC 9110 section 8.8.3",
    "if-none-match": "Send it only if it is no longer this version. RFC 9110 section 13.1.2",
    "if-match": "Do it only if it is still this version. RFC 9110 section 13.1.1",
    "cache-control": "What a cache may do with it. RFC 9111 section 5.2",
    "vary": "Which request fields chose this answer. RFC 9110 section 12.5.5",
    "age": "How many seconds a cache has kept it. RFC 9111 section 5.1",
    "date": "When the server made the message. RFC 9110 section 6.6.1",
    "range": "Only these octets, please. RFC 9110 section 14.2",
    "content-range": "Which octets of how many these are. RFC 9110 section 14.4",
    "allow": "The methods that this resource has. RFC 9110 section 10.2.1",
    "location": "Where to go, or what was made. RFC 9110 section 10.2.2",
    "accept": "Which kinds of content the client takes. RFC 9110 section 12.5.1",
    "accept-encoding": "Which compressions the client undoes. RFC 9110 section 12.5.3",
    "content-type": "What the content is. RFC 9110 section 8.3",
    "user-agent": "Which program asks. RFC 9110 section 10.1.5",
    "expect": "The client waits for 100 before it sends the content. RFC 9110 section 10.1.1",
}
"""Lower-case field name to note."""
