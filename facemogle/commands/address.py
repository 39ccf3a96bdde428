"""Where the page listens, settled before anything slow begins."""

from __future__ import annotations

import errno
import socket

TRIED_PORTS = 100
"""So many ports are tried, beginning with the default one."""

_REMEDIES: dict[int | None, str] = {
    errno.EADDRINUSE: "Another program listens there. Choose another --port, or leave it out.",
    errno.EACCES: "Ports under 1024 are for the system's services. Choose a --port over 1023.",
    errno.EADDRNOTAVAIL: "This machine has no such address. Choose another --host.",
    socket.EAI_NONAME: "Nothing has this name. Choose another --host.",
}


def choose_port(host: str, port: int, *, is_fixed: bool) -> int:
    """A port that can be listened at.

    is_fixed: whether it has to be this one; else the next ones are tried after it.
    Raises OSError with the address and the remedy.
    """
    last = port if is_fixed else min(port + TRIED_PORTS - 1, 65535)
    while True:
        try:
            _listen(host, port)
            return port
        except OSError as error:
            if error.errno != errno.EADDRINUSE or port == last:
                remedy = _REMEDIES.get(error.errno, f"{error.strerror}.")
                raise OSError(f"The page cannot listen at {host}:{port}. {remedy}") from None
        port += 1


def _listen(host: str, port: int) -> None:
    """Listen there for a moment."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen()
