# ---
# wirelab:
#   minutes: 20
#   builds_on: [00_start]
# ---

# %% [markdown] role="given" id="opening"
# # Two small things about frames
#
# ![Six octets, six octets, two octets](figures/frame.svg)
#
# What builds on this: [the handshake](../12_handshake/12_handshake.ipynb).

# %% role="given" id="setup"
from wirelab.grading.checks import Checks

check = Checks("11_arp")

# %%
print("a demo")

# %% [markdown] role="given" id="type-brief"
# ### Exercise 1: the EtherType
# Write `ether_type(frame: bytes) -> int`: octets 12 and 13 of the frame, the high one first.
# Raise `ValueError` for a frame of fewer than 14 octets.


# %% role="answer" id="type-answer"
def ether_type(frame: bytes) -> int:
    """Return octets 12 and 13 of an Ethernet II frame."""
    ### BEGIN SOLUTION
    if len(frame) < 14:
        raise ValueError("a frame has 14 octets at least")
    return int.from_bytes(frame[12:14], "big")
    ### END SOLUTION


# %% [markdown] role="hint" id="type-hint-1"
# Nudge
# How many octets come before it?

# %% [markdown] role="hint" id="type-hint-2"
# `frame[12:14]` has both.

# %% [markdown] role="hint" id="type-hint-3"
# Almost
# ```python
# int.from_bytes(frame[12:14], "big")
# ```

# %% role="test" id="type-test-example" points=1
assert ether_type(bytes(12) + b"\x08\x06") == 0x0806
### BEGIN HIDDEN TESTS
assert ether_type(bytes(12) + b"\x86\xdd" + bytes(40)) == 0x86DD, "a hidden case"
### END HIDDEN TESTS

# %% role="test" id="type-test-short" points=0.5
### BEGIN HIDDEN TESTS
check.refuses(ether_type, bytes(13))
### END HIDDEN TESTS

# %% [markdown]
# A paragraph between.

# %% [markdown] role="given" id="tag-brief"
# ### Exercise 2: is there a tag?
# Write `tagged(frame: bytes) -> bool`: whether the EtherType is `0x8100`.


# %% role="answer" id="tag-answer"
def tagged(frame: bytes) -> bool:
    """Return whether an 802.1Q tag follows the addresses."""
    ### BEGIN SOLUTION
    return ether_type(frame) == 0x8100
    ### END SOLUTION


# %% [markdown] role="hint" id="tag-hint-1"
# Use your first function.

# %% [markdown] role="hint" id="tag-hint-2"
# Compare it with a number.

# %% [markdown] role="hint" id="tag-hint-3"
# The number is `0x8100`.

# %% role="test" id="tag-test-both" points=2
check(tagged, bytes(12) + b"\x81\x00", expected=True)
### BEGIN HIDDEN TESTS
check(tagged, bytes(12) + b"\x08\x00", expected=False)
### END HIDDEN TESTS

# %% [markdown] role="essay" id="why-essay" points=3
# ### BEGIN SOLUTION
# Because the switch must know the network of each frame.
# ### END SOLUTION

# %% [markdown] role="given" id="why-brief"
# Why is the tag inside the frame?
