"""The choice of a network: the kernel's where the machine allows it, else the embedded one.

It knows both kinds by name, and loads only the one it needs.
"""

from __future__ import annotations

import os

from wirelab.lab.network import Network, NetworkUnavailable

VARIABLE = "WIRELAB_NETWORK"


def best(*, seed: int = 0, resolved: bool = True, ipv6: bool = False) -> Network:
    """Return a network as `Network.best` says.

    Raises NetworkUnavailable if WIRELAB_NETWORK asks for a kind that cannot be had, ValueError if
    it names none.
    """
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", "kernel", "embedded"):
        raise ValueError(f"{VARIABLE} is {wanted!r}; set it to kernel or embedded, or unset it")
    if wanted == "embedded":
        return _embedded(seed, resolved, ipv6, f"{VARIABLE} asks for it")
    try:
        from wirelab.lab.kernel import KernelNetwork

        return KernelNetwork(seed=seed, resolved=resolved, ipv6=ipv6)
    except NetworkUnavailable as refusal:
        if wanted == "kernel":
            raise
        reason = str(refusal)
    return _embedded(seed, resolved, ipv6, reason)


def _embedded(seed: int, resolved: bool, ipv6: bool, reason: str) -> Network:
    from wirelab.lab.embedded import EmbeddedNetwork

    network = EmbeddedNetwork(seed=seed, resolved=resolved, ipv6=ipv6)
    network.why = f"the peer is the embedded stand-in for a kernel: {reason}"
    return network
