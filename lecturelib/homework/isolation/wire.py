"""Messages over a Unix socket: the length, then the bytes, with file descriptors beside them where they are sent."""

from __future__ import annotations

import os
import socket
import struct
import time

_LENGTH = struct.Struct("<Q")
_MOST_DESCRIPTORS = 4


class WireError(Exception):
    """The other side is gone, announced too much, or did not keep to the form."""


class WireTimeout(WireError):
    """The other side did not answer in time."""


def send(sock: socket.socket, message: bytes, descriptors: tuple[int, ...] = (), seconds: float | None = None) -> None:
    """Send one message whole. Raises WireError where the other side is gone, WireTimeout where it does not read."""
    try:
        sock.settimeout(seconds)
        if descriptors:
            socket.send_fds(sock, [_LENGTH.pack(len(message))], list(descriptors))
            sock.sendall(message)
        else:
            sock.sendall(_LENGTH.pack(len(message)) + message)
    except TimeoutError:
        raise WireTimeout("the other side does not read") from None
    except OSError as error:
        raise WireError(f"the other side is gone ({error.strerror})") from None


def receive(sock: socket.socket, most: int, seconds: float | None = None) -> bytes:
    """One message of at most `most` bytes, within so many seconds in all. Descriptors sent along are not taken.

    Raises WireError at the end of the stream or where more is announced, before anything of it is read.
    """
    until = None if seconds is None else time.monotonic() + seconds
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size, until))
    if length > most:
        raise WireError(f"a message of {length} bytes is announced: expected at most {most}")
    return _exactly(sock, length, until)


def receive_with_descriptors(sock: socket.socket, most: int) -> tuple[bytes, list[int]]:
    """As `receive`, without limit of time, with the descriptors that were sent along."""
    try:
        sock.settimeout(None)
        start, descriptors, _, _ = socket.recv_fds(sock, _LENGTH.size, _MOST_DESCRIPTORS)
    except OSError as error:
        raise WireError(f"the other side is gone ({error.strerror})") from None
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    if not start:
        raise WireError("the other side is gone")
    (length,) = _LENGTH.unpack(start + _exactly(sock, _LENGTH.size - len(start), None))
    if length > most:
        raise WireError(f"a message of {length} bytes is announced: expected at most {most}")
    return _exactly(sock, length, None), descriptors


def _exactly(sock: socket.socket, size: int, until: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            raise WireTimeout("no answer in time")
        try:
            sock.settimeout(left)
            part = sock.recv(min(size - len(parts), 1 << 20))
        except TimeoutError:
            raise WireTimeout("no answer in time") from None
        except OSError as error:
            raise WireError(f"the other side is gone ({error.strerror})") from None
        if not part:
            raise WireError("the other side is gone")
        parts += part
    return bytes(parts)
