"""Browser packages where there is no folder node_modules, as where the library was installed without the book (Colab).

They are taken from npm, in the version and with the checksum that package-lock.json has.
"""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import urllib.request
from functools import cache

PINNED = {
    "uplot": (
        "https://registry.npmjs.org/uplot/-/uplot-1.6.32.tgz",
        "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
    ),
}
"""Name → address and checksum, as in package-lock.json, which a test compares."""
SECONDS = 30  # of patience with the connection


@cache
def _archive(name: str) -> bytes:
    address, checksum = PINNED[name]
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:
        content = answer.read()
    method, expected = checksum.split("-", 1)
    found = base64.b64encode(hashlib.new(method, content).digest()).decode()
    if found != expected:
        raise ValueError(f"{address}: expected checksum {checksum}, got {method}-{found}")
    return content


def fetched(name: str, path: str) -> str:
    """The text of a file of a package. OSError where it cannot be had, ValueError where it is not what was pinned."""
    with tarfile.open(fileobj=io.BytesIO(_archive(name))) as archive:
        return archive.extractfile(f"package/{path}").read().decode()
