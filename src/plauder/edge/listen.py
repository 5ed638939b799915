"""Ports: taken early and in words, so that a second server says what is wrong before it touches anything."""

from __future__ import annotations

import errno
import socket

from plauder.kit.errors import PlauderError

BACKLOG = 2_048
USER_TIMEOUT_MS = 60_000


class PortTaken(PlauderError):
    """A port cannot be listened on."""

    code = "port-taken"


def bind(host: str, port: int, setting: str) -> socket.socket:
    """A listening TCP socket; `host` "" is every address of both families, `port` 0 a free one.

    Raises PortTaken, which names the setting to change.
    """
    try:
        if host == "" and socket.has_dualstack_ipv6():
            sock = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG)
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            sock = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise refusal(error, port, setting) from None
    tune(sock)
    return sock


def tune(listening: socket.socket) -> None:
    """No waiting for more to send; and the kernel finds out who is gone, at no cost to an idle connection.

    Set on the listening socket: those that it accepts inherit it.
    """
    options = [(socket.IPPROTO_TCP, "TCP_NODELAY", 1), (socket.SOL_SOCKET, "SO_KEEPALIVE", 1)]
    options += [(socket.IPPROTO_TCP, "TCP_KEEPIDLE", 300), (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 30)]
    options += [(socket.IPPROTO_TCP, "TCP_KEEPCNT", 4), (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", USER_TIMEOUT_MS)]
    for level, name, value in options:
        if hasattr(socket, name):
            listening.setsockopt(level, getattr(socket, name), value)


def refusal(error: OSError, port: int, setting: str) -> PortTaken:
    """What the system said, in words, with the way out."""
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return PortTaken(f"Port {port}: this machine does not have the address of {setting}'s host. Change it.")
    if error.errno == errno.EADDRINUSE:
        return PortTaken(f"Port {port} is in use by another program. Stop that one, or change {setting}.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return PortTaken(f"Port {port} needs a privilege (CAP_NET_BIND_SERVICE). Grant it, or change {setting}.")
    return PortTaken(f"Port {port} of {setting} cannot be opened: {error.strerror or error}.")
