"""A server for the files of a site, on this machine alone."""

from __future__ import annotations

import contextlib
import functools
import io
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HEAR = b"<head><script>" + Path(__file__).with_name("browsers").joinpath("heard.js").read_bytes() + b"</script>"


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, *arguments) -> None:
        pass


class HearingHandler(QuietHandler):
    """Serves pages with a script at their beginning that keeps what goes wrong in them."""

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.suffix != ".html" or not path.is_file():
            return super().send_head()
        text = path.read_bytes().replace(b"<head>", HEAR, 1)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        return io.BytesIO(text)


@contextlib.contextmanager
def serve(folder: Path, *, hearing: bool = False) -> Iterator[str]:
    """Serve a folder on this machine; gives the address, without a slash at its end.

    hearing: put a script into each page that keeps what goes wrong in it, for WebKit, which does not tell.
    """
    handler = functools.partial(HearingHandler if hearing else QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
