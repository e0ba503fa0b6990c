# ---
# wirelab:
#   title: Start here
#   minutes: 10
#   builds_on: []
# ---

# %% [markdown] role="given" id="welcome"
# # Start here
#
# Press **Shift** and **Enter** in each of the next two cells, and your notebook sends a letter to
# another computer and waits for the answer.

# %% role="given" id="setup"
from wirelab.grading.checks import Checks
from wirelab.lab import Network
from wirelab.protocols.segment import SYN, Segment
from wirelab.views import Ladder

check = Checks("00_start")

# %%
with Network.best() as net:
    port, wire = net.peer.listen(), net.wire()
    wire.send(Segment(source_port=40000, destination_port=port, seq=1, flags=SYN))
    print(wire.receive(timeout_s=1.0))
Ladder.of(net.trace, left="you", right="peer")

# %% [markdown] role="given" id="how"
# That was real: a frame left your program, and a TCP that you did not write read it and answered.
# In this course you write the other half. ARP, TCP, HTTP, TLS: for each you build the piece
# yourself, and then it has to get along with something nobody here wrote, the Linux kernel,
# OpenSSL, a browser.
#
# Each topic is one notebook. In it you will find
#
# - **cells to run**: a thing happens first, its name comes after;
# - **"Is it so?"**: a sentence you may have read somewhere, put to the test, and judged *true*,
#   *half true* or *false*, with the section of the standard that decides;
# - **exercises**: a brief, a cell for your answer, and below it cells that test it.
#
# Here is an exercise, small enough to do now.

# %% [markdown] role="given" id="octets-brief"
# ### Exercise 1: how many octets?
#
# On a network everything is counted in **octets**, groups of eight bits. Write
# `octets_on_the_wire(text: str) -> int`: how many octets `text` has when it is sent as UTF-8.
#
# Examples: `octets_on_the_wire("ping")` is 4. `octets_on_the_wire("façade")` is 7, since the ç
# needs two.


# %% role="answer" id="octets-answer"
def octets_on_the_wire(text: str) -> int:
    """Return the number of octets of `text` in UTF-8."""
    ### BEGIN SOLUTION
    return len(text.encode())
    ### END SOLUTION


# %% [markdown] role="hint" id="octets-hint-1"
# Nudge
# `len("façade")` counts characters. What does a network count?

# %% [markdown] role="hint" id="octets-hint-2"
# Way A `str` becomes octets by its method `encode`; the result is a `bytes`, and `len` of that
# counts octets.

# %% [markdown] role="hint" id="octets-hint-3"
# Almost
# `return len(text.encode())`

# %% [markdown] role="given" id="octets-before"
# Run the next cell before you have written anything, and read what it says. Then write
# `return len(text)` into the answer, run both cells, and read again. Then get it right.


# %% role="test" id="octets-test-count" points=0
@check.test
def _():
    # Octets, not characters.
    check(octets_on_the_wire, "ping", expected=4)
    check(
        octets_on_the_wire,
        "façade",
        expected=7,
        rule="Outside ASCII a character takes two to four octets.",
        rfc="RFC 3629 section 3",
    )
    ### BEGIN HIDDEN TESTS
    texts = ["", "ü", "→", "网络", "🦊", "naïve → 网络", "a" * 1000]
    check.each(
        octets_on_the_wire,
        [(text,) for text in texts],
        expected=[len(bytes(text, "utf-8")) for text in texts],
        rfc="RFC 3629 section 3",
    )
    ### END HIDDEN TESTS


# %% [markdown] role="given" id="tests-text"
# A test cell says three things when it fails: what it asked, what it expected and what came, and
# *which idea was wrong*, as far as that can be told. When it passes it says nothing.
#
# Some tests are kept back: they try edges and random cases. To have them run on your answers, use
# the button at the end of each notebook, or `wirelab check 12_handshake` in a terminal. If you
# study by yourself, each exercise also has three hints, from a nudge to nearly all of it, and a
# solution, folded away.
#
# Take a course? Then your teacher's notebook has no hints and no solutions; **Validate** in the
# toolbar runs the tests you can see, and *Assignment List* in the *Nbgrader* menu is where you
# submit.

# %% [markdown] role="given" id="machine-text"
# ## This machine
#
# On Linux the computer at the other end of the cable is the Linux kernel itself, in a small
# network of its own that needs no administrator and disappears with the notebook. Where that is
# not possible, a stand-in written in Python takes its place, and tests hold it to the kernel's
# behaviour. Your code is the same in both. What is it here?

# %%
from wirelab.lab import machine

print(machine.report(machine.look()))

# %% [markdown] role="given" id="machine-after"
# Nothing in that table has to be installed: a topic that could use a program which is missing
# says so in one line and goes on without it. All traffic stays on this machine: on its loopback,
# or in the lab's own network.

# %% [markdown] role="given" id="map-text"
# ## The map
#
# Three parts, seventeen topics. They can be taken in any order; each says what it builds on.

# %%
from wirelab.grading import progress

progress.show()

# %% [markdown] role="given" id="start-recap"
# Begin with [the three-way handshake](12_handshake.ipynb): it is the best known conversation on
# the Internet, and hardly anybody knows why it has three parts.
