"""The making and unmaking of the kernel network's namespace; the helper process runs it.

Standard library only, and quick to load, since the helper loads it as a file of its own. It makes
a user and a network namespace with a veth pair, speaking netlink itself: no `ip` command is
needed. It must not know what the descriptors it opens are used for.
"""

import array
import contextlib
import os
import select
import socket
import struct
import time

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCETHTOOL = 0x8946
OFFLOADS_OFF = (0x17, 0x1F, 0x24)  # ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO
SOL_PACKET, PACKET_QDISC_BYPASS, PACKET_IGNORE_OUTGOING = 263, 20, 23
SO_TIMESTAMPNS = 35
ETH_P_ALL = 3

# rtnetlink: linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h
REQUEST, ACKNOWLEDGE, DUMP, CREATE = 0x1, 0x4, 0x300, 0x400
NEW_LINK, NEW_ADDRESS, NEW_ROUTE, NEW_NEIGHBOUR = 16, 20, 24, 28
MAIN_TABLE, BY_HAND, UNIVERSE, UNICAST = 254, 4, 0, 1
UP, NO_ARP = 0x1, 0x80
PERMANENT = 0x80
CHANGES6 = 0x1 | 0x100 | 0x400  # groups of news: links, IPv6 addresses, IPv6 routes
READY_S = 5.0
# sock_diag: linux/inet_diag.h
BY_FAMILY, DESTROY = 20, 21


class Refused(Exception):
    """One step of the set-up failed; its arguments are the step's name and an OSError."""


def libc_call(name, *arguments):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def write_if_there(path, text):
    """Set what this kernel may lack or a container may forbid: the network works without."""
    with contextlib.suppress(OSError):
        write(path, text)


def attribute(kind, payload):
    padding = b"\0" * (-len(payload) % 4)
    return struct.pack("HH", 4 + len(payload), kind) + payload + padding


def ask(netlink, kind, flags, body):
    """Send one netlink request; return the octets of the answer, or raise OSError."""
    header = struct.pack("IHHII", 16 + len(body), kind, flags | REQUEST, 1, 0)
    netlink.send(header + body)
    answer = netlink.recv(1 << 16)
    if struct.unpack_from("H", answer, 4)[0] == 2:  # NLMSG_ERROR, 0 is an acknowledgement
        number = -struct.unpack_from("i", answer, 16)[0]
        if number:
            raise OSError(number, os.strerror(number))
    return answer


def link_message(index=0, flags=0):
    return struct.pack("BxHiII", 0, 0, index, flags, flags)


def octets_of(mac):
    return bytes.fromhex(mac.replace(":", ""))


def enter_namespaces():
    uid, gid = os.getuid(), os.getgid()
    libc_call("unshare", CLONE_NEWUSER)
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"0 {uid} 1")
    write("/proc/self/gid_map", f"0 {gid} 1")
    libc_call("unshare", CLONE_NEWNET)
    # The host's table of connections has a bucket per some KiB of memory, and reading
    # /proc/net/tcp visits each. A namespace made inside this one gets a small table of its own.
    try:
        write("/proc/sys/net/ipv4/tcp_child_ehash_entries", "256")
    except OSError:
        return
    libc_call("unshare", CLONE_NEWNET)


def set_sysctls():
    write_if_there("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")  # a quiet link
    write_if_there("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")
    for name, value in (
        ("ip_unprivileged_port_start", "0"),  # the notebook itself binds, without privileges
        ("ping_group_range", "0 0"),  # sockets whose echo requests the kernel itself numbers
        ("conf/all/rp_filter", "0"),  # distributions differ
        ("conf/default/rp_filter", "0"),
        ("tcp_ecn", "0"),
        ("tcp_no_metrics_save", "1"),  # one conversation must not change the timers of the next
        ("tcp_invalid_ratelimit", "0"),  # or the second challenge ACK in half a second is missing
    ):
        write_if_there("/proc/sys/net/ipv4/" + name, value)


def make_link(settings):
    """Make the veth pair eth0 (the peer's) and learner0, without the `ip` command."""
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    peer_end = link_message() + attribute(3, b"learner0\0")
    peer_end += attribute(1, octets_of(settings["learner_mac"]))
    veth = attribute(1, b"veth\0") + attribute(2, attribute(1, peer_end))
    named = attribute(3, b"eth0\0") + attribute(1, octets_of(settings["peer_mac"]))
    ask(
        netlink,
        NEW_LINK,
        ACKNOWLEDGE | CREATE,
        link_message() + named + attribute(18, veth),
    )
    eth0, learner0 = socket.if_nametoindex("eth0"), socket.if_nametoindex("learner0")
    local = socket.inet_aton(settings["peer_address"])
    ask(
        netlink,
        NEW_ADDRESS,
        ACKNOWLEDGE | CREATE,
        struct.pack("BBBBI", socket.AF_INET, settings["prefix_length"], 0, 0, eth0)
        + attribute(2, local)
        + attribute(1, local),
    )
    switch_offloads_off()  # before anything can be sent
    # eth0 last: a link that comes up while its other end is down is switched on by a kernel
    # worker some time later, and drops what it should send until then.
    for index, flags in ((1, UP), (learner0, UP | NO_ARP), (eth0, UP)):
        ask(netlink, NEW_LINK, ACKNOWLEDGE, link_message(index, flags))
    if settings["ipv6"]:
        give_ipv6(netlink, eth0, settings)
    if settings["resolved"]:
        ask(
            netlink,
            NEW_NEIGHBOUR,
            ACKNOWLEDGE | CREATE,
            struct.pack("BxxxiHBB", socket.AF_INET, eth0, PERMANENT, 0, 0)
            + attribute(1, socket.inet_aton(settings["learner_address"]))
            + attribute(2, octets_of(settings["learner_mac"])),
        )
    netlink.close()


def give_ipv6(netlink, eth0, settings):
    """Let the peer speak IPv6, and say no more of its own accord than it must."""
    for name, value in (
        ("accept_dad", "0"),
        ("addr_gen_mode", "1"),  # no link-local address beside ours
        ("router_solicitations", "0"),
        ("disable_ipv6", "0"),
    ):
        write("/proc/sys/net/ipv6/conf/eth0/" + name, value)
    local = socket.inet_pton(socket.AF_INET6, settings["peer_address6"])
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as changes:
        changes.bind((0, CHANGES6))
        ask(
            netlink,
            NEW_ADDRESS,
            ACKNOWLEDGE | CREATE,
            struct.pack("BBBBI", socket.AF_INET6, settings["prefix_length6"], 0, 0, eth0)
            + attribute(2, local)
            + attribute(1, local),
        )
        await_route6(changes, settings["learner_address6"])


def await_route6(changes, address):
    """Wait until the address is no longer tentative: then its groups have been joined as well.

    Both, and the switching on of the link, are for kernel workers, who take their time.
    """
    deadline = time.monotonic() + READY_S
    while True:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as tried:
            try:
                tried.connect((address, 9))  # sends nothing
                return
            except OSError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise
        if select.select([changes], [], [], left)[0]:
            changes.recv(1 << 16)


def add_route(to, prefix_length, via):
    """Send IPv4 packets for a network to a gateway."""
    body = struct.pack(
        "BBBBBBBBI",
        *(socket.AF_INET, prefix_length, 0, 0, MAIN_TABLE, BY_HAND, UNIVERSE, UNICAST),
        0,
    )
    body += attribute(1, socket.inet_aton(to)) + attribute(5, socket.inet_aton(via))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        ask(netlink, NEW_ROUTE, ACKNOWLEDGE | CREATE, body)


def switch_offloads_off():
    """Without this every TCP checksum of the kernel is wrong, and "frames" have 60 KB."""
    import fcntl

    with socket.socket() as any_socket:
        for command in OFFLOADS_OFF:
            buffer = array.array("I", (command, 0))
            request = struct.pack("16sP16x", b"eth0", buffer.buffer_info()[0])
            fcntl.ioctl(any_socket, SIOCETHTOOL, request)


def open_learners_end():
    cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    cable.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    cable.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)  # learner0 may not be switched on yet
    cable.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    cable.bind(("learner0", ETH_P_ALL))
    return cable


def set_up(settings):
    """Make everything; return the descriptors for the notebook, in the order it expects."""
    steps = (
        ("unshare", enter_namespaces),
        ("sysctl", set_sysctls),
        ("veth", lambda: make_link(settings)),
        ("packet", open_learners_end),
        ("proc", lambda: os.open("/proc/self/net/tcp", os.O_RDONLY)),
        ("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)),
    )
    results = []
    for name, step in steps:
        try:
            results.append(step())
        except OSError as error:
            raise Refused(name, error) from error
    cable, tcp_table, netlink = results[3:]
    return [cable.detach(), tcp_table, netlink.detach()]


def forget_closed_sockets():
    """End what the peer still closes politely: it would keep the namespace for minutes."""
    write_if_there("/proc/sys/net/ipv4/tcp_orphan_retries", "1")
    with contextlib.suppress(OSError):
        diag = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
        rows = []
        everything = struct.pack("BBxxI48x", socket.AF_INET, socket.IPPROTO_TCP, 0xFFFFFFFF)
        answer = ask(diag, BY_FAMILY, DUMP, everything)
        while answer:
            length, kind = struct.unpack_from("IH", answer)
            if kind == BY_FAMILY:
                rows.append(answer[20:68])  # inet_diag_msg.id
            answer = answer[length:] if length < len(answer) else b""
            if not answer and kind == BY_FAMILY:
                answer = diag.recv(1 << 16)
        for row in rows:
            # It may be gone meanwhile, or this kernel cannot: then the timers end it.
            with contextlib.suppress(OSError):
                ask(diag, DESTROY, ACKNOWLEDGE, everything[:8] + row)
