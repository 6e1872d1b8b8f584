"""The other end of the local socket: asks a process of the same user one thing."""

import os
import socket
from pathlib import Path

from thunes.adapters.messaging.local_socket import PATH_MAX, read_line, user_of
from thunes.core.domain.errors import ThunesError

ANSWER_MAX = 1 << 26


class Absent(ThunesError):
    """Nobody serves there."""


def ask(path: Path, line: bytes, timeout_s: float) -> bytes:
    """The answer to one line. Raises Absent where nobody serves, ThunesError where no answer comes
    in time or somebody else serves there."""
    if len(os.fsencode(path)) > PATH_MAX:
        raise Absent(f"{path} is too long for a socket, so nobody serves there")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(timeout_s)
            peer.connect(str(path))
            if user_of(peer) != os.getuid():
                raise ThunesError(f"{path} is served by another user: it is not asked")
            peer.sendall(line + b"\n")
            answer = read_line(peer, ANSWER_MAX, timeout_s)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
        raise Absent(f"nobody serves at {path}") from error
    except OSError as error:
        raise ThunesError(f"no answer at {path}: {error.strerror or error}") from error
    if not answer:
        raise ThunesError(f"the process at {path} has ended without an answer")
    return answer
