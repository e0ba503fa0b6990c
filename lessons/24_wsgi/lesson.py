# ---
# wirelab:
#   title: CGI, WSGI, and ASGI after them
#   minutes: 190
#   builds_on: ["21_http"]
# ---

# %% [markdown] role="given" id="opening"
# # CGI, WSGI, and ASGI after them
#
# Run the next two cells. Three web applications answer: one is a shell script, one is a function of
# four lines, one is made with Flask. Look for the server.

# %% role="given" id="setup"
import asyncio
import contextlib
import email.utils
import gzip
import http.client
import io
import os
import random
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zlib
from urllib.parse import unquote
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from flask import Flask

from wirelab.grading.checks import Checks
from wirelab.protocols.http import Refused, Request, Response
from wirelab.servers import running
from wirelab.servers.next_request import next_request
from wirelab.servers.uvicorn_site import serve_uvicorn
from wirelab.views import Arrow, Ladder
from wirelab.views.plots import Panel, Plot

check = Checks("24_wsgi")


# %%
SCRIPT = 'printf "Content-Type: text/plain\\n\\n"; echo "the weather in $QUERY_STRING: rain"'


def weather(environ, start_response):
    """A web application."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the weather in " + environ["QUERY_STRING"].encode("latin-1") + b": rain"]


flask_weather = Flask("weather")
flask_weather.add_url_rule("/", "now", lambda: "the weather, says Flask: rain")

environ = {"QUERY_STRING": "oslo", "PATH_INFO": "/"}
print(subprocess.run(["/bin/sh", "-c", SCRIPT], env=environ, capture_output=True, text=True).stdout)
setup_testing_defaults(environ)  # what else belongs to a request, made up
for app in (weather, flask_weather):
    print(app, b"".join(app(environ, lambda status, fields: print(status, fields))), sep="\n")

# %% [markdown] role="given" id="promise"
# There is no server. Nobody opened a socket, nobody parsed HTTP. A dictionary went in, text or octets
# came out, and each of the three took it for a request from the web.
#
# That is what this topic is about: **the seam between a web server and a program**. On one side
# somebody reads octets, on the other somebody has something to say, and neither knows the other. The
# seam has been drawn three times: **CGI** (1993, any language, one process for each request), **WSGI**
# (2003, Python, one function call), and **ASGI** (2016, Python, a conversation).
#
# In three hours (stop anywhere) you will be able to
#
# 1. turn a request into the variables of a CGI script, run it within limits, and read its answer;
# 2. write an application and middleware for WSGI, and say why the order of middleware matters;
# 3. write the other half too: a server that keeps every promise of the specification;
# 4. say what a process for each request costs, in milliseconds of this machine;
# 5. do what WSGI cannot, with ASGI; and run Flask, Django and a shell script behind your server.
#
# You need to know what a request and a response are (`21_http`). Below each answer are cells that
# test it. A test that fails says what is wrong and why; **one that passes says nothing**. When your
# notebook is marked, more cases are tried.

# %% [markdown] role="given" id="environ-text"
# ## 1. A request as variables
#
# A process is born with three things: arguments, an open input and output, and **environment
# variables**, a table of text. CGI puts the head of a request into the table and its content into the
# input; what the script writes to its output is the answer. Every language can read a variable,
# and so every language can be a web application.
#
# **Is it so?** "A CGI program is an independent program, and can be written in almost any language."
# *True.* RFC 3875 asks for nothing but variables, an input and an output (sections 4.1, 4.2 and 6).
# You saw a shell at it above; here is another language, and it never heard of the web either:

# %%
AWK = (
    'BEGIN { print "Content-Type: text/plain\\n"; print "awk was asked for", ENVIRON["PATH_INFO"] }'
)
with contextlib.suppress(FileNotFoundError):  # a machine without awk
    print(
        subprocess.run(
            ["awk", AWK], env={"PATH_INFO": "/tea"}, capture_output=True, text=True
        ).stdout
    )

# %% [markdown] role="given" id="environ-why"
# The path of a request is cut in two. `/cgi/wiki/Oslo`: the script is `/cgi/wiki`, **SCRIPT_NAME**, and
# what comes after, `/Oslo`, is for the script to make sense of: **PATH_INFO**. A script that writes a
# link to itself needs the one, a script that looks something up needs the other.
#
# Header fields come as variables with `HTTP_` in front. Two fields have to be kept out of there, and
# the first has a name, **httpoxy** (2016): a request with the field `Proxy: evil.example` makes a
# variable `HTTP_PROXY`, and by that name half the world's HTTP clients look for the proxy to send
# *their* requests through. The other is `Authorization`: a password in the environment of a process
# can be read by more people than one would like (RFC 3875 section 4.1.18).

# %% [markdown] role="given" id="environ-brief"
# ### Exercise 1: the variables of a request
#
# Write `cgi_environ(request: Request, script: str, server: tuple[str, int], client: str)
# -> dict[str, str]`. `request` is a value as in `21_http`: names of fields in lower case, one character
# for each octet. `script` is a path such as `"/cgi/wiki"`, or `""`; it has no `%` in it.
#
# | variable | its text (RFC 3875 section 4.1) |
# |---|---|
# | `GATEWAY_INTERFACE`, `SERVER_SOFTWARE` | `CGI/1.1`, `wirelab` |
# | `REQUEST_METHOD`, `SERVER_PROTOCOL` | as in the request |
# | `SERVER_NAME`, `SERVER_PORT`, `REMOTE_ADDR` | from `server` and `client` |
# | `SCRIPT_NAME` | `script` |
# | `PATH_INFO` | what follows `script` in the path, with `%20` and the like decoded, one character for each octet; perhaps `""` |
# | `QUERY_STRING` | what follows the first `?` of the target, **not** decoded; `""` if there is none |
# | `CONTENT_LENGTH` | the number of octets in `request.content`; not there if there are none |
# | `CONTENT_TYPE` | the value of `content-type`; not there without one |
# | `HTTP_...` | every other field: the name in upper case, `_` for `-` |
#
# - Several fields of one name become one variable: joined by `", "`, `cookie` by `"; "`.
# - Left out: `content-length`, `authorization`, `proxy-authorization`, `proxy`, `connection`,
#   `transfer-encoding`; and every name with a `_` in it, since `x_user` would be taken for
#   `x-user`.
# - If the path is neither `script` nor begins with `script` and a `/`: `ValueError`. Compare before
#   you decode.
#
# Example: `GET /cgi/wiki/S%C3%B8r?q=a%20b` with `script="/cgi/wiki"` has the `PATH_INFO` `"/S\xc3\xb8r"`
# and the `QUERY_STRING` `"q=a%20b"`.


# %% role="answer" id="environ-answer"
def cgi_environ(
    request: Request, script: str, server: tuple[str, int], client: str
) -> dict[str, str]:
    """The variables that a CGI script is given."""
    ### BEGIN SOLUTION
    path, _, query = request.target.partition("?")
    if path != script and not path.startswith(script + "/"):
        raise ValueError(f"{path} is not below {script}")
    environ = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_SOFTWARE": "wirelab",
        "REQUEST_METHOD": request.method,
        "SERVER_PROTOCOL": request.version,
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client,
        "SCRIPT_NAME": script,
        "PATH_INFO": unquote(path[len(script) :], "latin-1"),
        "QUERY_STRING": query,
    }
    if request.content:
        environ["CONTENT_LENGTH"] = str(len(request.content))
    kept_out = ("content-length", "authorization", "proxy-authorization", "proxy", "connection",
                "transfer-encoding")  # fmt: skip
    for name, value in request.fields:
        if name in kept_out or "_" in name:
            continue
        key = "HTTP_" + name.upper().replace("-", "_")
        if name == "content-type":
            key = "CONTENT_TYPE"
        joint = "; " if name == "cookie" else ", "
        environ[key] = environ[key] + joint + value if key in environ else value
    return environ
    ### END SOLUTION


# %% [markdown] role="hint" id="environ-hint-1"
# Nudge
# Two cuts first: the target at its first `?`, and the path behind `script`. Which of the three pieces
# may you decode?

# %% [markdown] role="hint" id="environ-hint-2"
# Way
# `request.target.partition("?")`. For the path ask the same question as for a cookie's path: equal, or
# `startswith(script + "/")`. Then one loop over `request.fields` that skips, names and joins.

# %% [markdown] role="hint" id="environ-hint-3"
# Almost
# `unquote(path[len(script):], "latin-1")` gives one character for each octet. In the loop:
# `key = "HTTP_" + name.upper().replace("-", "_")`, and
# `environ[key] = environ[key] + ", " + value if key in environ else value`.


# %% role="given" id="environ-given-tools"
def a_request(target="/", fields=(), content=b"", method="GET", version="HTTP/1.1"):
    """A request value, for short."""
    return Request(method, target, version, tuple(fields), content)


HERE = {"server": ("127.0.0.1", 8080), "client": "127.0.0.9"}


# %% role="test" id="environ-test-path" points=2
@check.test
def _():
    # Script, path and query.
    RULE = dict(
        rule="Cut at the first ?, then behind the script; decode the path only, octet by octet.",
        rfc="RFC 3875 sections 4.1.5, 4.1.7 and 4.1.13",
    )

    def cut(cgi_environ, cases):
        """The pieces of each target."""
        found = {}
        for target, script in cases:
            try:
                said = cgi_environ(a_request(target), script, **HERE)
                found[target, script] = tuple(
                    said.get(name) for name in ("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
                )
            except ValueError:
                found[target, script] = "ValueError"
        return found

    def example(cgi_environ):
        """Targets, and what becomes of them."""
        return cut(
            cgi_environ,
            [("/cgi/wiki/S%C3%B8r?q=a%20b", "/cgi/wiki"), ("/cgi/wikipedia", "/cgi/wiki")],
        )

    check.probe(
        cgi_environ,
        example,
        expected={
            ("/cgi/wiki/S%C3%B8r?q=a%20b", "/cgi/wiki"): ("/cgi/wiki", "/S\xc3\xb8r", "q=a%20b"),
            ("/cgi/wikipedia", "/cgi/wiki"): "ValueError",
        },
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    wanted = {
        ("/a", "/a"): ("/a", "", ""),
        ("/a/", "/a"): ("/a", "/", ""),
        ("/a?", "/a"): ("/a", "", ""),
        ("/a?b?c", "/a"): ("/a", "", "b?c"),
        ("/a/b%3Fc?d", "/a"): ("/a", "/b?c", "d"),
        ("/a/b%2Fc", "/a"): ("/a", "/b/c", ""),
        ("/a/b+c?d+e", "/a"): ("/a", "/b+c", "d+e"),
        ("/a/%2541", "/a"): ("/a", "/%41", ""),
        ("/a/%ff", "/a"): ("/a", "/\xff", ""),
        ("/a/%zz%4", "/a"): ("/a", "/%zz%4", ""),
        ("/a/a/b", "/a"): ("/a", "/a/b", ""),
        ("/a//b", "/a"): ("/a", "//b", ""),
        ("/x/y", ""): ("", "/x/y", ""),
        ("/", ""): ("", "/", ""),
        ("/?/a/b", ""): ("", "/", "/a/b"),
        ("/b/a", "/a"): "ValueError",
        ("/ab", "/a"): "ValueError",
        ("/A", "/a"): "ValueError",
        ("/%61/b", "/a"): "ValueError",
        ("/a%2Fb", "/a"): "ValueError",
        ("/b?/a/", "/a"): "ValueError",
        ("/", "/a"): "ValueError",
    }

    def pieces(cgi_environ):
        """Targets, and what becomes of them."""
        return cut(cgi_environ, list(wanted))

    check.probe(cgi_environ, pieces, expected=wanted, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="environ-test-fields" points=2
@check.test
def _():
    # The whole table, and the fields in it.
    RULE = dict(
        rule="HTTP_, upper case, _ for -; one variable for a name; some are left out.",
        rfc="RFC 3875 section 4.1.18",
    )
    base = {
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "wirelab", "REQUEST_METHOD": "GET",
        "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8080",
        "REMOTE_ADDR": "127.0.0.9", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "",
    }  # fmt: skip
    check(
        cgi_environ,
        a_request(fields=[("host", "a"), ("user-agent", "me"), ("proxy", "evil.example")]),
        "",
        ("127.0.0.1", 8080),
        "127.0.0.9",
        expected=base | {"HTTP_HOST": "a", "HTTP_USER_AGENT": "me"},
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    cases = [
        ([("x-a", "1"), ("x-b", "2"), ("x-a", "3")], {"HTTP_X_A": "1, 3", "HTTP_X_B": "2"}),
        ([("x-a", "1"), ("x-a", "2"), ("x-a", "3")], {"HTTP_X_A": "1, 2, 3"}),
        ([("x-a", ""), ("x-a", "2")], {"HTTP_X_A": ", 2"}),
        ([("cookie", "a=1"), ("cookie", "b=2")], {"HTTP_COOKIE": "a=1; b=2"}),
        ([("x-user", "me"), ("x_user", "root")], {"HTTP_X_USER": "me"}),
        ([("x_user", "root")], {}),
        ([("x-a-b-c", "\xe9 %41")], {"HTTP_X_A_B_C": "\xe9 %41"}),
        ([("proxy", "evil.example"), ("proxy-x", "1")], {"HTTP_PROXY_X": "1"}),
        ([("authorization", "Basic YTpi"), ("proxy-authorization", "Basic YTpi")], {}),
        ([("connection", "close"), ("transfer-encoding", "chunked"), ("te", "a")], {"HTTP_TE": "a"}),
        ([("content-encoding", "gzip")], {"HTTP_CONTENT_ENCODING": "gzip"}),
    ]  # fmt: skip
    for fields, wanted in cases:
        check(
            cgi_environ, a_request(fields=fields), "", ("127.0.0.1", 8080), "127.0.0.9",
            expected=base | wanted, **RULE,
        )  # fmt: skip
    check(
        cgi_environ, a_request("/s/x", [], b"", "DELETE", "HTTP/1.0"), "/s", ("::1", 1), "::2",
        expected=base | {"REQUEST_METHOD": "DELETE", "SERVER_PROTOCOL": "HTTP/1.0", "SERVER_NAME": "::1",
                         "SERVER_PORT": "1", "REMOTE_ADDR": "::2", "SCRIPT_NAME": "/s", "PATH_INFO": "/x"},
        **RULE,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="environ-test-content" points=1
@check.test
def _():
    # Content: counted, not believed.
    RULE = dict(
        rule="CONTENT_LENGTH is the length of the content that the script will find, if there is any.",
        rfc="RFC 3875 section 4.1.2",
    )

    def told(cgi_environ, fields, content):
        """What a script learns of the content."""
        said = cgi_environ(a_request("/", fields, content, "POST"), "", **HERE)
        return {
            name: said[name] for name in sorted(said) if "CONTENT" in name or "TRANSFER" in name
        }

    def example(cgi_environ):
        """A POST of five octets."""
        fields = [("content-length", "5"), ("content-type", "text/plain")]
        return told(cgi_environ, fields, b"hello")

    check.probe(
        cgi_environ, example, expected={"CONTENT_LENGTH": "5", "CONTENT_TYPE": "text/plain"}, **RULE
    )
    ### BEGIN HIDDEN TESTS

    def others(cgi_environ):
        """Chunked content, none, and no type."""
        return [
            told(cgi_environ, [("transfer-encoding", "chunked")], b"x" * 300),
            told(cgi_environ, [("content-length", "0"), ("content-type", "a/b; c=d")], b""),
            told(cgi_environ, [], b""),
            told(cgi_environ, [("content-length", "7")], b"12"),
            told(cgi_environ, [("content-type", "")], b"1"),
        ]

    check.probe(
        cgi_environ,
        others,
        expected=[
            {"CONTENT_LENGTH": "300"}, {"CONTENT_TYPE": "a/b; c=d"}, {}, {"CONTENT_LENGTH": "2"},
            {"CONTENT_LENGTH": "1", "CONTENT_TYPE": ""},
        ],
        **RULE,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="cgi-text"
# ## 2. To run a script
#
# The answer comes back on the script's output, and it is not quite HTTP: no status line, lines that
# may end in a mere `\n`, and three fields that the *server* acts on.
#
# | a script says | the server answers |
# |---|---|
# | `Content-Type: text/plain`, an empty line, content | 200 with it |
# | `Status: 404 Not Found` as well | 404, and the field goes no further |
# | `Location: https://example.org/` | 302, the client goes there |
# | `Location: /other` | nothing yet: it asks *itself* for `/other`, and the client never knows |
#
# And a script is a *program*. It may crash, print nonsense, print without end, never end, or leave a
# child behind that never ends. A server that waits for it dies of the first bad script:

# %%
began = time.perf_counter()
subprocess.run(["/bin/sh", "-c", "sleep 0.7 & echo started"], capture_output=True)
print(
    f"the shell was done at once, and reading its output after {time.perf_counter() - began:.1f} s"
)

# %% [markdown] role="given" id="cgi-why"
# The shell had ended, but the `sleep` that it left behind still held the other end of the pipe, and reading
# a pipe ends only when *everybody* has let go of it. With `timeout=` you would get away in time, and
# kill the shell; the `sleep` would live on, one more for each request. The cure is as old as Unix: a
# **process group** of its own for the script (`start_new_session=True`), and the signal goes to the
# group (`os.killpg`).

# %% [markdown] role="given" id="cgi-brief"
# ### Exercise 2: run a script within limits
#
# Write two functions.
#
# `parse_cgi(output: bytes) -> Response | str`, RFC 3875 sections 6.2 and 6.3:
#
# - Lines end in `\n` or `\r\n`; the first empty one ends the head, what follows is content, untouched.
# - A line is a name, `:` and a value, without spaces and tabs around it, one character for each octet.
#   Names are letters, digits and `-`.
# - `Status`, in any case: three digits, then nothing or a space and whatever; it does not go into
#   `fields`. The others do, in order, names as they are.
# - Without `Status`, a `Location` that begins with `/` is a **local redirect**: return its text; a
#   `Location` otherwise gives 302; none gives 200.
# - `ValueError` for: no empty line; a line of another form, or with a control character (below `0x20`,
#   or `0x7f`) other than a tab; a bad `Status`; none of `Status`, `Location` and `Content-Type`; one of
#   these three twice; content without a `Content-Type` (but a local redirect may).
#
# `run_cgi(command: list[str], environ: dict[str, str], content: bytes = b"", within_s: float = 5.0,
# most: int = 1_000_000) -> Response | str`:
#
# - The command runs with exactly these variables (one character of a text is one octet for the script),
#   and finds `content` on its input. It need not read it.
#   What it writes to its standard error goes nowhere.
# - Its answer is what it (and its children) write until the last of them closes the output;
#   `parse_cgi` reads it. The exit status does not matter.
# - `Response(504)` if that takes longer than `within_s` seconds; `Response(502)` if it is more than
#   `most` octets, which are not collected, or if `parse_cgi` raises `ValueError`, or if the command
#   cannot be started (there is no such program, or a variable has a `\x00` in it).
# - When it returns, the script *and its children* are gone, and no descriptor is left open.


# %% role="answer" id="cgi-answer"
def parse_cgi(output: bytes) -> Response | str:
    """What a script's output means; a text is the path that the server is to ask itself for."""
    ### BEGIN SOLUTION
    fields, said, rest = [], {}, output
    while True:
        line, end, rest = rest.partition(b"\n")
        if not end:
            raise ValueError("the head has no end")
        text = line.removesuffix(b"\r").decode("latin-1")
        if not text:
            break
        name, colon, value = text.partition(":")
        value = value.strip(" \t")
        if not (colon and name.isascii() and name.replace("-", "a").isalnum()):
            raise ValueError(f"no field: {text!r}")
        if any((c < " " and c != "\t") or c == "\x7f" for c in text):
            raise ValueError("a control character")
        key = name.lower()
        if key in said:
            raise ValueError(f"{name} twice")
        if key in ("status", "location", "content-type"):
            said[key] = value
        if key != "status":
            fields.append((name, value))
    if not said:
        raise ValueError("none of the three fields")
    status = said.get("status", "302" if "location" in said else "200")
    code, _, _ = status.partition(" ")
    if not (len(code) == 3 and code.isascii() and code.isdigit()):
        raise ValueError(f"no status: {status!r}")
    if "status" not in said and said.get("location", "").startswith("/"):
        return said["location"]
    if rest and "content-type" not in said:
        raise ValueError("content without a type")
    return Response(int(code), tuple(fields), rest)
    ### END SOLUTION


def run_cgi(
    command: list[str],
    environ: dict[str, str],
    content: bytes = b"",
    within_s: float = 5.0,
    most: int = 1_000_000,
) -> Response | str:
    """Run a script for one request, and bring back its answer."""
    ### BEGIN SOLUTION
    deadline = time.monotonic() + within_s
    octets = {name: text.encode("latin-1") for name, text in environ.items()}
    with tempfile.TemporaryFile() as body:
        body.write(content)
        body.seek(0)
        try:
            script = subprocess.Popen(
                command, env=octets, stdin=body, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError):  # no such program; a zero octet in a variable
            return Response(502)
    output = b""
    try:
        while len(output) <= most:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([script.stdout], [], [], left)[0]:
                return Response(504)
            part = os.read(script.stdout.fileno(), 65_536)
            if not part:
                return parse_cgi(output)
            output += part
        return Response(502)
    except ValueError:
        return Response(502)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(script.pid, signal.SIGKILL)
        script.stdout.close()
        script.wait()
    ### END SOLUTION


# %% [markdown] role="hint" id="cgi-hint-1"
# Nudge
# Reading the answer and running the script are two problems; write `parse_cgi` first. For the other:
# who may still hold the pipe when the script has ended, and what if its content is larger than a pipe?

# %% [markdown] role="hint" id="cgi-hint-2"
# Way
# Content into a `tempfile.TemporaryFile()`, rewound, as `stdin`: a file never blocks. Read
# `script.stdout` by hand, with `select.select(..., left)` before each `os.read`; kill the group in a
# `finally`, then `wait`.

# %% [markdown] role="hint" id="cgi-hint-3"
# Almost
# `subprocess.Popen(command, env=octets, stdin=body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
# start_new_session=True)`; `while len(output) <= most:`;
# `os.killpg(script.pid, signal.SIGKILL)` raises `ProcessLookupError` if nobody is left. A line of the
# head: `line, end, rest = rest.partition(b"\n")`. `env` takes bytes as values: `text.encode("latin-1")`.


# %% role="test" id="cgi-test-parse" points=2
@check.test
def _():
    # What scripts say.
    RULE = dict(
        rule="Lines up to an empty one; Status and Location decide the code; the rest is passed on.",
        rfc="RFC 3875 sections 6.2 and 6.3",
    )
    check.each(
        parse_cgi,
        [
            b"Content-Type: text/plain\n\nhi\n",
            b"Status: 404 Not Found\r\nContent-Type: a/b\r\n\r\n",
        ],
        expected=[
            Response(200, (("Content-Type", "text/plain"),), b"hi\n"),
            Response(404, (("Content-Type", "a/b"),), b""),
        ],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    typed = ("Content-Type", "a/b")
    cases = {
        b"Content-Type:a/b\n\n": Response(200, (typed,)),
        b"content-TYPE: \t a/b \t\n\n\n\r\nx": Response(
            200, (("content-TYPE", "a/b"),), b"\n\r\nx"
        ),
        b"Content-Type: a/b\r\n\nx\r\n\r\ny": Response(200, (typed,), b"x\r\n\r\ny"),
        b"Content-Type: a/b\nX: \xa0v\x85\nY:XbX\n\n": Response(
            200, (typed, ("X", "\xa0v\x85"), ("Y", "XbX"))
        ),
        b"status:204\n\n": Response(204),
        b"STATUS: 200\nX-A: 1\n\n": Response(200, (("X-A", "1"),)),
        b"Status: 299 \n\n": Response(299),
        b"Status: 418 I'm: a teapot\nContent-Type: a/b\n\nx": Response(418, (typed,), b"x"),
        b"X-B: 2\nContent-Type: a/b\nX-A: 1\nX-B: 3\n\n": Response(
            200, (("X-B", "2"), typed, ("X-A", "1"), ("X-B", "3"))
        ),
        b"Content-Type: a/b\nX: \xe9:\t;\n\n\xff\x00": Response(
            200, (typed, ("X", "\xe9:\t;")), b"\xff\x00"
        ),
        b"Content-Type:\n\nx": Response(200, (("Content-Type", ""),), b"x"),
        b"Location: https://a.example/b\n\n": Response(302, (("Location", "https://a.example/b"),)),
        b"location: https://a.example/\nContent-Type: a/b\n\ngone": Response(
            302, (("location", "https://a.example/"), typed), b"gone"
        ),
        b"Status: 301\nLocation: /x\n\n": Response(301, (("Location", "/x"),)),
        b"Location: /x\nStatus: 303 See Other\n\n": Response(303, (("Location", "/x"),)),
        b"Location: other\n\n": Response(302, (("Location", "other"),)),
        b"Location: /x?y=1\n\n": "/x?y=1",
        b"LOCATION: /x\n\nleft over": "/x",
        b"X-A: 1\nLocation: //x\nContent-Type: a/b\n\n": "//x",
    }
    check.each(parse_cgi, list(cases), expected=list(cases.values()), **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="cgi-test-refuse" points=1
@check.test
def _():
    # What no server should pass on.
    RULE = dict(
        rule="Output of another form than the brief's is an error.", rfc="RFC 3875 section 6.3"
    )
    check.refuses_each(parse_cgi, [b"", b"hello\n\n", b"Content-Type: a/b\nhello"], **RULE)
    ### BEGIN HIDDEN TESTS
    bad = [
        b"\n", b"\n\nhello", b"X-A: 1\n\n", b"Content-Type: a/b", b"Content-Type: a/b\n", b": a\n\n",
        b"Status 200\nContent-Type: a/b\n\n", b"Content-Type : a/b\n\n", b" Content-Type: a/b\n\n",
        b"Content-Type: a/b\n X: folded\n\n", b"Content-Type: a/b\nX_Y: 1\n\n", b"Content-Type: a/b\nX\xe9: 1\n\n",
        b"Content-Type: a/b\nX: \x00\n\n", b"Content-Type: a/b\nX: a\rb\n\n", b"Content-Type: a/b\nX: \x7f\n\n",
        b"Content-Type: a/b\nX: \x1f\n\n", b"Content-Type: a/b\r\r\n\r\n",
        b"Status: 20\n\n", b"Status: 2000\n\n", b"Status:\n\n", b"Status: OK\n\n", b"Status: 200OK\n\n",
        b"Status: -20\n\n", b"Status: \xb2\xb2\xb2\n\n", b"Status: HTTP/1.1 200 OK\n\n", b"Status: 200\tOK\n\n",
        b"Status: 200\nstatus: 200\n\n", b"Location: /x\nLocation: /x\n\n",
        b"Content-Type: a/b\ncontent-type: a/b\n\n", b"Status: 200\n\nx", b"Location: https://a/\n\nx",
        b"HTTP/1.1 200 OK\nContent-Type: a/b\n\n", b"Content-Type: a/b\n\r",
    ]  # fmt: skip
    check.refuses_each(parse_cgi, bad, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="cgi-test-run" points=2
@check.test
def _():
    # Scripts that behave.
    RULE = dict(
        rule="Exactly these variables, the content on the input, the output read to its end.",
        rfc="RFC 3875 sections 4.1, 4.2 and 6",
        within_s=4,
    )
    head = 'printf "Content-Type: a/b\\n\\n";'
    typed = (("Content-Type", "a/b"),)

    def sh(text):
        return ["/bin/sh", "-c", text]

    check(
        run_cgi, sh(head + 'echo "$PATH_INFO"; /bin/cat'), {"PATH_INFO": "/tea"}, b"milk",
        expected=Response(200, typed, b"/tea\nmilk"), **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS
    large = bytes(random.Random(24).randbytes(200_000))
    cases = [
        (sh(head + "echo $HOME$USER$LANG$TERM-$WIRELAB"), {"WIRELAB": "x"}),
        (sh(head + 'echo "$PATH_INFO"'), {"PATH_INFO": "/S\xc3\xb8r\xff"}),
        (sh(head + "/bin/cat"), {}),
        (sh(head + "/bin/cat"), {}, large),
        (sh(head + "exec 0<&-; echo read nothing"), {}, large),
        (sh(head + "echo loud >&2; echo done; exit 3"), {}),
        (sh('echo "Location: /other"; echo'), {}),
        (sh(head + "(echo one; /bin/cat) & wait; echo two"), {}, b""),
        (["/no/such/program"], {}),
        (sh(head), {"PATH_INFO": "/\x00"}),
        (sh("echo nonsense"), {}),
        (sh(":"), {}),
    ]
    expected = [
        Response(200, typed, b"-x\n"), Response(200, typed, b"/S\xc3\xb8r\xff\n"), Response(200, typed), Response(200, typed, large),
        Response(200, typed, b"read nothing\n"), Response(200, typed, b"done\n"), "/other",
        Response(200, typed, b"one\ntwo\n"), *[Response(502)] * 4,
    ]  # fmt: skip
    for case, wanted in zip(cases, expected, strict=True):
        check(run_cgi, *case, expected=wanted, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="cgi-test-limits" points=2 tags=["beside"]
@check.test
def _():
    # Scripts that do not behave.
    RULE = dict(
        rule="A deadline for the whole answer, a limit for its size, and nobody left behind.",
        rfc="RFC 3875 section 3.4",
        within_s=3,
    )
    head = 'printf "Content-Type: a/b\\n\\n";'

    def status(answer):
        return answer.status if isinstance(answer, Response) else answer

    def slow(run_cgi):
        """A script that sleeps."""
        began = time.monotonic()
        answer = run_cgi(["/bin/sh", "-c", head + "sleep 9"], {"PATH": os.defpath}, within_s=0.2)
        return status(answer), time.monotonic() - began < 2

    check.probe(run_cgi, slow, expected=(504, True), **RULE)
    ### BEGIN HIDDEN TESTS

    def sizes(run_cgi):
        """Answers of 2018, 2019 and 2020 octets, where 2019 are allowed; and one without end."""
        found = []
        for size in (2000, 2001, 2002):
            text = head + f"printf %0{size}d 0"
            found.append(status(run_cgi(["/bin/sh", "-c", text], {}, most=2019 + 1)))
        text = head + "while :; do echo yes; done"
        return [*found, status(run_cgi(["/bin/sh", "-c", text], {}, most=100_000))]

    check.probe(run_cgi, sizes, expected=[200, 200, 502, 502], **RULE)

    def dripping(run_cgi):
        """A script that writes something all the time, slowly, and never ends."""
        began = time.monotonic()
        text = head + "while :; do echo drip; sleep 0.05; done"
        answer = run_cgi(["/bin/sh", "-c", text], {"PATH": os.defpath}, within_s=0.3)
        return status(answer), time.monotonic() - began < 2

    check.probe(
        run_cgi,
        dripping,
        expected=(504, True),
        rule="The deadline is for the whole answer: each octet that comes does not begin it anew.",
        within_s=1.5,
    )

    def gone(number):
        """Whether a process ends soon; it is ended here if not."""
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            try:
                os.kill(number, 0)
                with open(f"/proc/{number}/stat") as file:
                    if file.read().rpartition(")")[2].split()[0] == "Z":
                        return True
            except OSError:
                return True
            select.select([], [], [], 0.01)
        with contextlib.suppress(OSError):
            os.kill(number, signal.SIGKILL)
        return False

    def children(run_cgi):
        """A child left behind, by a script that ends, by one that does not; one without the pipe."""
        found = []
        with tempfile.TemporaryDirectory() as folder:
            note = os.path.join(folder, "note")
            for text in ("sleep 4 & echo $! >NOTE", "sleep 4 & echo $! >NOTE; sleep 4",
                         "sleep 4 >/dev/null & echo $! >NOTE"):  # fmt: skip
                command = ["/bin/sh", "-c", head + text.replace("NOTE", note)]
                answer = run_cgi(command, {"PATH": os.defpath}, within_s=0.25)
                with open(note) as file:
                    found.append((status(answer), gone(int(file.read()))))
        return found

    check.probe(
        run_cgi,
        children,
        expected=[(504, True), (504, True), (200, True)],
        rule="Kill the whole group, always: a child holds the pipe, or simply lives on.",
        within_s=3,
    )
    ### END HIDDEN TESTS


# %% role="test" id="cgi-test-leaves" points=1 tags=["beside"]
@check.test
def _():
    # What is left in the server after some scripts.
    RULE = dict(
        rule="Close the pipe, and wait for the child: else each request leaves something behind.",
        within_s=3,
    )

    def left(run_cgi, *kinds):
        """Descriptors more than before, and whether there are children nobody waited for."""

        def ask():
            for command, within_s in kinds:
                run_cgi(command, {"PATH": os.defpath}, within_s=within_s)

        ask()
        folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
        before = len(os.listdir(folder))
        for _ in range(3):
            ask()
        after = len(os.listdir(folder))
        try:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            dead = False
        return after - before, dead

    def good(run_cgi):
        """Scripts that behave."""
        return left(run_cgi, (["/bin/sh", "-c", "echo Status: 200; echo"], 5))

    check.probe(run_cgi, good, expected=(0, False), **RULE)
    ### BEGIN HIDDEN TESTS

    def bad(run_cgi):
        """Scripts that are late, and commands that are none."""
        return left(run_cgi, (["/bin/sh", "-c", "sleep 9"], 0.01), (["/no/such"], 5))

    check.probe(run_cgi, bad, expected=(0, False), **RULE)

    def complaints(run_cgi):
        """What a script that complains leaves on the server's own standard error."""
        with tempfile.TemporaryFile() as file:
            kept = os.dup(2)
            os.dup2(file.fileno(), 2)
            try:
                run_cgi(["/bin/sh", "-c", "echo oh no >&2"], {})
            finally:
                os.dup2(kept, 2)
                os.close(kept)
            file.seek(0)
            return file.read()

    check.probe(run_cgi, complaints, expected=b"", rule="A script's standard error goes nowhere.")
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="cgi-after"
# Two numbers to keep in mind: a script has a deadline, an answer has a size. Every server has both
# (Apache's `TimeOut`, nginx's `fastcgi_read_timeout`), and where they end up is a 504 or a 502.

# %% [markdown] role="given" id="app-text"
# ## 3. A function instead of a process
#
# A process for each request is dear (exercise 7 will say how dear). WSGI, PEP 3333, keeps the table of
# variables and drops the process: the server *calls* the application.
#
#     def app(environ, start_response):
#         start_response("200 OK", [("Content-Type", "text/plain")])
#         return [b"hello"]
#
# `environ` holds the variables of exercise 1 and a few more: `wsgi.input`, a file with the content;
# `wsgi.errors`, a file for complaints. `start_response` takes a status with its phrase and a list of
# fields. What is returned is an **iterable of bytes**: a list, a generator, an open file.
#
# Below, a real application is called, and each thing that crosses the seam is an arrow. Step through
# it: when is `start_response` called, if the application is a generator? And who calls `close`?


# %% role="given" id="app-given-conversation" jupyter={"source_hidden": true}
def conversation(app, environ=None):
    """Call an application as a server does; the ladder of what crossed the seam, a list of arrows."""
    environ = dict(environ or {})
    setup_testing_defaults(environ)
    arrows = []

    def server(label, note=""):
        arrows.append(Arrow("left", label, note))

    def application(label, note=""):
        arrows.append(Arrow("right", label, note))

    def start_response(status, fields, *exc_info):
        application(
            f"start_response({status!r}, ...)",
            "The server keeps this to itself until there is content to send with it."
            if not exc_info
            else "With exc_info: the application has changed its mind, after an error.",
        )
        return lambda block: application(f"write({block[:12]!r})", "The old way to send.")

    server(
        "app(environ, start_response)",
        f"The request: {environ['REQUEST_METHOD']} {environ['PATH_INFO']}",
    )
    blocks = app(environ, start_response)
    application(
        f"returns a {type(blocks).__name__}", "Something to iterate over, and no content yet."
    )
    each = iter(blocks)
    while True:
        server("next()", "The server asks for the next block.")
        try:
            block = next(each)
        except StopIteration:
            application("StopIteration", "There is no more.")
            break
        application(f"{block[:16]!r}", "Bytes: the server sends them before it asks for more.")
    if hasattr(blocks, "close"):
        server("close()", "Always, and once: also if the client went away in the middle.")
    return arrows


def counting(environ, start_response):
    """A generator is an application too: nothing runs before the first next()."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(3):
        yield f"{number}\n".encode()


# %%
Ladder(
    conversation(counting),
    left="server",
    right="application",
    title="One call of a WSGI application",
    step=1,
)

# %%
Ladder(conversation(weather, {"QUERY_STRING": "oslo"}), left="server", right="application", step=1)

# %% [markdown] role="given" id="app-claim"
# **Is it so?** "WSGI lets one write the front end and the back end in one language." *False.* What runs
# in the browser is not touched by it, and both sides of this seam are Python already. What it parts is
# the choice of the **server** from the choice of the **framework** (PEP 3333, "Original Rationale and
# Goals"). Here is one Flask application, and three servers that never heard of each other:


# %%
def by_wsgiref(listener, app):
    from wsgiref.simple_server import ServerHandler

    connection, _ = listener.accept()
    with connection:
        request = next_request(connection)
        environ = {"REQUEST_METHOD": request.method, "PATH_INFO": request.target}
        setup_testing_defaults(environ)
        with connection.makefile("wb") as out:
            ServerHandler(io.BytesIO(), out, io.StringIO(), environ).run(app)


async def by_uvicorn(listener, app):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from uvicorn.middleware.wsgi import WSGIMiddleware

        await serve_uvicorn(listener, WSGIMiddleware(app))


def by_werkzeug(listener, app):
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_):
            """Nothing on stderr."""

    server = make_server(*listener.getsockname(), app, request_handler=Quiet, fd=listener.fileno())
    server.handle_request()
    server.server_close()


for serve in (by_wsgiref, by_uvicorn, by_werkzeug):
    with running(serve, flask_weather) as server:
        client = http.client.HTTPConnection(*server.address, timeout=5)
        client.request("GET", "/")
        answer = client.getresponse()
        print(
            f"{serve.__name__:12} {answer.status} {answer.read()}  Server: {answer.headers['Server']}"
        )
        client.close()

# %% [markdown] role="given" id="app-strings"
# One thing in `environ` surprises everybody once. Texts in WSGI are `str` with **one character for each
# octet** (PEP 3333, "Unicode Issues"): the path of `/hello/Søren` comes as `"/hello/S\xc3\xb8ren"`, since
# UTF-8 has two octets for `ø`. To read it, go back to octets first:

# %%
came = unquote("/hello/S%C3%B8ren", "latin-1")
print(repr(came), "is", repr(came.encode("latin-1").decode("utf-8")))

# %% [markdown] role="given" id="app-brief"
# ### Exercise 3: an application
#
# Write `greeter(environ, start_response)`, a WSGI application without a framework:
#
# | request | answer |
# |---|---|
# | `GET` or `HEAD` `/hello/NAME` | `200 OK`, type `text/plain; charset=utf-8`, content `hello, NAME` and a newline, in UTF-8 |
# | the same, where NAME is no UTF-8 | `400 Bad Request` |
# | `POST /shout` | `200 OK`, type `application/octet-stream`, the content with `bytes.upper()` |
# | one of these paths with another method | `405 Method Not Allowed`, `Allow: GET, HEAD` or `Allow: POST` |
# | anything else | `404 Not Found` |
#
# - The path is `PATH_INFO`, which may be missing: then it is `""`. A NAME is not empty and has no `/` in it.
# - Every answer has a `Content-Type` and the right `Content-Length`; to HEAD, the fields are those of
#   GET and there is no content.
# - Of `wsgi.input` read exactly `CONTENT_LENGTH` octets, and only for `POST /shout`: more may
#   never come (RFC 3875 section 4.2). The variable may be missing or `""`: no content. Not digits:
#   400.
# - Return a list of bytes; leave `environ` as it is.


# %% role="answer" id="app-answer"
def greeter(environ, start_response):
    """Greets by name, and shouts."""
    ### BEGIN SOLUTION
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    status, kind, fields, content = "200 OK", "text/plain; charset=utf-8", [], b""
    name = path.removeprefix("/hello/")
    if path.startswith("/hello/") and name and "/" not in name:
        if method not in ("GET", "HEAD"):
            status, fields = "405 Method Not Allowed", [("Allow", "GET, HEAD")]
        else:
            octets = name.encode("latin-1")
            try:
                content = f"hello, {octets.decode('utf-8')}\n".encode()
            except UnicodeDecodeError:
                status = "400 Bad Request"
    elif path == "/shout" and method != "POST":
        status, fields = "405 Method Not Allowed", [("Allow", "POST")]
    elif path == "/shout":
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit():
            kind, content = (
                "application/octet-stream",
                environ["wsgi.input"].read(int(length)).upper(),
            )
        else:
            status = "400 Bad Request"
    else:
        status = "404 Not Found"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(content))), *fields])
    return [] if method == "HEAD" else [content]
    ### END SOLUTION


# %% [markdown] role="hint" id="app-hint-1"
# Nudge
# Decide first, speak once: one place that works out status, fields and content, and one call of
# `start_response` at the end.

# %% [markdown] role="hint" id="app-hint-2"
# Way
# The name: `path.removeprefix("/hello/")`, then `.encode("latin-1").decode("utf-8")` in a `try`. For HEAD
# do everything as for GET and return `[]`.

# %% [markdown] role="hint" id="app-hint-3"
# Almost
# `environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))` once you know that it is digits
# (`isascii()` and `isdigit()`); `("Content-Length", str(len(content)))`: octets, not characters.


# %% role="given" id="app-given-call"
class Told:
    """What an application told its server, and how the server was treated."""

    def __init__(self):
        self.heads, self.blocks, self.closed = [], [], 0

    def seen(self):
        """Status, fields with names in lower case and sorted, content; of the head that counts."""
        status, fields = self.heads[-1] if self.heads else ("", [])
        return (
            status,
            sorted((name.lower(), value) for name, value in fields),
            b"".join(self.blocks),
        )


class Input:
    """Content as a client sends it: who asks for more than there is would wait for ever."""

    def __init__(self, content):
        self.content, self.asked = content, []

    def read(self, size=-1):
        self.asked.append(size)
        if size is None or size < 0 or size > len(self.content):
            raise RuntimeError("you wait for octets that the client will not send")
        piece, self.content = self.content[:size], self.content[size:]
        return piece

    def readline(self):
        """As a file has it; `__iter__` and `readlines` too: a validator asks for them."""
        return self.read(len(self.content))

    readlines = __iter__ = readline


def call_app(app, content=b"", most=None, **changed):
    """Call an application once, as a server does, and return what it Told.

    `changed` are variables (`PATH_INFO="/x"`; None takes one out); `most` breaks off after so many
    blocks, as when the client has gone.
    """
    environ = {"CONTENT_LENGTH": str(len(content))} if content else {}
    errors = io.StringIO()
    environ |= {
        "wsgi.input": Input(content),
        "wsgi.errors": errors,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
    }
    environ |= changed
    setup_testing_defaults(environ)
    environ = {name: value for name, value in environ.items() if value is not None}
    told = Told()

    def start_response(status, fields, exc_info=None):
        if told.heads and not exc_info:
            raise AssertionError("start_response was called twice")
        if any(told.blocks) and exc_info:
            raise exc_info[1]
        told.heads.append((status, list(fields)))
        return told.blocks.append

    blocks = app(environ, start_response)
    try:
        for block in blocks:
            told.blocks.append(block)
            if most is not None and len(told.blocks) >= most:
                break
    finally:
        if hasattr(blocks, "close"):
            blocks.close()
    told.errors = errors.getvalue()
    return told


# %% role="test" id="app-test-hello" points=2
@check.test
def _():
    # Greetings.
    RULE = dict(
        rule="One character of PATH_INFO is one octet; the answer's content is bytes, counted in bytes.",
        rfc='PEP 3333 "Unicode Issues"',
    )

    def hello(greeter, *paths, method="GET"):
        return [call_app(greeter, PATH_INFO=path, REQUEST_METHOD=method).seen() for path in paths]

    def wanted(text):
        octets = f"hello, {text}\n".encode()
        fields = [
            ("content-length", str(len(octets))),
            ("content-type", "text/plain; charset=utf-8"),
        ]
        return "200 OK", fields, octets

    def example(greeter):
        """GET /hello/ada, and /hello/Søren in UTF-8."""
        return hello(greeter, "/hello/ada", "/hello/S\xc3\xb8ren")

    check.probe(greeter, example, expected=[wanted("ada"), wanted("Søren")], **RULE)
    ### BEGIN HIDDEN TESTS

    def more(greeter):
        """Names of other alphabets."""
        names = ["日本", " ", "a b", "+", "%41", "hello", "ada?x", "\n", "é" * 300]
        return hello(greeter, *("/hello/" + name.encode().decode("latin-1") for name in names))

    check.probe(
        greeter, more,
        expected=[wanted(n) for n in ["日本", " ", "a b", "+", "%41", "hello", "ada?x", "\n", "é" * 300]],
        **RULE,
    )  # fmt: skip

    def head(greeter):
        """HEAD: the same fields, no content."""
        return hello(greeter, "/hello/ada", "/hello/S\xc3\xb8ren", method="HEAD")

    check.probe(
        greeter, head, expected=[(*wanted(name)[:2], b"") for name in ("ada", "Søren")],
        rule="To HEAD, everything as to GET but the content.", rfc="RFC 9110 section 9.3.2",
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="app-test-other" points=2
@check.test
def _():
    # Other paths, other methods.
    RULE = dict(
        rule="404 for unknown paths, 405 with Allow for known ones.", rfc="RFC 9110 section 15.5.6"
    )

    def statuses(greeter, *asked):
        """Status, Allow, and whether the length is right."""
        found = []
        for method, path in asked:
            status, fields, content = call_app(
                greeter, PATH_INFO=path, REQUEST_METHOD=method
            ).seen()
            said = dict(fields)
            right = method == "HEAD" or said.get("content-length") == str(len(content))
            found.append((status, said.get("allow", ""), right and "content-type" in said))
        return found

    def example(greeter):
        """GET /, DELETE /hello/ada, GET /shout."""
        return statuses(greeter, ("GET", "/"), ("DELETE", "/hello/ada"), ("GET", "/shout"))

    check.probe(
        greeter, example,
        expected=[("404 Not Found", "", True), ("405 Method Not Allowed", "GET, HEAD", True),
                  ("405 Method Not Allowed", "POST", True)],
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS
    lost, bad = ("404 Not Found", "", True), ("400 Bad Request", "", True)
    cases = {
        ("GET", ""): lost, ("GET", None): lost, ("GET", "/hello"): lost, ("GET", "/hello/"): lost, ("GET", "/hello/a/b"): lost,
        ("GET", "/hello/a/"): lost, ("POST", "/shout/"): lost, ("POST", "/Shout"): lost, ("GET", "/Hello/a"): lost,
        ("POST", "/x/shout"): lost, ("GET", "/x/hello/a"): lost, ("DELETE", "/hello/"): lost, ("HEAD", "/"): lost,
        ("GET", "/hello/\xff"): bad, ("HEAD", "/hello/\xc3"): bad, ("GET", "/hello/a\xed\xa0\x80"): bad,
        ("POST", "/hello/a"): ("405 Method Not Allowed", "GET, HEAD", True),
        ("get", "/hello/a"): ("405 Method Not Allowed", "GET, HEAD", True),
        ("HEAD", "/shout"): ("405 Method Not Allowed", "POST", True),
        ("PUT", "/shout"): ("405 Method Not Allowed", "POST", True),
    }  # fmt: skip

    def others(greeter):
        """What became of each."""
        return dict(zip(cases, statuses(greeter, *cases), strict=True))

    check.probe(greeter, others, expected=cases, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="app-test-shout" points=2
@check.test
def _():
    # Content, and not an octet more.
    RULE = dict(
        rule="Read CONTENT_LENGTH octets of wsgi.input, no more and no less.",
        rfc='RFC 3875 section 4.2, PEP 3333 "Input and Error Streams"',
        within_s=2,
    )

    def shout(greeter, content, said=(), **changed):
        changed = {"PATH_INFO": "/shout", "REQUEST_METHOD": "POST"} | changed
        status, fields, came = call_app(greeter, content, **changed).seen()
        return status, dict(fields).get("content-type"), dict(fields).get("content-length"), came

    def example(greeter):
        """POST /shout with five octets."""
        return shout(greeter, b"hello")

    check.probe(
        greeter, example, expected=("200 OK", "application/octet-stream", "5", b"HELLO"), **RULE
    )
    ### BEGIN HIDDEN TESTS

    def more(greeter):
        """Binary content, none, and more on the wire than is meant."""
        return [
            shout(greeter, b"\xff\x00a\nb"),
            shout(greeter, b"", CONTENT_LENGTH=None),
            shout(greeter, b"", CONTENT_LENGTH=""),
            shout(greeter, b"", CONTENT_LENGTH="0"),
            shout(greeter, b"helloGET /next", CONTENT_LENGTH="5"),
            shout(greeter, b"a" * 70_000)[:3],
        ]

    kind = "application/octet-stream"
    check.probe(
        greeter, more,
        expected=[("200 OK", kind, "5", b"\xff\x00A\nB"), *[("200 OK", kind, "0", b"")] * 3,
                  ("200 OK", kind, "5", b"HELLO"), ("200 OK", kind, "70000")],
        **RULE,
    )  # fmt: skip

    def wrong(greeter):
        """Lengths that are none."""
        return [
            shout(greeter, b"ab", CONTENT_LENGTH=n)[0]
            for n in ("x", "-1", "+1", "1.0", " 1", "\xb2", "1_0")
        ]

    check.probe(greeter, wrong, expected=["400 Bad Request"] * 7, **RULE)

    def unread(greeter):
        """Is content read that nobody asked for? And is environ left as it was?"""
        found = []
        for method, path in (
            ("GET", "/hello/a"),
            ("POST", "/"),
            ("PUT", "/shout"),
            ("POST", "/hello/a"),
        ):
            came = Input(b"abc")
            told = call_app(
                greeter, b"abc", PATH_INFO=path, REQUEST_METHOD=method, **{"wsgi.input": came}
            )
            found.append((told.seen()[0][:3], came.asked))
        return found

    check.probe(
        greeter, unread, expected=[("200", []), ("404", []), ("405", []), ("405", [])],
        rule="Read content only where it is wanted.",
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="layers-text"
# ## 4. Middleware
#
# Something that takes an application and *is* an application stands in the middle, and nobody on either
# side can tell. Measure time, pack content, log in, catch errors: each is a function from application to
# application, and they can be put around each other like the skins of an onion.
#
# ![A request goes in through timing, packing and error page to the application, and its answer out again in the opposite order](figures/onion.svg)
#
# Two things make it harder than it looks. The call returns **before** the content is made: an
# application may be a generator, and nothing of it has run yet. Here is a clock that measures nothing:


# %%
def hasty_clock(app):
    def timed_app(environ, start_response):
        began = time.perf_counter()
        blocks = app(environ, start_response)
        print(f"took {(time.perf_counter() - began) * 1000:.2f} ms")
        return blocks

    return timed_app


def thinks(environ, start_response):
    """Busy for 50 ms of processor time."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    until = time.perf_counter() + 0.05
    while time.perf_counter() < until:
        pass
    yield b"42"


began = time.perf_counter()
call_app(hasty_clock(thinks))
print(f"really {(time.perf_counter() - began) * 1000:.0f} ms")

# %% [markdown] role="given" id="layers-close"
# The other is **`close()`**. Whoever iterates over an application's blocks must close them, if they have
# a `close`: an open file, a transaction, a lock may hang on it. To the application, middleware is the
# server; so that is your duty now, even if you stop in the middle.
#
# A generator is a comfortable middleware: `try: ... finally:` runs at its end, at an error, and when the
# server closes it early (Python then raises `GeneratorExit` at the `yield`, which is no `Exception`).

# %% [markdown] role="given" id="layers-brief"
# ### Exercise 4: three skins, and their order
#
# Each of these takes an application and returns one. None changes `environ`. Blocks go on one by one as
# they come, and the inner iterable is closed exactly once at the end, whatever happens, if it has a
# `close`. (Applications here do not use `write`.)
#
# - `timed(app, log, clock)`: `clock()` gives seconds. After the inner iterable has been closed, once:
#   `log(method, path, seconds)`, with `REQUEST_METHOD`, `PATH_INFO` and the time since the call; also
#   when the application raises, or the server breaks off.
# - `gzipped(app)`: an answer may be packed if its `Content-Type` begins with `text/`, it has no
#   `Content-Encoding`, its status is not 204, 206 or 304, and the request is not HEAD. Such an answer gets `Vary:
#   Accept-Encoding` as one more field. If also `accepts_gzip(environ)`, which is given, it gets
#   `Content-Encoding: gzip`, loses its `Content-Length`, and its content is packed with gzip. Each block
#   can be unpacked as soon as it came (`Z_SYNC_FLUSH`); empty blocks may stay empty. Anything else
#   passes unchanged. Names of fields are in any case. `exc_info` is passed on.
# - `with_error_page(app, page: bytes)`: an `Exception`, when the application is called or while it is
#   iterated over, is written with its traceback to `wsgi.errors`; then `start_response("500 Internal
#   Server Error", ..., sys.exc_info())` with `Content-Type: text/html; charset=utf-8` and the right
#   `Content-Length`, and `page` is the content. If something was sent already, `start_response` raises,
#   and you let it.
#
# `onion(app, log, clock, page)` puts all three around `app`: the time is that of everything, and the
# error page is packed too.


# %% role="given" id="layers-given-accepts"
def accepts_gzip(environ):
    """Whether the client takes gzip (RFC 9110 section 12.5.3, without its wildcard)."""
    for item in environ.get("HTTP_ACCEPT_ENCODING", "").split(","):
        coding, _, weight = item.replace(" ", "").lower().partition(";")
        if coding == "gzip":
            return weight.removeprefix("q=").strip("0.") != "" or not weight
    return False


# %% role="answer" id="layers-answer"
def timed(app, log, clock):
    """An application that tells how long app took, to the end of its content."""
    ### BEGIN SOLUTION

    def timed_app(environ, start_response):
        method, path, began, blocks = environ["REQUEST_METHOD"], environ["PATH_INFO"], clock(), ()
        try:
            blocks = app(environ, start_response)
            for block in blocks:  # noqa: UP028 - yield from would close them a second time
                yield block
        finally:
            try:
                _close(blocks)
            finally:
                log(method, path, clock() - began)

    return timed_app
    ### END SOLUTION


def gzipped(app):
    """An application that packs what app says, for clients that can unpack it."""
    ### BEGIN SOLUTION

    def gzipped_app(environ, start_response):
        packer, blocks = None, ()

        def start(status, fields, *exc_info):
            nonlocal packer
            packer = None
            said = {name.lower(): value for name, value in fields}
            if (
                status[:3] not in ("204", "206", "304")
                and said.get("content-type", "").lower().startswith("text/")
                and "content-encoding" not in said
                and environ["REQUEST_METHOD"] != "HEAD"
            ):
                fields = [*fields, ("Vary", "Accept-Encoding")]
                if accepts_gzip(environ):
                    packer = zlib.compressobj(wbits=31)
                    fields = [each for each in fields if each[0].lower() != "content-length"]
                    fields.append(("Content-Encoding", "gzip"))
            return start_response(status, fields, *exc_info)

        try:
            blocks = app(environ, start)
            for block in blocks:
                if packer and block:
                    block = packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH)
                yield block
            if packer:
                yield packer.flush()
        finally:
            _close(blocks)

    return gzipped_app
    ### END SOLUTION


def with_error_page(app, page: bytes):
    """An application that answers with a page where app raises."""
    ### BEGIN SOLUTION

    def safe_app(environ, start_response):
        blocks = ()
        try:
            blocks = app(environ, start_response)
            for block in blocks:  # noqa: UP028
                yield block
        except Exception:
            traceback.print_exc(file=environ["wsgi.errors"])
            fields = [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(page))),
            ]
            start_response("500 Internal Server Error", fields, sys.exc_info())
            yield page
        finally:
            _close(blocks)

    return safe_app


def _close(blocks):
    if hasattr(blocks, "close"):
        blocks.close()
    ### END SOLUTION


def onion(app, log, clock, page: bytes):
    """All three around app, in the right order."""
    ### BEGIN SOLUTION
    return timed(gzipped(with_error_page(app, page)), log, clock)
    ### END SOLUTION


# %% [markdown] role="hint" id="layers-hint-1"
# Nudge
# Write the empty skin first: a generator that calls the application, yields each block, and closes in a
# `finally`. The three are this one with something added in one place.

# %% [markdown] role="hint" id="layers-hint-2"
# Way
# Not `yield from blocks`: that closes the inner iterable by itself when it is closed, and you would do it
# again. For gzip, hand the application a `start_response` of your own that looks at the fields, changes
# a copy of them, and calls the server's. For the order: which skin must see what the others made?

# %% [markdown] role="hint" id="layers-hint-3"
# Almost
# `def start(status, fields, *exc_info)` passes `*exc_info` on; `zlib.compressobj(wbits=31)` writes gzip;
# `packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH)`, and `packer.flush()` at the end.
# `except Exception:` with `traceback.print_exc(file=environ["wsgi.errors"])`. Outermost is the clock,
# innermost the error page.


# %% role="given" id="layers-given-tools"
class Blocks:
    """An iterable that counts how often it is closed; an exception among the blocks is raised."""

    def __init__(self, blocks, moments=None):
        self.blocks, self.moments, self.closed, self.given = list(blocks), moments, 0, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.moments is not None:
            self.moments[0] += 1
        if not self.blocks:
            raise StopIteration
        self.given += 1
        block = self.blocks.pop(0)
        if isinstance(block, Exception):
            raise block
        return block

    def close(self):
        self.closed += 1
        if self.moments is not None:
            self.moments[0] += 100


def saying(
    *blocks, status="200 OK", fields=(("Content-Type", "text/plain"),), moments=None, late=False
):
    """An application that says this, and the list of iterables that it has handed out.

    `moments` is a clock, a list with the time in it: a second for each block, 100 for closing, 1000
    for the call. With `late`, start_response is called when the first block is asked for.
    """
    handed = []

    def app(environ, start_response):
        if moments is not None:
            moments[0] += 1000
        if blocks and isinstance(blocks[0], ZeroDivisionError):
            raise blocks[0]
        made = Blocks(blocks, moments)
        handed.append(made)
        if not late:
            start_response(status, list(fields))
            return made

        class Late(Blocks):
            def __next__(self):
                if not self.given:
                    start_response(status, list(fields))
                return super().__next__()

        handed[-1] = Late(blocks, moments)
        return handed[-1]

    return app, handed


# %% role="test" id="layers-test-timed" points=2 tags=["beside"]
@check.test
def _():
    # The time of everything.
    RULE = dict(
        rule="The time ends when the inner iterable has been closed, however it came to that.",
        rfc='PEP 3333 "Specification Details"',
    )

    def timing(timed, *blocks, most=None, late=False):
        """What is logged (method, path, seconds), what came, and how often it was closed."""
        moments, log = [5], []
        app, handed = saying(*blocks, moments=moments, late=late)
        skin = timed(app, lambda *said: log.append(said), lambda: moments[0])
        try:
            told = call_app(skin, most=most, PATH_INFO="/x", REQUEST_METHOD="PUT")
            came = told.blocks
        except Exception as error:
            came = type(error).__name__
        return log, came, [each.closed for each in handed]

    def example(timed):
        """An application with two blocks: 1000 s for the call, 1 s for each, 100 s to close."""
        return timing(timed, b"a", b"b")

    check.probe(timed, example, expected=([("PUT", "/x", 1103)], [b"a", b"b"], [1]), **RULE)
    ### BEGIN HIDDEN TESTS

    def more(timed):
        """Nothing said; broken off; an error in the middle; an error at once; a late start."""
        return [
            timing(timed),
            timing(timed, b"a", b"b", b"c", most=1),
            timing(timed, b"a", ValueError("x")),
            timing(timed, ZeroDivisionError("x")),
            timing(timed, b"", b"a", late=True),
        ]

    put = "PUT", "/x"
    check.probe(
        timed, more,
        expected=[
            ([(*put, 1101)], [], [1]), ([(*put, 1101)], [b"a"], [1]), ([(*put, 1102)], "ValueError", [1]),
            ([(*put, 1000)], "ZeroDivisionError", []), ([(*put, 1103)], [b"", b"a"], [1]),
        ],
        **RULE,
    )  # fmt: skip

    def twice(timed):
        """One application, asked twice, the calls overlapping."""
        moments, log = [0], []
        app, _ = saying(b"a", moments=moments)
        skin = timed(app, lambda *said: log.append(said), lambda: moments[0])

        def ask(path):
            environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
            blocks = iter(skin(environ, lambda *_: None))
            next(blocks)
            environ["PATH_INFO"] = "/changed"
            return blocks

        first, second = ask("/1"), ask("/2")
        for each in (first, second):
            list(each)
            if hasattr(each, "close"):
                each.close()
        return log

    check.probe(
        timed, twice, expected=[("GET", "/1", 2103), ("GET", "/2", 1203)],
        rule="Each call has a beginning of its own, and the path that it came with.",
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="layers-test-gzip" points=3 tags=["beside"]
@check.test
def _():
    # Packed for those who can unpack it.
    RULE = dict(
        rule="Text, whole, not packed yet, not HEAD: then Vary, and for who takes it gzip, without the old length.",
        rfc="RFC 9110 sections 8.4, 12.5.3 and 12.5.5",
    )

    def packing(gzipped, fields, *blocks, status="200 OK", accept="gzip", method="GET", late=False):
        """Status, fields, and content as it is after unpacking (if it is packed)."""
        app, handed = saying(*blocks, status=status, fields=fields, late=late)
        told = call_app(gzipped(app), REQUEST_METHOD=method, HTTP_ACCEPT_ENCODING=accept)
        status, fields, content = told.seen()
        if ("content-encoding", "gzip") in fields and content[:2] == b"\x1f\x8b":
            content = "unpacked", gzip.decompress(content)
        return status, fields, content, [each.closed for each in handed]

    plain = [("Content-Type", "text/plain"), ("Content-Length", "10")]

    def example(gzipped):
        """Ten octets of text, for a client that takes gzip and for one that does not."""
        return [
            packing(gzipped, plain, b"0123456789"),
            packing(gzipped, plain, b"0123456789", accept="br"),
        ]

    vary, packed = ("vary", "Accept-Encoding"), ("content-encoding", "gzip")
    low = [(name.lower(), value) for name, value in plain]
    check.probe(
        gzipped, example,
        expected=[("200 OK", sorted([low[0], packed, vary]), ("unpacked", b"0123456789"), [1]),
                  ("200 OK", sorted([*low, vary]), b"0123456789", [1])],
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS
    cases = {
        "several blocks": (([("CONTENT-TYPE", "text/html; charset=utf-8"), ("content-LENGTH", "3")], b"a", b"", b"bc"),
                           {}, [("content-type", "text/html; charset=utf-8"), packed, vary], ("unpacked", b"abc")),
        "no block": ((plain,), {}, [low[0], packed, vary], ("unpacked", b"")),
        "late": ((plain, b"0123456789"), {"late": True}, [low[0], packed, vary], ("unpacked", b"0123456789")),
        "an image": (([("Content-Type", "image/png")], b"x"), {}, [("content-type", "image/png")], b"x"),
        "no type": (([], b"x"), {}, [], b"x"),
        "text in it": (([("Content-Type", "application/text/x")], b"x"), {}, [("content-type", "application/text/x")], b"x"),
        "packed already": (([("Content-Type", "text/plain"), ("content-ENCODING", "br")], b"x"), {},
                           [("content-type", "text/plain"), ("content-encoding", "br")], b"x"),
        "not found": ((plain, b"x"), {"status": "404 Not Found"}, [low[0], packed, vary], ("unpacked", b"x")),
        "nothing new": ((plain,), {"status": "304 Not Modified"}, low, b""),
        "nothing": ((plain,), {"status": "204 No Content"}, low, b""),
        "part": ((plain, b"x"), {"status": "206 Partial Content"}, low, b"x"),
        "other words": ((plain, b"x"), {"status": "200 Fine"}, [low[0], packed, vary], ("unpacked", b"x")),
        "HEAD": ((plain,), {"method": "HEAD"}, low, b""),
        "refused": ((plain, b"x"), {"accept": "gzip;q=0, br"}, [*low, vary], b"x"),
        "two cookies": (([*plain, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Vary", "Cookie")], b"x"), {},
                        [low[0], ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("vary", "Cookie"), packed, vary],
                        ("unpacked", b"x")),
    }  # fmt: skip

    def many(gzipped):
        """What becomes of each answer: fields and content."""
        return {
            name: packing(gzipped, *said, **how)[1:3] for name, (said, how, *_) in cases.items()
        }

    check.probe(
        gzipped, many,
        expected={name: (sorted(fields), content) for name, (_, _, fields, content) in cases.items()},
        **RULE,
    )  # fmt: skip

    def in_time(gzipped):
        """After each block: what a client can read of it."""
        app, handed = saying(b"first ", b"second ", b"third", fields=plain)
        environ = {"HTTP_ACCEPT_ENCODING": "gzip"}
        setup_testing_defaults(environ)
        blocks, reader, found = gzipped(app)(environ, lambda *_: None), zlib.decompressobj(31), []
        for block in blocks:
            found.append((reader.decompress(block), handed[0].given))
        return [each for each in found if each[0]], reader.eof

    check.probe(
        gzipped, in_time,
        expected=([(b"first ", 1), (b"second ", 2), (b"third", 3)], True),
        rule="A block goes on as soon as it came: flush the packer with Z_SYNC_FLUSH.",
        rfc='PEP 3333 "Buffering and Streaming"',
    )  # fmt: skip

    def ends(gzipped):
        """Broken off, and errors: how often closed; is environ left alone; is exc_info passed on?"""
        found = []
        for blocks, most in (((b"a", b"b", b"c"), 1), ((b"a", ValueError("x"), b"b"), None)):
            app, handed = saying(*blocks, fields=plain)
            with contextlib.suppress(ValueError):
                call_app(gzipped(app), most=most, HTTP_ACCEPT_ENCODING="gzip")
            found.append(handed[0].closed)

        def changes_its_mind(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
            try:
                raise ValueError("x")
            except ValueError:
                start_response(
                    "500 Oops", [("Content-Type", "a/b"), ("Content-Length", "4")], sys.exc_info()
                )
            return [b"oops"]

        told = call_app(gzipped(changes_its_mind), HTTP_ACCEPT_ENCODING="gzip")
        return [*found, told.seen()]

    check.probe(
        gzipped, ends,
        expected=[1, 1, ("500 Oops", [("content-length", "4"), ("content-type", "a/b")], b"oops")],
        rule="Close once, whatever happens; the last start_response decides whether to pack.",
        rfc='PEP 3333 "Error Handling"',
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="layers-test-errors" points=2 tags=["beside"]
@check.test
def _():
    # Errors become a page, while there is still time.
    RULE = dict(
        rule="An Exception before anything was sent becomes a 500 with the page, and goes into wsgi.errors.",
        rfc='PEP 3333 "Error Handling"',
    )

    def failing(with_error_page, *blocks, most=None, late=False):
        """What the client sees, what the log says, and how often it was closed."""
        app, handed = saying(*blocks, late=late)
        try:
            told = call_app(with_error_page(app, b"<h1>sorry</h1>"), most=most)
        except Exception as error:
            return type(error).__name__, str(error), [each.closed for each in handed]
        lines = told.errors.strip().splitlines() or [""]
        return told.seen(), lines[0][:9], lines[-1], [each.closed for each in handed]

    def example(with_error_page):
        """An application that divides by zero when it is called."""
        return failing(with_error_page, ZeroDivisionError("secret"))

    page = [("content-length", "14"), ("content-type", "text/html; charset=utf-8")]
    sorry = ("500 Internal Server Error", page, b"<h1>sorry</h1>")
    check.probe(
        with_error_page, example,
        expected=(sorry, "Traceback", "ZeroDivisionError: secret", []), **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS

    def more(with_error_page):
        """At the first block, after an empty one, late; in the middle; no error; broken off."""
        return [
            failing(with_error_page, ValueError("a"), b"x"),
            failing(with_error_page, b"", KeyError("b")),
            failing(with_error_page, ValueError("c"), late=True),
            failing(with_error_page, b"half", ValueError("d"), b"x"),
            failing(with_error_page, b"a", b"b"),
            failing(with_error_page),
            failing(with_error_page, b"a", b"b", most=1),
        ]

    fine = "200 OK", [("content-type", "text/plain")]
    check.probe(
        with_error_page, more,
        expected=[
            (sorry, "Traceback", "ValueError: a", [1]), (sorry, "Traceback", "KeyError: 'b'", [1]),
            (sorry, "Traceback", "ValueError: c", [1]), ("ValueError", "d", [1]),
            ((*fine, b"ab"), "", "", [1]), ((*fine, b""), "", "", [1]), ((*fine, b"a"), "", "", [1]),
        ],
        **RULE,
    )  # fmt: skip

    def lengths(with_error_page):
        """Pages of other lengths."""
        app, _ = saying(ZeroDivisionError("x"))
        return [
            call_app(with_error_page(app, page)).seen()[1:] for page in (b"", "é".encode() * 60)
        ]

    check.probe(
        with_error_page, lengths,
        expected=[([("content-length", n), page[1]], p) for n, p in (("0", b""), ("120", "é".encode() * 60))],
        **RULE,
    )  # fmt: skip

    def exits(with_error_page):
        """An application that is told to stop: no page for that."""

        def app(environ, start_response):
            raise KeyboardInterrupt

        try:
            call_app(with_error_page(app, b"sorry"))
        except BaseException as error:
            return type(error).__name__
        return "a page"

    check.probe(
        with_error_page, exits, expected="KeyboardInterrupt",
        rule="`except Exception`, not everything: KeyboardInterrupt and GeneratorExit are no errors of the application.",
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="layers-test-order" points=1 tags=["beside"]
@check.test
def _():
    # The order.
    RULE = dict(rule="The clock outermost, the error page innermost, the packing between them.")

    def around(onion, *blocks, accept="gzip"):
        """Status, coding, content; how often it was logged, and what came last."""
        events = []
        app, _ = saying(*blocks)
        skin = onion(app, lambda *said: events.append("log"), lambda: 0, b"sorry")

        def watched(environ, start_response):
            made = skin(environ, start_response)
            try:
                for block in made:
                    events.append("block")
                    yield block
            finally:
                if hasattr(made, "close"):
                    made.close()

        try:
            status, fields, content = call_app(watched, HTTP_ACCEPT_ENCODING=accept).seen()
        except Exception as error:
            return type(error).__name__, events.count("log"), events[-1]
        if ("content-encoding", "gzip") in fields:
            content = "unpacked", gzip.decompress(content)
        said = [v for n, v in fields if n in ("content-length", "vary")]
        return status, said, content, events.count("log"), events[-1]

    def example(onion):
        """An application that works."""
        return around(onion, b"fine")

    check.probe(
        onion, example,
        expected=("200 OK", ["Accept-Encoding"], ("unpacked", b"fine"), 1, "log"), **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS

    def failing(onion):
        """Errors at once, at the first block, and for another client."""
        return [
            around(onion, ZeroDivisionError("x")),
            around(onion, ValueError("x")),
            around(onion, ValueError("x"), accept=""),
            around(onion, b"half", ValueError("x")),
        ]

    wrong = "500 Internal Server Error"
    check.probe(
        onion, failing,
        expected=[
            (wrong, ["Accept-Encoding"], ("unpacked", b"sorry"), 1, "log"),
            (wrong, ["Accept-Encoding"], ("unpacked", b"sorry"), 1, "log"),
            (wrong, ["5", "Accept-Encoding"], b"sorry", 1, "log"), ("ValueError", 1, "log"),
        ],
        **RULE,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="layers-after"
# The order decided three things: whether the clock sees the packing, whether the error page is packed,
# and whether an error in the packing would be caught (it would not; which order would you choose for
# that?). Django's list `MIDDLEWARE` is such an onion, its first entry the outermost, and most puzzles
# with it are puzzles of order.

# %% [markdown] role="given" id="calls-text"
# ## 5. The server's half
#
# Now the other side. What does a server owe an application? Nearly all of it follows from one promise:
# **the head is sent as late as possible**. `start_response` only *notes* status and fields; they go out
# together with the first octets of content. Until then the application may change its mind, which it
# says by calling `start_response` again with `exc_info`, what `sys.exc_info()` gave it. Run this with
# one block more before the error, and with one less:

# %%
from wsgiref.handlers import BaseCGIHandler


def changes_its_mind(environ, start_response):
    try:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b""
        raise ValueError("the third line of the report is missing")
    except ValueError:
        start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
        yield b"sorry"


environ = {"REQUEST_METHOD": "GET"}
setup_testing_defaults(environ)
out = io.BytesIO()
BaseCGIHandler(io.BytesIO(), out, io.StringIO(), environ).run(changes_its_mind)
print(out.getvalue().decode())

# %% [markdown] role="given" id="calls-write"
# And there is `write`, which `start_response` returns: a way to send for old programs that *print* their
# pages. What is written goes out at once, before anything that is returned. New applications should
# not use it; every server must have it (PEP 3333, "The `write()` Callable").

# %% [markdown] role="given" id="calls-brief"
# ### Exercise 5: call an application
#
# Write `run_wsgi(app, environ, send_head, send_data)`. It calls `app(environ, start_response)` and sends
# what comes of it: `send_head(status, fields)` exactly once, then `send_data(block)` for each block that
# is not empty.
#
# - The head goes immediately before the first block that is not empty, returned or written; if there is
#   none, after the last (empty) block. A block goes before the next one is asked for.
# - `start_response(status, fields, exc_info=None)` notes a *copy* of `fields`, and returns `write`.
#   With `exc_info`: before the head was sent, what was noted is replaced; after, the exception
#   `exc_info[1]` is raised again.
# - `RuntimeError` from `start_response`, if it was called before (also if that call raised an error) and
#   there is no `exc_info`; from `run_wsgi`, if a block comes, even an empty one, or the end, before
#   it was called at all.
# - `ValueError` from `start_response` for a status other than three digits, a space and more; for a
#   control character (below `0x20`, or `0x7f`) or a character above `0xff` in status, name or value; for
#   the names `connection`, `keep-alive`, `transfer-encoding` and `upgrade`, in any case: they are the
#   server's. `TypeError` for a block, returned or written, that is not `bytes`.
# - If what the application returned has a `close`, it is called exactly once, at the end, also after
#   any error (the application's, or `send_head`'s and `send_data`'s: the client has gone). Errors go
#   on to the caller.


# %% role="answer" id="calls-answer"
def run_wsgi(app, environ, send_head, send_data) -> None:
    """Call a WSGI application, and send what it says."""
    ### BEGIN SOLUTION
    head, called, sent = None, False, False

    def check_head(status, fields):
        texts = [status, *(text for field in fields for text in field)]
        if not (
            status[:3].isascii() and status[:3].isdigit() and status[3:4] == " " and status[4:]
        ):
            raise ValueError(f"no status: {status!r}")
        if any(c < " " or c == "\x7f" or c > "\xff" for text in texts for c in text):
            raise ValueError("a character that no field may have")
        ours = ("connection", "keep-alive", "transfer-encoding", "upgrade")
        if any(name.lower() in ours for name, _ in fields):
            raise ValueError("that field is the server's")

    def start_response(status, fields, exc_info=None):
        nonlocal head, called
        try:
            if exc_info and sent:
                raise exc_info[1]
        finally:
            error, exc_info = bool(exc_info), None
        if called and not error:
            raise RuntimeError("start_response was called before")
        called = True
        fields = list(fields)
        check_head(status, fields)
        head = status, fields
        return write

    def write(block):
        nonlocal sent
        if not isinstance(block, bytes):
            raise TypeError(f"a block is bytes, not {type(block).__name__}")
        if head is None:
            raise RuntimeError("start_response was not called")
        if block:
            if not sent:
                sent = True
                send_head(*head)
            send_data(block)

    blocks = app(environ, start_response)
    try:
        for block in blocks:
            write(block)
        if head is None:
            raise RuntimeError("start_response was not called")
        if not sent:
            sent = True
            send_head(*head)
    finally:
        if hasattr(blocks, "close"):
            blocks.close()
    ### END SOLUTION


# %% [markdown] role="hint" id="calls-hint-1"
# Nudge
# There are three things to remember between the calls: what was noted, whether `start_response` has been
# called, and whether the head has gone. Say for each rule which of them it asks.

# %% [markdown] role="hint" id="calls-hint-2"
# Way
# One inner function `write(block)` does all the sending, for returned blocks too. `called` becomes true
# before the checks that may raise. The loop stands in `try: ... finally:` with the `close`.

# %% [markdown] role="hint" id="calls-hint-3"
# Almost
# `nonlocal head, called` in `start_response`; `if exc_info and sent: raise exc_info[1]`; `if called and
# not exc_info: raise RuntimeError`. `write` sends the head if `block and not sent`. After the loop: no
# head noted, `RuntimeError`; not sent yet, send it.


# %% role="given" id="calls-given-tools"
def sent_by(run_wsgi, app, fails_at=None):
    """What the server sent, in order, and with which exception it ended.

    Heads are (status, fields), blocks are bytes. `fails_at`: sending the block of that number fails.
    """
    sent = []
    environ = {}
    setup_testing_defaults(environ)

    def send_head(status, fields):
        sent.append((status, [tuple(field) for field in fields]))

    def send_data(block):
        if fails_at is not None and len(sent) >= fails_at:
            raise BrokenPipeError("the client has gone")
        sent.append(block)

    try:
        run_wsgi(app, environ, send_head, send_data)
    except NotImplementedError:
        raise
    except Exception as error:
        return sent, type(error).__name__
    return sent, "no error"


# %% role="test" id="calls-test-send" points=2 tags=["beside"]
@check.test
def _():
    # What is sent, and when.
    RULE = dict(
        rule="The head goes with the first octets of content, or at the end; each block before the next.",
        rfc='PEP 3333 "The start_response() Callable"',
    )
    text = [("Content-Type", "text/plain")]

    def example(run_wsgi):
        """The counting generator, and an answer without content."""
        return [sent_by(run_wsgi, counting), sent_by(run_wsgi, saying()[0])]

    check.probe(
        run_wsgi, example,
        expected=[([("200 OK", text), b"0\n", b"1\n", b"2\n"], "no error"), ([("200 OK", text)], "no error")],
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS

    def shapes(run_wsgi):
        """Empty blocks, a late start, a tuple, an iterable with one method, fields changed later."""

        class Old:
            def __getitem__(self, number):
                return [b"o", b"ld"][number]

        def old(environ, start_response):
            start_response("204 No Content", [])
            return Old()

        def changes(environ, start_response):
            fields = list(text)
            start_response("200 OK", fields)
            fields.append(("X-Late", "1"))
            return (b"a", b"")

        return [
            sent_by(run_wsgi, saying(b"", b"", b"a", b"", b"b")[0]),
            sent_by(run_wsgi, saying(b"", b"")[0]),
            sent_by(run_wsgi, saying(b"a", late=True)[0]),
            sent_by(run_wsgi, old),
            sent_by(run_wsgi, changes),
            sent_by(
                run_wsgi, saying(b"a", fields=[("A", "\xff\x80 \x7e"), ("A", ""), ("a-b", "1")])[0]
            ),
        ]

    head = ("200 OK", text)
    check.probe(
        run_wsgi, shapes,
        expected=[
            ([head, b"a", b"b"], "no error"), ([head], "no error"), ([head, b"a"], "no error"),
            ([("204 No Content", []), b"o", b"ld"], "no error"), ([head, b"a"], "no error"),
            ([("200 OK", [("A", "\xff\x80 \x7e"), ("A", ""), ("a-b", "1")]), b"a"], "no error"),
        ],
        **RULE,
    )  # fmt: skip

    def in_order(run_wsgi):
        """Sends and questions, in the order in which they happen."""
        events = []

        def app(environ, start_response):
            start_response("200 OK", [])
            for block in (b"", b"a", b"", b"b"):
                events.append(("asked", block))
                yield block
            events.append("end")

        run_wsgi(
            app, {}, lambda *_: events.append("head"), lambda block: events.append(("sent", block))
        )
        return events

    check.probe(
        run_wsgi, in_order,
        expected=[("asked", b""), ("asked", b"a"), "head", ("sent", b"a"), ("asked", b""), ("asked", b"b"),
                  ("sent", b"b"), "end"],
        **RULE,
    )  # fmt: skip

    def written(run_wsgi):
        """write: before what is returned, at once, and empty."""
        events = []

        def app(environ, start_response):
            write = start_response("200 OK", [])
            events.append("started")
            write(b"")
            events.append("nothing written")
            write(b"w1")
            events.append("written")
            write(b"w2")
            return [b"", b"r"]

        run_wsgi(app, {}, lambda *_: events.append("head"), events.append)
        return events

    check.probe(
        run_wsgi, written,
        expected=["started", "nothing written", "head", b"w1", "written", b"w2", b"r"],
        rule="What is written goes out at once, with the head before it.",
        rfc='PEP 3333 "The write() Callable"',
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="calls-test-mind" points=2 tags=["beside"]
@check.test
def _():
    # An application that changes its mind.
    RULE = dict(
        rule="With exc_info: replaced before the head was sent, raised again after. Without: only once.",
        rfc='PEP 3333 "The start_response() Callable" and "Error Handling"',
    )

    def minds(*before, again=True, exc_info=True, status="200 OK", written=()):
        """An application: start, blocks, an error, start again, a block."""

        def app(environ, start_response):
            try:
                try:
                    write = start_response(status, [("A", "1")])
                    for block in written:
                        write(block)
                except Exception:
                    if exc_info:
                        raise
                for block in before:
                    yield block
                raise KeyError("mind")
            except Exception:
                if again:
                    start_response(
                        "500 Oops", [("B", "2")], *([sys.exc_info()] if exc_info else [])
                    )
                yield b"sorry"

        return app

    def example(run_wsgi):
        """An error before anything was sent, and after."""
        return [sent_by(run_wsgi, minds(b"")), sent_by(run_wsgi, minds(b"half"))]

    check.probe(
        run_wsgi, example,
        expected=[([("500 Oops", [("B", "2")]), b"sorry"], "no error"), ([("200 OK", [("A", "1")]), b"half"], "KeyError")],
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS

    def more(run_wsgi):
        """No block; written before; without exc_info; after a start that was refused, with it and without."""
        return [
            sent_by(run_wsgi, minds()),
            sent_by(run_wsgi, minds(b"", b"", written=[b""])),
            sent_by(run_wsgi, minds(written=[b"w"])),
            sent_by(run_wsgi, minds(b"", exc_info=False)),
            sent_by(run_wsgi, minds(b"half", exc_info=False)),
            sent_by(run_wsgi, minds(status="no status")),
            sent_by(run_wsgi, minds(status="no status", exc_info=False)),
        ]

    oops, one = ("500 Oops", [("B", "2")]), ("200 OK", [("A", "1")])
    check.probe(
        run_wsgi, more,
        expected=[
            ([oops, b"sorry"], "no error"), ([oops, b"sorry"], "no error"), ([one, b"w"], "KeyError"),
            ([], "RuntimeError"), ([one, b"half"], "RuntimeError"), ([oops, b"sorry"], "no error"),
            ([], "RuntimeError"),
        ],
        **RULE,
    )  # fmt: skip

    def never(run_wsgi):
        """No start_response at all: with blocks, with an empty one, without."""
        return [
            sent_by(run_wsgi, lambda *_, blocks=blocks: blocks) for blocks in ([b"a"], [b""], [])
        ]

    check.probe(run_wsgi, never, expected=[([], "RuntimeError")] * 3, **RULE)

    def several(run_wsgi):
        """Errors that are told twice; and the same exception that went in comes out."""

        def app(environ, start_response):
            start_response("200 OK", [])
            for number in (1, 2):
                try:
                    raise ValueError(number)
                except ValueError:
                    start_response(f"50{number} Oops", [], sys.exc_info())
            yield b"x"
            error = LookupError("the very one")
            try:
                raise error
            except LookupError:
                try:
                    start_response("500 Oops", [], sys.exc_info())
                except LookupError as again:
                    found.append(again is error)

        found = []
        return sent_by(run_wsgi, app), found

    check.probe(
        run_wsgi, several, expected=(([("502 Oops", []), b"x"], "no error"), [True]), **RULE
    )
    ### END HIDDEN TESTS


# %% role="test" id="calls-test-close" points=2 tags=["beside"]
@check.test
def _():
    # close(), always and once.
    RULE = dict(
        rule="close() is called once at the end, whatever went wrong; the error goes on.",
        rfc='PEP 3333 "Specification Details"',
    )

    def closing(run_wsgi, *blocks, **how):
        """How often it was closed, how many blocks were taken, and the error."""
        fails_at = how.pop("fails_at", None)
        app, handed = saying(*blocks, **how)
        _, error = sent_by(run_wsgi, app, fails_at)
        return [(each.closed, each.given) for each in handed], error

    def example(run_wsgi):
        """Two blocks; and a client that has gone before the second."""
        return [closing(run_wsgi, b"a", b"b"), closing(run_wsgi, b"a", b"b", b"c", fails_at=2)]

    check.probe(
        run_wsgi, example, expected=[([(1, 2)], "no error"), ([(1, 2)], "BrokenPipeError")], **RULE
    )
    ### BEGIN HIDDEN TESTS

    def more(run_wsgi):
        """No block, an error among the blocks, text for bytes, gone at the first, a bad head late."""
        return [
            closing(run_wsgi),
            closing(run_wsgi, b"a", OSError("x"), b"b"),
            closing(run_wsgi, OSError("x")),
            closing(run_wsgi, "text", b"b"),
            closing(run_wsgi, b"a", b"b", fails_at=1),
            closing(run_wsgi, b"a", late=True, status="bad"),
        ]

    check.probe(
        run_wsgi, more,
        expected=[([(1, 0)], "no error"), ([(1, 2)], "OSError"), ([(1, 1)], "OSError"), ([(1, 1)], "TypeError"),
                  ([(1, 1)], "BrokenPipeError"), ([(1, 0)], "ValueError")],
        **RULE,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="calls-test-refuse" points=2 tags=["beside"]
@check.test
def _():
    # What a server does not let through.
    RULE = dict(
        rule="A status of three digits, a space and a phrase; no control characters; no field of the server's.",
        rfc='PEP 3333 "The start_response() Callable" and "Unicode Issues"',
    )

    def refusing(run_wsgi, *heads):
        """What becomes of each status and field."""
        return {
            (status, *fields): sent_by(run_wsgi, saying(b"x", status=status, fields=fields)[0])[1]
            for status, *fields in heads
        }

    def example(run_wsgi):
        """A field with a line end in it: two fields, to a browser."""
        return refusing(run_wsgi, ("200 OK", ("Location", "/\r\nSet-Cookie: id=1")), ("200",))

    check.probe(
        run_wsgi, example,
        expected={("200 OK", ("Location", "/\r\nSet-Cookie: id=1")): "ValueError", ("200",): "ValueError"},
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS
    bad = [
        ("20 OK",), ("2000 OK",), ("200OK",), ("OK",), ("",), ("200 ",), (" 200 OK",), ("200\tOK",), ("\xb2\xb2\xb2 OK",),
        ("200 O\nK",), ("200 OK\n",), ("200 O\x7fK",), ("200 \u20ac",), ("-20 OK",),
        *[("200 OK", ("A", f"b{c}d")) for c in "\x00\t\n\r\x1f\x7f\u0100\u20ac"],
        *[("200 OK", (f"A{c}d", "b")) for c in "\x00\n\x7f\u0100"],
        *[("200 OK", ("B", "1"), (name, "x")) for name in
          ("connection", "Connection", "Keep-Alive", "TRANSFER-ENCODING", "upgrade")],
    ]  # fmt: skip
    good = [
        ("200 OK", ("A", "\x80\xff ~!")), ("999 x",), ("200 OK", ("Connections", "1")), ("404 Not  Found ",),
        ("200 200 OK",), ("200 OK", ("X-Upgrade", "connection")), ("200 \xe9",),
    ]  # fmt: skip

    def many(run_wsgi):
        """Heads of all kinds."""
        return refusing(run_wsgi, *bad, *good)

    check.probe(
        run_wsgi,
        many,
        expected=dict.fromkeys(bad, "ValueError") | dict.fromkeys(good, "no error"),
        **RULE,
    )

    def kinds(run_wsgi):
        """Blocks that are no bytes, returned and written."""

        def writes(block):
            def app(environ, start_response):
                start_response("200 OK", [])(block)
                return []

            return app

        bad = ["text", 7, None, ["a"]]
        return [sent_by(run_wsgi, saying(each)[0])[1] for each in bad] + [
            sent_by(run_wsgi, writes(each))[1] for each in bad
        ]

    check.probe(
        run_wsgi, kinds, expected=["TypeError"] * 8, rule="Blocks are bytes, and nothing else.",
        rfc='PEP 3333 "A Note On String Types"',
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="server-text"
# ## 6. A server
#
# What is left is a socket. Reading a request was the work of `21_http`; here `next_request(connection)`
# does it, with h11. Writing the answer holds one more question: **how does the client know where the
# content ends?** The application may have said `Content-Length`. If it has not (a generator does not
# know), the server has two ways: close the connection at the end, or send chunks, the last of them empty
# (RFC 9112 section 7.1). They differ when an application breaks down in the middle:


# %%
def half(connection, octets):
    connection.sendall(octets)
    connection.close()


for framing in (
    b"Connection: close\r\n\r\nhalf",
    b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
):
    ours, theirs = socket.socketpair()
    ours.sendall(b"HTTP/1.1 200 OK\r\n" + framing)
    ours.close()
    answer = http.client.HTTPResponse(theirs)
    answer.begin()
    try:
        print(framing[:17], "->", answer.read())
    except http.client.IncompleteRead as error:
        print(framing[:17], "->", error)
    theirs.close()

# %% [markdown] role="given" id="server-brief"
# ### Exercise 6: a WSGI server
#
# Write two functions.
#
# `wsgi_environ(request: Request, server: tuple[str, int], client: str, errors) -> dict`: the variables of
# exercise 1, `script` being `""`, and
#
# - `HTTP_AUTHORIZATION`, if there is such a field: nobody else can read a dictionary (several: joined by
#   `", "`);
# - `wsgi.version`: `(1, 0)`; `wsgi.url_scheme`: `"http"`; `wsgi.input`: an `io.BytesIO` with the
#   content; `wsgi.errors`: `errors`; `wsgi.multithread`: `True`; `wsgi.multiprocess` and
#   `wsgi.run_once`: `False`.
#
# `serve_wsgi(listener, app, errors)`: serves until `listener.accept()` raises `OSError`, then returns.
#
# - Each connection gets a thread of its own (`daemon=True`), five seconds' patience
#   (`settimeout(5)`), and **one** request: `next_request(connection)` is `None` when there is
#   none, and raises `Refused` with a `status` for what is none. That status is the answer then;
#   so is 400, if `wsgi_environ` raises `ValueError`.
# - `run_wsgi` calls the application. The answer is `HTTP/1.1`, the status with its phrase, the fields in
#   their order, a `Date` (`email.utils.formatdate(usegmt=True)`) unless the application gave one, and
#   `Connection: close`. After it the connection is closed.
# - To HEAD, and with 204 or 304, no content goes out, whatever the application gives. Otherwise, if the
#   application gave no `Content-Length`: chunks for a client of `HTTP/1.1`; for `HTTP/1.0` the content
#   as it is.
# - If the application raises, the traceback goes to `errors`. Had no head been sent, the client
#   gets a 500 with `Content-Length: 0`; else the connection is closed at once, **without** the last
#   chunk. The server goes on. An `OSError` on the connection itself ends that connection only.


# %% role="answer" id="server-answer"
def wsgi_environ(request: Request, server: tuple[str, int], client: str, errors) -> dict:
    """What a WSGI application is given for a request."""
    ### BEGIN SOLUTION
    environ = cgi_environ(request, "", server, client)
    if request.values("authorization"):
        environ["HTTP_AUTHORIZATION"] = ", ".join(request.values("authorization"))
    return environ | {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.content),
        "wsgi.errors": errors,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    ### END SOLUTION


def serve_wsgi(listener: socket.socket, app, errors) -> None:
    """Serve a WSGI application, a thread and a connection for each request."""
    ### BEGIN SOLUTION
    with contextlib.suppress(OSError):
        while True:
            connection, (client, *_) = listener.accept()
            work = (connection, client, app, errors)
            threading.Thread(target=_serve_one, args=work, daemon=True).start()


def _serve_one(connection, client, app, errors):
    with connection, contextlib.suppress(OSError):
        connection.settimeout(5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            request = next_request(connection)
            if request is None:
                return
            environ = wsgi_environ(request, connection.getsockname()[:2], client, errors)
        except Refused as refused:
            _send_empty(connection, f"{refused.status} Refused")
            return
        except ValueError:
            _send_empty(connection, "400 Bad Request")
            return
        begun = chunked = silent = False

        def send_head(status, fields):
            nonlocal begun, chunked, silent
            begun = True
            names = {name.lower() for name, _ in fields}
            fields = [*fields, ("Connection", "close")]
            if "date" not in names:
                fields.append(("Date", email.utils.formatdate(usegmt=True)))
            silent = request.method == "HEAD" or status[:3] in ("204", "304")
            if not silent and "content-length" not in names and request.version == "HTTP/1.1":
                chunked = True
                fields.append(("Transfer-Encoding", "chunked"))
            lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields), "", ""]
            connection.sendall("\r\n".join(lines).encode("latin-1"))

        def send_data(block):
            if not silent:
                connection.sendall(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)

        try:
            run_wsgi(app, environ, send_head, send_data)
            if chunked:
                connection.sendall(b"0\r\n\r\n")
        except Exception:
            traceback.print_exc(file=errors)
            if not begun:
                _send_empty(connection, "500 Internal Server Error")


def _send_empty(connection, status):
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n"
    connection.sendall(f"{head}Date: {email.utils.formatdate(usegmt=True)}\r\n\r\n".encode())
    ### END SOLUTION


# %% [markdown] role="hint" id="server-hint-1"
# Nudge
# `run_wsgi` has done the difficult part. Your `send_head` and `send_data` only turn values into octets on
# this one connection; what must they know of the request, and of each other?

# %% [markdown] role="hint" id="server-hint-2"
# Way
# A loop that accepts and starts threads; a function for one connection. In it `send_head` decides, once,
# whether content goes out at all and whether in chunks. A `try` around `run_wsgi` tells by a flag
# whether a head has gone.

# %% [markdown] role="hint" id="server-hint-3"
# Almost
# A chunk is `b"%x\r\n%b\r\n" % (len(block), block)`, the end is `b"0\r\n\r\n"`. `silent = request.method ==
# "HEAD" or status[:3] in ("204", "304")`. `traceback.print_exc(file=errors)`; then
# `if not begun:` the 500.


# %% role="given" id="server-given-tools"
def exchange(server, octets, within_s=2.0):
    """Send octets to a running server; all that comes back until it closes."""
    came = b""
    with contextlib.suppress(ConnectionResetError):
        client = server.connect(within_s)
        client.sendall(octets)
        while part := client.recv(65_536):
            came += part
    return came


def answer_of(octets, method="GET"):
    """Status line, fields (names in lower case, sorted; of Date only that it is there), content as sent."""
    head, _, content = octets.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = [field.partition(": ") for field in fields]
    listed = [
        (name.lower(), "..." if name.lower() == "date" and value.endswith(" GMT") else value)
        for name, _, value in pairs
    ]
    return line, sorted(listed), content


GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


# %% role="test" id="server-test-environ" points=1 tags=["beside"]
@check.test
def _():
    # What the application is given.
    RULE = dict(
        rule="The variables of CGI, and those that begin with wsgi.",
        rfc='PEP 3333 "environ Variables"',
    )

    def made(wsgi_environ, *more, content=b"", method="GET"):
        """The environ, with what can be read from its files."""
        errors = io.StringIO()
        request = a_request("/a%20b?c", [("host", "a"), *more], content, method)
        environ = wsgi_environ(request, ("127.0.0.1", 8080), "127.0.0.9", errors)
        return type(environ).__name__, environ | {
            "wsgi.input": environ["wsgi.input"].read(), "wsgi.errors": environ["wsgi.errors"] is errors
        }  # fmt: skip

    base = {
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "wirelab", "REQUEST_METHOD": "GET",
        "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8080",
        "REMOTE_ADDR": "127.0.0.9", "SCRIPT_NAME": "", "PATH_INFO": "/a b", "QUERY_STRING": "c", "HTTP_HOST": "a",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": b"", "wsgi.errors": True,
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip

    def example(wsgi_environ):
        """GET /a%20b?c."""
        return made(wsgi_environ)

    check.probe(wsgi_environ, example, expected=("dict", base), **RULE)
    ### BEGIN HIDDEN TESTS

    def more(wsgi_environ):
        """With content, with a password, with two."""
        return [
            made(wsgi_environ, content=b"abc", method="PUT")[1],
            made(wsgi_environ, ("authorization", "Basic YTpi"))[1],
            made(wsgi_environ, ("authorization", "Basic YTpi"), ("authorization", "x"))[1],
        ]

    check.probe(
        wsgi_environ, more,
        expected=[
            base | {"REQUEST_METHOD": "PUT", "CONTENT_LENGTH": "3", "wsgi.input": b"abc"},
            base | {"HTTP_AUTHORIZATION": "Basic YTpi"}, base | {"HTTP_AUTHORIZATION": "Basic YTpi, x"},
        ],
        **RULE,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="server-test-answers" points=3 tags=["beside"]
@check.test
def _():
    # Answers on the wire.
    RULE = dict(
        rule="Status, fields, Date, Connection: close; chunks only where nobody else says the length.",
        rfc="RFC 9112 sections 6.3 and 7.1",
        within_s=5,
    )

    def served(serve_wsgi, *asked):
        """For each application and request: the answer, taken apart."""
        found = []
        for app, octets in asked:
            with running(serve_wsgi, app, io.StringIO()) as server:
                found.append(answer_of(exchange(server, octets)))
        return found

    close, date = ("connection", "close"), ("date", "...")
    chunks, text = ("transfer-encoding", "chunked"), ("content-type", "text/plain")
    sized = saying(b"hello", fields=[("Content-Type", "text/plain"), ("Content-Length", "5")])[0]

    def example(serve_wsgi):
        """An answer with a length, and the counting generator."""
        return served(serve_wsgi, (sized, GET % b"/"), (counting, GET % b"/"))

    check.probe(
        serve_wsgi, example,
        expected=[
            ("HTTP/1.1 200 OK", sorted([close, date, text, ("content-length", "5")]), b"hello"),
            ("HTTP/1.1 200 OK", sorted([close, date, text, chunks]), b"2\r\n0\n\r\n2\r\n1\n\r\n2\r\n2\n\r\n0\r\n\r\n"),
        ],
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS
    old = b"GET / HTTP/1.0\r\n\r\n"
    head = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"

    def more(serve_wsgi):
        """HTTP/1.0; HEAD with and without a length; 204 and 304; a Date; a long block; nothing; a name in capitals."""
        return served(
            serve_wsgi,
            (counting, old),
            (sized, old),
            (sized, head),
            (counting, head),
            (saying(b"x", status="204 No Content", fields=[])[0], GET % b"/"),
            (saying(b"x", status="304 Not Modified", fields=[("ETag", '"1"')])[0], GET % b"/"),
            (saying(b"", fields=[("DATE", "now"), ("X-\xe9", "\xff")])[0], GET % b"/"),
            (saying(b"a" * 300)[0], GET % b"/"),
            (
                saying(b"ab", fields=[("CONTENT-LENGTH", "2")], status="404 No  such ")[0],
                GET % b"/",
            ),
        )

    bare = [close, date]
    check.probe(
        serve_wsgi, more,
        expected=[
            ("HTTP/1.1 200 OK", sorted([*bare, text]), b"0\n1\n2\n"),
            ("HTTP/1.1 200 OK", sorted([*bare, text, ("content-length", "5")]), b"hello"),
            ("HTTP/1.1 200 OK", sorted([*bare, text, ("content-length", "5")]), b""),
            ("HTTP/1.1 200 OK", sorted([*bare, text]), b""),
            ("HTTP/1.1 204 No Content", bare, b""),
            ("HTTP/1.1 304 Not Modified", sorted([*bare, ("etag", '"1"')]), b""),
            ("HTTP/1.1 200 OK", sorted([close, ("date", "now"), ("x-\xe9", "\xff"), chunks]), b"0\r\n\r\n"),
            ("HTTP/1.1 200 OK", sorted([*bare, text, chunks]), b"12c\r\n" + b"a" * 300 + b"\r\n0\r\n\r\n"),
            ("HTTP/1.1 404 No  such ", sorted([*bare, ("content-length", "2")]), b"ab"),
        ],
        **RULE,
    )  # fmt: skip

    def in_order(serve_wsgi):
        """Two cookies, in the order that the application gave."""
        app = saying(b"", fields=[("Set-Cookie", "b=1"), ("X", "1"), ("Set-Cookie", "a=2")])[0]
        with running(serve_wsgi, app, io.StringIO()) as server:
            lines = exchange(server, GET % b"/").decode("latin-1").split("\r\n")
        return [line for line in lines if line.startswith(("Set-Cookie", "X"))]

    check.probe(
        serve_wsgi, in_order, expected=["Set-Cookie: b=1", "X: 1", "Set-Cookie: a=2"], **RULE
    )
    ### END HIDDEN TESTS


# %% role="test" id="server-test-errors" points=2 tags=["beside"]
@check.test
def _():
    # Applications that break down, and clients that talk nonsense.
    RULE = dict(
        rule="500 while there is time, after that an answer that shows that it is cut; and the server goes on.",
        rfc="RFC 9112 section 8",
        within_s=5,
    )

    def broken(environ, start_response):
        if environ["PATH_INFO"] == "/at-once":
            raise KeyError("at once")
        if environ["PATH_INFO"] == "/no-start":
            return [b"x"]
        start_response("200 OK", [])
        return Blocks(
            [b"", KeyError("early")]
            if environ["PATH_INFO"] == "/early"
            else [b"half", KeyError("late")]
        )

    def failing(serve_wsgi, *paths):
        """Status line, content, and the last line in the log, for each path in turn."""
        found, errors = [], io.StringIO()
        with running(serve_wsgi, broken, errors) as server:
            for path in paths:
                line, fields, content = answer_of(
                    exchange(server, path if b" " in path else GET % path)
                )
                log = errors.getvalue().strip().splitlines() or [""]
                found.append((line[:12], ("content-length", "0") in fields, content, log[-1][:17]))
        return found

    def example(serve_wsgi):
        """At once, and in the middle of the content."""
        return failing(serve_wsgi, b"/at-once", b"/late")

    check.probe(
        serve_wsgi, example,
        expected=[("HTTP/1.1 500", True, b"", "KeyError: 'at onc"), ("HTTP/1.1 200", False, b"4\r\nhalf\r\n", "KeyError: 'late'")],
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS

    def more(serve_wsgi):
        """Early, never started, no HTTP, no path, and then again."""
        found = failing(
            serve_wsgi, b"/early", b"/no-start", b"nonsense \r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n", b"/early",
        )  # fmt: skip
        return [(line, empty, content) for line, empty, content, _ in found]

    five, four = ("HTTP/1.1 500", True, b""), ("HTTP/1.1 400", True, b"")
    check.probe(serve_wsgi, more, expected=[five, five, four, four, four, five], **RULE)

    def leaves(serve_wsgi):
        """Clients that say nothing and go; that go in the middle; then one that stays; then the end."""
        errors, unheard, before = io.StringIO(), [], threading.excepthook
        threading.excepthook = lambda told: unheard.append(told.exc_type.__name__)
        with running(serve_wsgi, counting, errors) as server:
            client = server.connect(2)
            client.sendall(b"GET / HT")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()  # with a reset
            for octets in (
                b"",
                b"GET / HT",
                b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
            ):
                client = server.connect(2)
                client.sendall(octets)
                client.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    while client.recv(4096):
                        pass
                client.close()
            line = answer_of(exchange(server, GET % b"/"))[0]
            server.shut_down()
            stopped = server.stopped(2)
        threading.excepthook = before
        return line, stopped, server.error is None, unheard

    check.probe(
        serve_wsgi, leaves, expected=("HTTP/1.1 200 OK", True, True, []),
        rule="A connection that fails ends alone; the server returns when accept raises OSError.", within_s=5,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="server-test-together" points=2 tags=["beside"]
@check.test
def _():
    # Several at a time; content; what is closed.
    RULE = dict(
        rule="A thread for each connection: one slow request does not hold up the others.",
        within_s=4,
    )

    def together(serve_wsgi, count):
        """Requests that are answered only when all of them have arrived."""
        meeting = threading.Barrier(count)

        def app(environ, start_response):
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(1)
            start_response("200 OK", [])
            return [b"late" if meeting.broken else b"met"]

        with running(serve_wsgi, app, io.StringIO()) as server:
            clients = [server.connect(3) for _ in range(count)]
            for client in clients:
                client.sendall(GET % b"/")
            found = []
            for client in clients:
                octets = b""
                while part := client.recv(4096):
                    octets += part
                found.append(octets.partition(b"\r\n\r\n")[2])
        return found

    def two(serve_wsgi):
        """Two clients."""
        return together(serve_wsgi, 2)

    check.probe(serve_wsgi, two, expected=[b"3\r\nmet\r\n0\r\n\r\n"] * 2, **RULE)
    ### BEGIN HIDDEN TESTS

    def nine(serve_wsgi):
        """Nine clients."""
        return together(serve_wsgi, 9)

    check.probe(serve_wsgi, nine, expected=[b"3\r\nmet\r\n0\r\n\r\n"] * 9, **RULE)

    def patience(serve_wsgi):
        """How long a connection may be silent, in seconds; and is its thread a daemon?"""
        patient, daemons = set(), set()

        class Watched:
            def __init__(self, connection):
                self._connection = connection

            def __getattr__(self, name):
                return getattr(self._connection, name)

            def __enter__(self):
                return self

            def __exit__(self, *_):
                self._connection.close()

            def settimeout(self, seconds):
                patient.add(seconds)
                self._connection.settimeout(seconds)

        class Listener:
            def __init__(self, listener):
                self._listener = listener

            def accept(self):
                connection, address = self._listener.accept()
                return Watched(connection), address

        def app(environ, start_response):
            daemons.add(threading.current_thread().daemon)
            start_response("204 No Content", [])
            return []

        def serve(listener):
            serve_wsgi(Listener(listener), app, io.StringIO())

        with running(serve) as server:
            exchange(server, GET % b"/")
        return patient, daemons

    check.probe(
        serve_wsgi, patience, expected=({5}, {True}),
        rule="settimeout(5) for a client that falls silent; daemon=True for a server that must end.", within_s=4,
    )  # fmt: skip

    def content(serve_wsgi):
        """POST to the greeter: with a length, in chunks, large, after Expect."""
        large = b"x" * 300_000
        post = b"POST /shout HTTP/1.1\r\nHost: a\r\n"
        asked = [
            post + b"Content-Length: 3\r\n\r\nabc",
            post + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            post + b"Content-Length: 300000\r\n\r\n" + large,
        ]
        app = lambda environ, start: (  # noqa: E731
            start("200 OK", [("Content-Length", environ["CONTENT_LENGTH"])]),
            [environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).upper()],
        )[1]
        with running(serve_wsgi, app, io.StringIO()) as server:
            found = [exchange(server, octets).partition(b"\r\n\r\n")[2] for octets in asked]
        return found[0], found[1], found[2] == large.upper()

    check.probe(
        serve_wsgi,
        content,
        expected=(b"ABC", b"ABC", True),
        rule="The content is in wsgi.input.",
        within_s=4,
    )

    def closed(serve_wsgi):
        """A client that goes away from an endless answer: is the iterable closed?"""
        done = threading.Event()

        def app(environ, start_response):
            start_response("200 OK", [])
            try:
                while True:
                    yield b"x" * 60_000
            finally:
                done.set()

        with running(serve_wsgi, app, io.StringIO()) as server:
            client = server.connect(2)
            client.sendall(GET % b"/")
            client.recv(100)
            client.close()
            return done.wait(2)

    check.probe(
        serve_wsgi, closed, expected=True, rule="The client has gone: stop, and close the iterable.", within_s=4,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="cost-text"
# ## 7. What a process costs
#
# The same greeting four times: by a shell script, by a Python script with as little Python as there
# can be (`-I -S`), by Python as it comes, and by your function. How long is one request?
#
# A single measurement says little: the first call of anything is slow, the machine has other things to
# do, and its clock frequency drifts. So: one call that does not count, then **rounds** with
# everybody's turn in each, and the **median**, which an outlier does not move.

# %% [markdown] role="given" id="cost-brief"
# ### Exercise 7: a fair measurement
#
# Write `measure(ways: dict[str, Callable[[], object]], rounds: int, clock) -> dict[str, float]`.
#
# - First each way is called once, in order, and not measured.
# - Then `rounds` rounds: in each, every way is called once, in order. `clock()` gives seconds; it is asked
#   right before and right after each measured call, and never else.
# - The result has for each way, in order, the median of its times. `rounds` is at least 1. An exception
#   of a way goes on to the caller.
#
# Example: with times of 3, 1 and 9 s in three rounds, a way has 3.


# %% role="answer" id="cost-answer"
def measure(ways, rounds: int, clock) -> dict[str, float]:
    """The median seconds of each way, measured in turn."""
    ### BEGIN SOLUTION
    for way in ways.values():
        way()
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = clock()
            way()
            times[name].append(clock() - began)
    return {name: statistics.median(each) for name, each in times.items()}
    ### END SOLUTION


# %% [markdown] role="hint" id="cost-hint-1"
# Nudge
# Which loop is the outer one, rounds or ways?

# %% [markdown] role="hint" id="cost-hint-2"
# Way
# A dictionary of lists, one list for each way; two loops that fill it; `statistics.median` of each at
# the end.

# %% [markdown] role="hint" id="cost-hint-3"
# Almost
# `times = {name: [] for name in ways}`; `for _ in range(rounds): for name, way in ways.items():`, and
# there `began = clock()`, `way()`, `times[name].append(clock() - began)`.


# %% role="test" id="cost-test-order" points=1
@check.test
def _():
    # In which order.
    RULE = dict(rule="One call of each that does not count; then rounds, each way once in each.")

    def order(measure, names, rounds):
        """Everything that happens, in order."""
        events = []

        def clock():
            events.append("clock")
            return len(events)

        measure({name: lambda name=name: events.append(name) for name in names}, rounds, clock)
        return " ".join(events)

    def example(measure):
        """Ways a and b, two rounds."""
        return order(measure, "ab", 2)

    one = "clock a clock clock b clock"
    check.probe(measure, example, expected=f"a b {one} {one}", **RULE)
    ### BEGIN HIDDEN TESTS

    def more(measure):
        """One way, one round; three ways; none."""
        return [order(measure, "x", 1), order(measure, "cab", 1), order(measure, "", 3)]

    check.probe(
        measure, more,
        expected=["x clock x clock", "c a b clock c clock clock a clock clock b clock", ""], **RULE,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% role="test" id="cost-test-median" points=1
@check.test
def _():
    # What is said of the times.
    RULE = dict(rule="The median of each way's own times, in the order of the ways.")

    def medians(measure, times):
        """The result, if the calls of each way take these times, the first of which does not count."""
        now, left = [100.0], {name: list(each) for name, each in times.items()}

        def way(name):
            now[0] += left[name].pop(0)

        rounds = len(next(iter(times.values()))) - 1
        found = measure(
            {name: lambda name=name: way(name) for name in times}, rounds, lambda: now[0]
        )
        return list(found.items())

    def example(measure):
        """Times of 3, 1 and 9 s, after a first call of 50 s."""
        return medians(measure, {"a": [50, 3, 1, 9]})

    check.probe(measure, example, expected=[("a", 3.0)], **RULE)
    ### BEGIN HIDDEN TESTS

    def more(measure):
        """Two ways; an even number of rounds; one round."""
        return [
            medians(measure, {"b": [9, 1, 2, 3, 4, 90], "a": [0, 5, 5, 50, 500, 5]}),
            medians(measure, {"a": [9, 1, 2, 4, 8]}),
            medians(measure, {"a": [9, 7], "b": [1, 0]}),
        ]

    check.probe(
        measure,
        more,
        expected=[[("b", 3.0), ("a", 5.0)], [("a", 3.0)], [("a", 7.0), ("b", 0.0)]],
        **RULE,
    )

    def error(measure):
        """A way that raises."""
        try:
            measure({"a": lambda: 1 // 0}, 2, lambda: 0)
        except ZeroDivisionError as error:
            return type(error).__name__
        return "nothing raised"

    check.probe(measure, error, expected="ZeroDivisionError", **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="cost-after"
# Now for real, seven rounds. (A script for `sh`; the Pythons start, greet and end.)


# %%
GREETS = 'print("Content-Type: text/plain\\n\\nhello, ada")'
COMMANDS = {
    "sh": ["/bin/sh", "-c", 'printf "Content-Type: text/plain\\n\\nhello, ada\\n"'],
    "python -I -S": [sys.executable, "-I", "-S", "-c", GREETS],
    "python": [sys.executable, "-c", GREETS],
}
HELLO = {"PATH_INFO": "/hello/ada", "REQUEST_METHOD": "GET"}


def cost_plot(costs):
    """Seconds for so many requests, one after the other, on one processor."""
    lines = {name: [(10**n, cost * 10**n) for n in range(6)] for name, cost in costs.items()}
    return Plot(
        "CGI in three languages, and WSGI",
        Panel("", "requests", "seconds in all", lines, log_x=True, log_y=True),
    )


try:
    ways = {
        name: lambda command=command: run_cgi(command, HELLO) for name, command in COMMANDS.items()
    }
    ways["WSGI"] = lambda: call_app(greeter, **HELLO)
    costs = measure(ways, 7, time.perf_counter)
    for name, cost in costs.items():
        print(
            f"{name:14} {cost * 1000:8.3f} ms, at most {1 / cost:8,.0f} a second on one processor"
        )
    shown = cost_plot(costs)
except NotImplementedError:
    shown = print("Exercises 2, 3 and 7 come first; then run this cell again.")
shown

# %% [markdown] role="given" id="cost-moral"
# A process costs milliseconds, a call microseconds: two or three powers of ten. That is all the reason
# why CGI went away, and there were two ways out. One keeps the process alive between requests and talks to
# it through a socket (FastCGI, and every "application server" behind nginx). The other moves the program
# into the server (mod_php, mod_python), and WSGI made that exchangeable.
#
# What was lost: a CGI script that leaks memory, crashes, or calls `exit` harms one request. In a
# WSGI process it harms the neighbours.

# %% [markdown] role="given" id="live-text"
# ## 8. What a function call cannot do
#
# A WSGI call **occupies its thread** until it returns. For an answer that takes a minute, because
# something only happens once a minute, that is a thread for each spectator. And an application cannot
# hear: not that the client has gone, nor a message while it answers. ASGI makes the call a conversation:
#
#     async def app(scope, receive, send):
#         await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
#         await send({"type": "http.response.body", "body": b"hello"})
#
# `scope` is the head of the request (`"path"` is decoded text, `"headers"` are bytes in lower case);
# `receive` gives what comes from the client, content and its end, **and that it has gone**
# (`http.disconnect`); `send` may be called at any time, `"more_body": True` saying that more
# will come. As everything is awaited, one thread holds any number of such calls. Here are a hundred
# spectators of one clock, under uvicorn:


# %%
async def clock_app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for tick in range(3):
        await send({"type": "http.response.body", "body": b"tick %d\n" % tick, "more_body": True})
        await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b""})


with running(serve_uvicorn, clock_app, backlog=256) as server:
    crowd = [server.connect() for _ in range(100)]
    for client in crowd:
        client.sendall(GET % b"/")
    first = [client.recv(4096) for client in crowd]
    print(len(first), "answers have begun; threads in this process:", threading.active_count())

# %% [markdown] role="given" id="live-events"
# An answer that never ends is the basis of **server-sent events**: type `text/event-stream`, and then
# lines. An event is some `name: value` lines and an empty one; `data` may come several times and means
# several lines; `id` is what a browser repeats as `Last-Event-ID` when it connects again (WHATWG HTML
# sections 9.2.4 to 9.2.6).
#
#     id: 7
#     data: two lines
#     data: in one event
#
# Since a line end is what parts them, a text with a line end *in* it is where people go wrong: what comes
# after it would be a field of its own, and a visitor who writes `hello\nevent: logout` writes your events.

# %% [markdown] role="given" id="live-brief"
# ### Exercise 8: an application that goes on talking
#
# `sse_event(data: str, event: str = "", id: str = "") -> bytes`, in UTF-8: a line `event: ...` and a line
# `id: ...` if they are not empty, then a line `data: ...` for each line of `data`, then an empty line; each
# ends with `\n`. Lines of `data` are parted by `\r\n`, `\n` or `\r`, and nothing else; an empty line
# is one too, so `"a\n"` has two. `ValueError` if `event` or `id` has `\r` or `\n` in it, or
# `id` a `\x00`.
#
# `live_app(news)` returns an ASGI application. `news()` gives an asynchronous generator of texts, a new
# one for each call.
#
# - A scope of another type than `"http"`: `ValueError`.
# - `GET` `/hello/NAME` (as in exercise 3, NAME is not empty and without `/`): 200, `content-type:
#   text/plain; charset=utf-8`, the right `content-length`, the greeting.
# - `GET` `/events`: 200, `content-type: text/event-stream`, `cache-control: no-store`, and each text as soon
#   as it is there as an event with the `id` 1, 2, ...; when the news end, the answer ends.
# - If `receive()` gives `http.disconnect` while the events run: send nothing more, and return, even
#   if no news come. The generator is closed in any case (`aclose`), also when `send` raises.
# - Anything else: 404 with a `content-length`.
# - Names of headers are bytes in lower case. The last body has no `more_body`, or a false one.


# %% role="answer" id="live-answer"
def sse_event(data: str, event: str = "", id: str = "") -> bytes:
    """One server-sent event as octets."""
    ### BEGIN SOLUTION
    if set("\r\n") & set(event + id) or "\x00" in id:
        raise ValueError("a line end in event or id")
    lines = [f"event: {event}"] if event else []
    lines += [f"id: {id}"] if id else []
    lines += [
        f"data: {line}" for line in data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    return ("\n".join(lines) + "\n\n").encode()
    ### END SOLUTION


def live_app(news):
    """An ASGI application that greets, and tells the news as they come."""
    ### BEGIN SOLUTION

    async def app(scope, receive, send):
        if scope["type"] != "http":
            raise ValueError(f"no {scope['type']} here")
        path, name = scope["path"], scope["path"].removeprefix("/hello/")
        status, content = 404, b""
        if scope["method"] == "GET" and path == "/events":
            await _tell(news, receive, send)
            return
        if scope["method"] == "GET" and path.startswith("/hello/") and name and "/" not in name:
            status, content = 200, f"hello, {name}\n".encode()
        length = str(len(content)).encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app


async def _tell(news, receive, send):
    async def pump():
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        number = 0
        async with contextlib.aclosing(news()) as texts:
            async for text in texts:
                number += 1
                body = sse_event(text, id=str(number))
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def gone():
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.ensure_future(pump()), asyncio.ensure_future(gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    if not tasks[0].cancelled():
        tasks[0].result()
    ### END SOLUTION


# %% [markdown] role="hint" id="live-hint-1"
# Nudge
# While you wait for news you must also listen for the client's end. That is two things to wait for at
# once, so two tasks; the first that is done ends the other.

# %% [markdown] role="hint" id="live-hint-2"
# Way
# One coroutine that sends head, events and end; one that calls `receive()` until `http.disconnect`.
# `asyncio.wait([...], return_when=asyncio.FIRST_COMPLETED)`; then cancel both, wait for both, and
# let an error of the first come out with `.result()`.

# %% [markdown] role="hint" id="live-hint-3"
# Almost
# `async with contextlib.aclosing(news()) as texts: async for text in texts: ...`; after the wait, in a
# `finally`: `for task in tasks: task.cancel()` and `await asyncio.wait(tasks)`. In `sse_event`
# not `splitlines()`, which knows ten line ends: `data.replace("\r\n", "\n").replace("\r", "\n").split("\n")`.


# %% role="given" id="live-given-tools"
class Newsroom:
    """News for a test: texts that come one after the other, and then silence or the end."""

    def __init__(self, *texts, then="end"):
        self.texts, self.then, self.opened, self.closed = texts, then, 0, 0

    async def news(self):
        self.opened += 1
        try:
            for text in self.texts:
                yield text
            if self.then == "silence":
                await asyncio.Event().wait()
            if self.then == "error":
                raise LookupError("no more news")
        finally:
            self.closed += 1


def converse(
    live_app, room, path="/events", method="GET", goes_after=None, fails_after=None, kind="http"
):
    """Call an ASGI application; what it sent, and how it ended.

    `goes_after`: after so many messages the client goes. `fails_after`: then sending fails.
    """
    sent = []

    async def call():
        going, asked = asyncio.Event(), []

        async def receive():
            asked.append(1)
            if len(asked) == 1:
                return {"type": "http.request", "body": b"", "more_body": False}
            await going.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if fails_after is not None and len(sent) >= fails_after:
                raise OSError("the client has gone")
            sent.append(dict(message))
            if goes_after is not None and len(sent) >= goes_after:
                going.set()
            await asyncio.sleep(0)

        scope = {"type": kind, "method": method, "path": path, "headers": [], "query_string": b""}
        if goes_after == 0:
            going.set()
        await asyncio.wait_for(live_app(room.news)(scope, receive, send), 0.5)

    ended = []

    def work():  # in a thread: a notebook has an event loop already
        try:
            asyncio.run(call())
            ended.append("returned")
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(ended[0], NotImplementedError):
        raise ended[0]
    return sent, ended[0] if isinstance(ended[0], str) else type(ended[0]).__name__


def heard(sent):
    """Of what was sent: status, headers (sorted), the bodies, and whether it was ended properly."""
    start = sent[0] if sent else {}
    bodies = [message.get("body", b"") for message in sent[1:]]
    ended = (
        bool(sent[1:])
        and not sent[-1].get("more_body")
        and all(m.get("more_body") for m in sent[1:-1])
    )
    kinds = [message["type"] for message in sent]
    right = kinds == ["http.response.start"] + ["http.response.body"] * len(bodies)
    headers = sorted((bytes(name), bytes(value)) for name, value in start.get("headers", []))
    return start.get("status"), headers, [body for body in bodies if body], ended and right


# %% role="test" id="live-test-event" points=1
@check.test
def _():
    # Events as octets.
    RULE = dict(
        rule="A data line for each line, parted by CRLF, LF or CR only; an empty line at the end.",
        rfc="WHATWG HTML section 9.2.5",
    )
    check.each(
        sse_event,
        [("hello",), ("two\nlines", "", "7")],
        expected=[b"data: hello\n\n", b"id: 7\ndata: two\ndata: lines\n\n"],
        **RULE,
    )
    ### BEGIN HIDDEN TESTS
    cases = {
        ("",): b"data: \n\n",
        ("a\n",): b"data: a\ndata: \n\n",
        ("\n",): b"data: \ndata: \n\n",
        ("a\r\nb",): b"data: a\ndata: b\n\n",
        ("a\rb",): b"data: a\ndata: b\n\n",
        ("a\n\rb",): b"data: a\ndata: \ndata: b\n\n",
        ("a\r\r\nb",): b"data: a\ndata: \ndata: b\n\n",
        ("a\x0bb\x0cc\x1cd\x85e\u2028f",): "data: a\x0bb\x0cc\x1cd\x85e\u2028f\n\n".encode(),
        (" a: b ",): b"data:  a: b \n\n",
        ("x\nevent: logout",): b"data: x\ndata: event: logout\n\n",
        ("é", "größer", "ø"): "event: größer\nid: ø\ndata: é\n\n".encode(),
        ("x", "add"): b"event: add\ndata: x\n\n",
        ("x", "X", "X"): b"event: X\nid: X\ndata: x\n\n",
        ("\x00", "a\x00"): b"event: a\x00\ndata: \x00\n\n",
    }
    check.each(sse_event, list(cases), expected=list(cases.values()), **RULE)
    bad = [
        ("x", "a\nb"),
        ("x", "a\r"),
        ("x", "", "1\n"),
        ("x", "", "\r"),
        ("x", "", "a\x00b"),
        ("x", "\n", "\n"),
    ]
    check.refuses_each(sse_event, bad, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="live-test-answers" points=2 tags=["beside"]
@check.test
def _():
    # Greetings and news.
    RULE = dict(
        rule="Start once, bodies with more_body while there is more, then one without.",
        rfc='ASGI HTTP "Response Start" and "Response Body"',
        within_s=3,
    )

    def example(live_app):
        """/hello/Søren, and two pieces of news."""
        return [
            heard(converse(live_app, Newsroom(), "/hello/Søren")[0]),
            heard(converse(live_app, Newsroom("one", "two"))[0]),
        ]

    text = (b"content-type", b"text/plain; charset=utf-8")
    stream = [(b"cache-control", b"no-store"), (b"content-type", b"text/event-stream")]
    check.probe(
        live_app, example,
        expected=[
            (200, [(b"content-length", b"14"), text], ["hello, Søren\n".encode()], True),
            (200, stream, [b"id: 1\ndata: one\n\n", b"id: 2\ndata: two\n\n"], True),
        ],
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS

    def others(live_app):
        """Other paths and methods: status, content-length right, ended; the newsroom left alone."""
        found = {}
        for method, path in (("GET", "/"), ("GET", "/hello/"), ("GET", "/hello/a/b"), ("GET", "/hello"), ("POST", "/events"),
                             ("PUT", "/hello/a"), ("GET", "/events/"), ("GET", "/Events"), ("GET", "/x/events")):  # fmt: skip
            room = Newsroom("x")
            status, headers, bodies, ended = heard(converse(live_app, room, path, method)[0])
            length = str(sum(map(len, bodies))).encode()
            found[method, path] = (
                status,
                dict(headers).get(b"content-length") == length,
                ended,
                room.opened,
            )
        return found

    def kinds(live_app):
        """Scopes of other types, and two calls of one application."""
        room = Newsroom("a")
        found = [converse(live_app, room, kind=kind) for kind in ("websocket", "lifespan")]
        return (
            found,
            [heard(converse(live_app, room)[0])[2] for _ in range(2)],
            room.opened,
            room.closed,
        )

    check.probe(
        live_app, kinds, expected=([([], "ValueError")] * 2, [[b"id: 1\ndata: a\n\n"]] * 2, 2, 2),
        rule="A scope that you do not know: raise. Each call has news of its own.",
        rfc='ASGI "Connection Scope"', within_s=3,
    )  # fmt: skip

    def checked(live_app):
        """Which of the other requests were not answered with a proper 404?"""
        return {key: each for key, each in others(live_app).items() if each != (404, True, True, 0)}

    check.probe(live_app, checked, expected={}, **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="live-test-gone" points=3 tags=["beside"]
@check.test
def _():
    # The client goes.
    RULE = dict(
        rule="Wait for the news and for http.disconnect at once; then stop, and close the generator.",
        rfc='ASGI HTTP "Disconnect"',
        within_s=4,
    )

    def going(live_app, *texts, **how):
        """Bodies sent, how it ended, how often the news were opened and closed."""
        room = Newsroom(*texts, then=how.pop("then", "silence"))
        sent, ended = converse(live_app, room, **how)
        bodies = [message["body"] for message in sent[1:]]
        return bodies, ended, room.opened, room.closed

    def example(live_app):
        """One piece of news, then silence, and the client goes."""
        return going(live_app, "a", goes_after=2)

    one = b"id: 1\ndata: a\n\n"
    check.probe(live_app, example, expected=([one], "returned", 1, 1), **RULE)
    ### BEGIN HIDDEN TESTS

    def busy(live_app):
        """News without end, and the client goes after five messages: sent soon after?"""
        bodies, *rest = going(live_app, *["a"] * 2000, goes_after=5)
        return len(bodies) < 100, *rest

    check.probe(live_app, busy, expected=(True, "returned", 1, 1), **RULE)

    def failing(live_app):
        """Sending fails; the news fail."""
        return [
            going(live_app, "a", "b", fails_after=2),
            going(live_app, "a", then="error"),
        ]

    check.probe(
        live_app, failing, expected=[([one], "OSError", 1, 1), ([one], "LookupError", 1, 1)],
        rule="Errors go on to the server, after the generator has been closed.", within_s=4,
    )  # fmt: skip

    def under_uvicorn(live_app):
        """Thirty spectators under uvicorn, one thread: what each hears, and who is still told."""
        room = Newsroom("a", "b", then="silence")
        with running(serve_uvicorn, live_app(room.news), backlog=64) as server:
            clients = [server.connect(2) for _ in range(30)]
            threads = threading.active_count()
            for client in clients:
                client.sendall(GET % b"/events")
            found = set()
            for client in clients:
                octets = b""
                while b"data: b\n\n" not in octets and (part := client.recv(4096)):
                    octets += part
                found.add(octets.count(b"data: "))
            more = threading.active_count() - threads
            for client in clients:
                client.close()
            until = time.monotonic() + 2
            while room.closed < 30 and time.monotonic() < until:
                select.select([], [], [], 0.01)
        return found, room.opened, room.closed, more

    check.probe(
        live_app, under_uvicorn, expected=({2}, 30, 30, 0),
        rule="Under a real server, too: everybody hears, and is forgotten when gone.", within_s=6,
    )  # fmt: skip
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="meet-text"
# ## 9. Flask, Django and a shell script behind your server
#
# Everything is there. Two adapters are missing, and then one port of yours serves four programs whose
# authors never heard of each other.
#
# The first puts applications under prefixes. It must *move* the prefix from `PATH_INFO` to `SCRIPT_NAME`:
# an application that writes links takes their beginning from there. Here is Flask, once told the truth
# and once not:

# %% role="given" id="meet-given-frameworks" jupyter={"source_hidden": true}
import logging

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path as django_path
from django.urls import reverse
from flask import redirect, request, url_for


def flask_site():
    """A Flask application as anybody would write it."""
    app = Flask("site")

    @app.get("/hello/<name>")
    def hello(name):
        return f"hello, {name}, from Flask"

    @app.get("/go")
    def go():
        return redirect(url_for("hello", name="you"))

    @app.post("/form")
    def form():
        answer = app.make_response(" ".join(sorted(request.form.values())))
        answer.set_cookie("a", "1")
        answer.set_cookie("b", "2")
        return answer

    @app.get("/stream")
    def stream():
        return (f"{number}\n" for number in range(3)), {"Content-Type": "text/plain"}

    @app.get("/error")
    def error():
        raise ValueError("a bug")

    return app


def django_hello(request, name):
    return HttpResponse(f"hello, {name}, from Django; you are at {request.build_absolute_uri()}")


def django_links(request):
    return HttpResponse(reverse("hello", args=["you"]))


def django_upload(request):
    return HttpResponse(f"{request.method} {len(request.body)}", status=201)


def django_stream(request):
    return StreamingHttpResponse(iter([b"first ", b"second"]), content_type="text/plain")


for name in ("site", "django"):  # their complaints are not what is looked for
    logging.getLogger(name).addHandler(logging.NullHandler())
    logging.getLogger(name).propagate = False
if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"], SECRET_KEY="not secret", LOGGING_CONFIG=None, USE_TZ=True,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        ROOT_URLCONF=(
            django_path("hello/<name>", django_hello, name="hello"),
            django_path("links", django_links),
            django_path("upload", django_upload),
            django_path("stream", django_stream),
        ),
    )  # fmt: skip
    django.setup()


def ask(server, method, path, content=None, **fields):
    """Ask a server once: status, fields as a list, content."""
    client = http.client.HTTPConnection(*server.address, timeout=5)
    try:
        client.request(method, path, content, {n.replace("_", "-"): v for n, v in fields.items()})
        answer = client.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        client.close()


# %%
for script, path in (("/flask", "/go"), ("", "/go")):
    told = call_app(flask_site(), SCRIPT_NAME=script, PATH_INFO=path)
    print(f"SCRIPT_NAME={script!r}: ", dict(told.seen()[1])["location"])

# %% [markdown] role="given" id="meet-brief"
# ### Exercise 9: everything behind one server
#
# `mount(apps: dict[str, app]) -> app`: the keys are prefixes such as `"/flask"` or `"/flask/beta"`, without
# a `/` at the end; `""` takes all that nobody else takes. The application with the longest prefix that
# `PATH_INFO` equals, or begins with when a `/` follows, is called with a **copy** of `environ` in which
# the prefix has been taken off `PATH_INFO` and appended to `SCRIPT_NAME` (either may be missing when it
# is empty). Nobody: `404 Not Found`, with
# `Content-Type` and the right `Content-Length`. What the application returns is returned as it is.
#
# `cgi_app(command: list[str], within_s: float = 5.0) -> app`: a WSGI application that runs a CGI script for
# each request, with your `run_cgi`.
#
# - The script's variables are those of `environ` that are `str` and have no `.` in their names.
# - Its content is `CONTENT_LENGTH` octets of `wsgi.input` (missing or `""`: none).
# - The status gets its phrase from `http.HTTPStatus`, or `Unknown`; fields in order, then a
#   `Content-Length`, unless the script gave one. To HEAD no content.
# - A local redirect becomes a `302 Found` with this `Location`, `Content-Type: text/plain` and no
#   content: a round trip more, and the same page in the end.
#
# What is checked in the end: your `serve_wsgi` with `mount` of an unmodified Flask application, an
# unmodified Django application and two CGI scripts, each inside `wsgiref.validate.validator`, which
# raises for every broken promise, on either side. It must stay silent.


# %% role="answer" id="meet-answer"
def mount(apps):
    """An application that hands each request to the one under whose prefix it falls."""
    ### BEGIN SOLUTION

    def mounted(environ, start_response):
        path = environ.get("PATH_INFO", "")
        for prefix in sorted(apps, key=len, reverse=True):
            if path == prefix or path.startswith(prefix + "/") or not prefix:
                script = environ.get("SCRIPT_NAME", "") + prefix
                inner = {**environ, "SCRIPT_NAME": script, "PATH_INFO": path[len(prefix) :]}
                return apps[prefix](inner, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0")])
        return [b""]

    return mounted
    ### END SOLUTION


def cgi_app(command: list[str], within_s: float = 5.0):
    """An application that runs a CGI script for each request."""
    ### BEGIN SOLUTION

    def scripted(environ, start_response):
        variables = {n: v for n, v in environ.items() if isinstance(v, str) and "." not in n}
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = run_cgi(command, variables, content, within_s)
        if isinstance(answer, str):
            answer = Response(302, (("Location", answer), ("Content-Type", "text/plain")))
        try:
            phrase = http.HTTPStatus(answer.status).phrase
        except ValueError:
            phrase = "Unknown"
        fields = list(answer.fields)
        if not any(name.lower() == "content-length" for name, _ in fields):
            fields.append(("Content-Length", str(len(answer.content))))
        start_response(f"{answer.status} {phrase}", fields)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.content]

    return scripted
    ### END SOLUTION


# %% [markdown] role="hint" id="meet-hint-1"
# Nudge
# Both are short. For `mount` think of `/flask/beta` beside `/flask`, and of `/flasks`. For `cgi_app`
# each piece exists already; only the types of its two sides differ.

# %% [markdown] role="hint" id="meet-hint-2"
# Way
# `sorted(apps, key=len, reverse=True)`, the same border question as in exercise 1, and `{**environ,
# "SCRIPT_NAME": ..., "PATH_INFO": ...}`. `run_cgi` gives a `Response` or a text: make the text a
# `Response` as well, and go on with one kind.

# %% [markdown] role="hint" id="meet-hint-3"
# Almost
# `http.HTTPStatus(answer.status).phrase` raises `ValueError` for an unknown code. Variables:
# `{n: v for n, v in environ.items() if isinstance(v, str) and "." not in n}`. The empty prefix needs no
# `/` after it.


# %% role="test" id="meet-test-mount" points=2 tags=["beside"]
@check.test
def _():
    # Who is called, and what is it told?
    RULE = dict(
        rule="The longest prefix on a border; it moves from PATH_INFO to SCRIPT_NAME, in a copy.",
        rfc='PEP 3333 "environ Variables"',
    )

    def where(mount, prefixes, *paths, script=""):
        """For each path: who is called, SCRIPT_NAME and PATH_INFO there; status; environ afterwards."""
        return {path: once(mount, prefixes, path, script) for path in paths}

    def once(mount, prefixes, path, script):
        called, heads = [], []

        def app_of(prefix):
            def app(environ, start_response):
                called.append((prefix, environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["x"]))
                environ["x"] = "changed"
                start_response("200 OK", [])
                return []

            return app

        mounted = mount({prefix: app_of(prefix) for prefix in prefixes})
        environ = {"SCRIPT_NAME": script, "PATH_INFO": path, "x": "1"}
        setup_testing_defaults(environ)
        blocks = mounted(environ, lambda status, fields: heads.append(status))
        left = [environ[name] for name in ("SCRIPT_NAME", "PATH_INFO", "x")] == [script, path, "1"]
        return *(called or ["nobody"]), heads, b"".join(blocks) == b"" or not called, left

    def example(mount):
        """Flask and its beta."""
        return where(mount, ["/flask", "/flask/beta"], "/flask/a", "/flask/beta/a", "/flasks")

    ok, lost = (["200 OK"], True, True), (["404 Not Found"], True, True)
    check.probe(
        mount, example,
        expected={"/flask/a": (("/flask", "/flask", "/a", "1"), *ok), "/flasks": ("nobody", *lost),
                  "/flask/beta/a": (("/flask/beta", "/flask/beta", "/a", "1"), *ok)},
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS

    def more(mount):
        """Borders, the root, a script name before, no application, prefixes in any order."""
        return [
            where(
                mount,
                ["/a/b", "", "/a"],
                "/a",
                "/a/",
                "/a/bc",
                "/a/b",
                "/",
                "",
                "/A",
                "//a",
                "/x/a",
            ),
            where(mount, ["/a"], "/a/a/b", "/", script="/site"),
            where(mount, [], "/a"),
        ]

    def to(prefix, path, script=""):
        return (prefix, script + prefix, path, "1"), *ok

    check.probe(
        mount, more,
        expected=[
            {"/a": to("/a", ""), "/a/": to("/a", "/"), "/a/bc": to("/a", "/bc"), "/a/b": to("/a/b", ""), "/": to("", "/"),
             "": to("", ""), "/A": to("", "/A"), "//a": to("", "//a"), "/x/a": to("", "/x/a")},
            {"/a/a/b": to("/a", "/a/b", "/site"), "/": ("nobody", *lost)},
            {"/a": ("nobody", *lost)},
        ],
        **RULE,
    )  # fmt: skip

    def untouched(mount):
        """Is what the application returns handed on as it is, and the 404 well formed?"""
        made = Blocks([b"a"])

        def app(environ, start_response):
            start_response("200 OK", [])
            return made

        same = mount({"": app})({"PATH_INFO": "/", "SCRIPT_NAME": ""}, lambda *_: None) is made
        status, fields, content = call_app(validator(mount({})), QUERY_STRING="").seen()
        bare, seen = {}, []

        def sees(environ, start_response):
            seen.append((environ["SCRIPT_NAME"], environ["PATH_INFO"]))
            return []

        mount({"": sees})(bare, None)
        return (
            (bare, seen),
            same,
            status,
            dict(fields).get("content-length") == str(len(content)),
            "content-type" in dict(fields),
        )

    check.probe(
        mount, untouched, expected=(({}, [("", "")]), True, "404 Not Found", True, True), **RULE
    )
    ### END HIDDEN TESTS


# %% role="test" id="meet-test-script" points=2 tags=["beside"]
@check.test
def _():
    # A script as an application.
    RULE = dict(
        rule="Text variables without a dot in their names; the content; status with phrase; a length.",
        rfc="RFC 3875 section 4.1",
        within_s=3,
    )

    def scripted(cgi_app, text, content=b"", **changed):
        """What an application made of this shell script answers."""
        app = cgi_app(["/bin/sh", "-c", text], 1.0)
        return call_app(app, content, **changed).seen()

    def example(cgi_app):
        """A script that repeats its path and its content."""
        text = 'printf "Content-Type: a/b\\n\\n"; echo "$PATH_INFO"; /bin/cat'
        return scripted(cgi_app, text, b"milk", PATH_INFO="/S\xc3\xb8r", REQUEST_METHOD="POST")

    typed = ("content-type", "a/b")
    check.probe(
        cgi_app,
        example,
        expected=("200 OK", [("content-length", "10"), typed], b"/S\xc3\xb8r\nmilk"),
        **RULE,
    )
    ### BEGIN HIDDEN TESTS

    def more(cgi_app):
        """Statuses, redirects, a length of its own, HEAD, dotted names, content that is not meant, no length."""
        say = 'printf "Content-Type: a/b\\n\\n";'
        names = "import os; print('Status: 200\\nX:', sorted(n for n in os.environ if n[0] in 'mN'), '\\n')"
        variables = {"my.name": "x", "N": "1", "NUMBER": 7}
        return [
            scripted(cgi_app, "echo Status: 404; echo"),
            scripted(cgi_app, "echo Status: 299 Odd; echo"),
            scripted(cgi_app, "echo Location: /other; echo"),
            scripted(
                cgi_app, 'printf "Content-Type: a/b\\nX: 1\\nCONTENT-length: 2\\nX: 2\\n\\nab"'
            ),
            scripted(cgi_app, say + "echo hello", REQUEST_METHOD="HEAD"),
            call_app(cgi_app([sys.executable, "-I", "-S", "-c", names]), **variables).seen(),
            scripted(cgi_app, say + "/bin/cat", b"helloGET /", CONTENT_LENGTH="5"),
            scripted(cgi_app, say + "/bin/cat", b"", CONTENT_LENGTH=""),
            scripted(cgi_app, "echo nonsense"),
        ]

    check.probe(
        cgi_app, more,
        expected=[
            ("404 Not Found", [("content-length", "0")], b""),
            ("299 Unknown", [("content-length", "0")], b""),
            ("302 Found", [("content-length", "0"), ("content-type", "text/plain"), ("location", "/other")], b""),
            ("200 OK", [("content-length", "2"), typed, ("x", "1"), ("x", "2")], b"ab"),
            ("200 OK", [("content-length", "6"), typed], b""),
            ("200 OK", [("content-length", "0"), ("x", "['N']")], b""),
            ("200 OK", [("content-length", "5"), typed], b"hello"),
            ("200 OK", [("content-length", "0"), typed], b""),
            ("502 Bad Gateway", [("content-length", "0")], b""),
        ],
        **RULE,
    )  # fmt: skip

    def late(cgi_app):
        """A script that takes longer than it may."""
        return call_app(
            cgi_app(["/bin/sh", "-c", "exec sleep 9"], 0.1), PATH="/bin:/usr/bin"
        ).seen()[0]

    check.probe(cgi_app, late, expected="504 Gateway Timeout", **RULE)
    ### END HIDDEN TESTS


# %% role="test" id="meet-test-peers" points=4 tags=["beside"]
@check.test
def _():
    # Flask, Django and scripts, behind your server, and a validator that says nothing.
    RULE = dict(
        rule="Unmodified applications must run as under any server, and wsgiref.validate must be silent.",
        rfc='PEP 3333 "Specification Details"',
        within_s=6,
    )

    def site(mount, cgi_app):
        script = [
            "/bin/sh",
            "-c",
            'printf "Content-Type: text/plain\\n\\n"; echo "$SCRIPT_NAME+$PATH_INFO+$QUERY_STRING"; /bin/cat',
        ]
        apps = {
            "/flask": flask_site(), "/django": WSGIHandler(), "/sh": cgi_app(script),
            "/py": cgi_app([sys.executable, "-I", "-S", "-c", GREETS_BY_NAME]),
        }  # fmt: skip
        return validator(mount({prefix: validator(app) for prefix, app in apps.items()}))

    GREETS_BY_NAME = (
        "import os; print('Status: 203\\nContent-Type: text/plain\\n\\n' + os.environ['PATH_INFO'])"
    )

    def visited(serve_wsgi, mount, cgi_app, *visits):
        """Status, some fields and content of each visit; and what was complained of."""
        errors, found = io.StringIO(), []
        with running(serve_wsgi, site(mount, cgi_app), errors) as server:
            for method, path, *more in visits:
                content, fields = [*more, None, {}][:2]
                status, listed, came = ask(server, method, path, content, **(fields or {}))
                kept = [(n, v) for n, v in listed if n.lower() in ("location", "set-cookie")]
                port = str(server.address[1])
                found.append((status, kept, came.decode().replace(port, "PORT")))
        return found, errors.getvalue()[-400:]

    def example(serve_wsgi, mount, cgi_app):
        """A greeting by each."""
        return visited(
            serve_wsgi, mount, cgi_app, ("GET", "/flask/hello/ada"), ("GET", "/django/hello/ada"), ("GET", "/sh/hello?x=1"),
        )  # fmt: skip

    check.probe(
        (serve_wsgi, mount, cgi_app), example,
        expected=(
            [(200, [], "hello, ada, from Flask"),
             (200, [], "hello, ada, from Django; you are at http://127.0.0.1:PORT/django/hello/ada"),
             (200, [], "/sh+/hello+x=1\n")],
            "",
        ),
        **RULE,
    )  # fmt: skip
    ### BEGIN HIDDEN TESTS
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    visits = {
        ("GET", "/flask/hello/S%C3%B8r%20en"): (200, [], "hello, Sør en, from Flask"),
        ("GET", "/flask/go"): (302, [("Location", "/flask/hello/you")], None),
        ("POST", "/flask/form", "x=%C3%A9&y=2", ("f",)): (200, [("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/")], "2 é"),
        ("GET", "/flask/stream"): (200, [], "0\n1\n2\n"),
        ("HEAD", "/flask/stream"): (200, [], ""),
        ("GET", "/flask/error"): (500, [], None),
        ("DELETE", "/flask/form"): (405, [], None),
        ("GET", "/django/links"): (200, [], "/django/hello/you"),
        ("PUT", "/django/upload", "x" * 5000): (201, [], "PUT 5000"),
        ("GET", "/django/stream"): (200, [], "first second"),
        ("HEAD", "/django/hello/a"): (200, [], ""),
        ("GET", "/django/nowhere"): (404, [], None),
        ("GET", "/django/hello/%E6%97%A5"): (200, [], "hello, 日, from Django; you are at http://127.0.0.1:PORT/django/hello/%E6%97%A5"),
        ("POST", "/sh/%C3%B8?a%20b", "milk"): (200, [], "/sh+/ø+a%20b\nmilk"),
        ("GET", "/py/x"): (203, [], "/x\n"),
        ("GET", "/nobody"): (404, [], None),
    }  # fmt: skip

    def tour(serve_wsgi, mount, cgi_app):
        """Everything they can do; what differs from what they say under any server."""
        asked = [(*v[:3], form) if len(v) == 4 else v for v in visits]
        found, complaints = visited(serve_wsgi, mount, cgi_app, *asked)
        wrong = {}
        for visit, wanted, (status, fields, content) in zip(
            visits, visits.values(), found, strict=True
        ):
            content = None if wanted[2] is None else content
            if (status, fields, content) != wanted:
                wrong[visit[:2]] = status, fields, content
        return wrong, complaints

    check.probe((serve_wsgi, mount, cgi_app), tour, expected=({}, ""), **RULE)

    def in_skins(onion, greeter):
        """Your application in your skins, the validator around each."""
        log = []
        app = validator(
            onion(validator(greeter), lambda *said: log.append(said), time.perf_counter, b"sorry")
        )
        told = call_app(
            app,
            PATH_INFO="/hello/ada",
            QUERY_STRING="",
            HTTP_ACCEPT_ENCODING="gzip",
            CONTENT_TYPE="",
        )
        return gzip.decompress(told.seen()[2]), len(log)

    check.probe((onion, greeter), in_skins, expected=(b"hello, ada\n", 1), **RULE)
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="meet-after"
# A look at it from outside, all four on one port:

# %%
try:
    everything = mount(
        {
            "/flask": flask_site(),
            "/django": WSGIHandler(),
            "/sh": cgi_app(["/bin/sh", "-c", SCRIPT]),
            "": greeter,
        }
    )
    with running(serve_wsgi, everything, io.StringIO()) as server:
        for path in ("/flask/hello/ada", "/django/hello/ada", "/sh?oslo", "/hello/ada"):
            status, _, content = ask(server, "GET", path)
            print(f"{path:20} {status} {content.decode().strip()}")
except NotImplementedError:
    print("The exercises come first; then run this cell again.")

# %% [markdown] role="given" id="recap"
# ## What to remember
#
# - CGI: head into **variables**, content into the input, the answer on the output. Any language will do;
#   each request is a process, and a process needs a deadline, a size, and a group to be killed.
# - WSGI: a **function call**, `environ` in, an iterable of bytes out. It parts the choice of server from
#   the choice of framework, and nothing else.
# - The head is sent **as late as possible**; `exc_info` says that an application has changed its mind.
#   `close()` is called once, always.
# - Middleware is server to the application and application to the server; **order** decides what each
#   skin sees.
# - ASGI: a **conversation**. One thread, any number of open answers, and the application hears that
#   the client has gone.
#
# You meet it in practice when a site runs in development and gives 500 under gunicorn (a `str` in the
# body, a path that was not decoded back), when links lose their prefix behind a proxy
# (`SCRIPT_NAME`), when a worker "hangs" (a thread for each slow answer), when uploads fail behind one
# server only (who read past `CONTENT_LENGTH`?), and in every traceback that ends in `wsgi.py`.
#
# Next come `25_rest`, where the *meaning* of a request is designed, and `27_ajax`, which reads your
# server-sent events in a browser.
