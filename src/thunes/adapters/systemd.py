"""systemd: what the manager of services is told by one that it started with Type=notify."""

import os
import socket


def notify(state: str) -> bool:
    """Tell it, as in `READY=1`; False where nobody listens, which is no error."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # a socket without a file
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(1.0)  # whoever watches us must not hold us up
            out.sendto(state.encode(), address)
    except OSError:
        return False
    return True
