"""A server for the files of a site that compresses them as hosts of sites do, on this machine alone."""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMPRESSED = {".woff", ".woff2", ".png", ".jpg", ".gz", ".zip"}
"""Kinds of files that are small already."""


class Compressing(SimpleHTTPRequestHandler):
    """Serves files compressed by gzip, over connections that stay open, and prints nothing."""

    protocol_version = "HTTP/1.1"

    def send_head(self):
        """Answer with a file and what is said of it; a folder or a file that is not there is left to the base class."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            return super().send_head()
        small = path.suffix in COMPRESSED
        body = _read(path, path.stat().st_mtime_ns, small)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(body)))
        if not small:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        return io.BytesIO(body)

    def log_message(self, *arguments) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Answers each connection in a thread of its own, which ends with the server."""

    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """Say nothing of a browser that went away before it had its answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@functools.lru_cache(maxsize=1024)
def _read(path: Path, changed: int, small: bool) -> bytes:
    body = path.read_bytes()
    return body if small else gzip.compress(body, 6)


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder, compressed; gives the address, without a slash at its end."""
    handler = functools.partial(Compressing, directory=str(folder))
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
