"""WebKit, as Safari and GNOME have it: WebKitGTK's small browser, told what to do by WebDriver, on a screen of its own.

WebKit says nothing of a page's console to those who drive it. The test's server puts `heard.js` at the beginning of
each page, which keeps what goes wrong there until somebody asks (see `serving.serve`).
"""

from __future__ import annotations

import contextlib
import glob
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.site.browsers import programs
from tests.site.browsers.window import ANSWER, STEP, Asked, BrowserError, Message, Window

DRIVERS, SCREENS = ("WebKitWebDriver",), ("Xvfb",)
PACKAGE = "webkit2gtk-driver xvfb"
BROWSERS = ("/usr/lib/*/webkit2gtk-4.*/MiniBrowser", "/usr/libexec/webkit2gtk-4.*/MiniBrowser")
SCREEN = "1600x1200x24"
RESIZED = 30
"""Seconds that a window has to take a new size."""
TRIES = 3
"""How often a port is looked for: another program may take it before the driver does."""
# No host but this machine is reached.
ARGUMENTS = ("--automation", "--proxy=http://127.0.0.1:9", "--ignore-host=127.0.0.1")
SETTINGS = {
    # The language of pages becomes "C", which is none: scripts have to cope with it.
    "LC_ALL": "C.UTF-8",
    "GDK_BACKEND": "x11",
    "NO_AT_BRIDGE": "1",
    # A graphics card that is emulated draws hardly any frames where other tests run beside.
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "WEBKIT_SKIA_ENABLE_CPU_RENDERING": "1",
}
CALL = """
const [given, done] = arguments;
const heard = () => window.heard?.splice(0) ?? [];
Promise.resolve().then(() => (%s)(JSON.parse(given))).then(
  (value) => done(JSON.stringify({ value, heard: heard() })),
  (error) => done(JSON.stringify({ error: String(error), heard: heard() })),
);"""


class WebKit:
    """A running WebKit with one window: gives contexts, and these give pages, as Playwright's browsers do."""

    def __init__(self, driver: str, program: Path) -> None:
        self._driver = driver
        options = {"binary": str(program), "args": list(ARGUMENTS)}
        wanted = {"webkitgtk:browserOptions": options, "timeouts": {"script": 1000 * ANSWER, "pageLoad": 1000 * ANSWER}}
        self._session = ""
        self._session = self.send("POST", "/session", capabilities={"alwaysMatch": wanted})["sessionId"]

    def new_context(self) -> WebKit:
        """The browser itself: it has one window, which is emptied between pages."""
        return self

    def __enter__(self):
        return self

    def __exit__(self, *problem) -> None:
        pass

    def new_page(self) -> WebKitPage:
        """The window."""
        return WebKitPage(self)

    def send(self, method: str, path: str, **body: Any) -> Any:
        """Have a command done. Raises BrowserError where it is refused or late."""
        place = f"/session/{self._session}" if self._session else ""
        request = urllib.request.Request(
            f"{self._driver}{place}{path}",
            data=json.dumps(body).encode() if method == "POST" else None,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER + 10) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            problem = json.load(error)["value"]
            told = f"{path} {body.get('url', '')}"
            raise BrowserError(f"WebKit: {told}: {problem['error']}: {problem['message']}") from None
        except OSError as error:
            raise BrowserError(f"WebKit: no answer to {path}: {error}") from error

    def close(self) -> None:
        """End the browser."""
        with contextlib.suppress(BrowserError):
            self.send("DELETE", "")


class WebKitPage(Window):
    """The window of WebKit."""

    browser = "WebKit"

    def __init__(self, webkit: WebKit) -> None:
        super().__init__()
        self._webkit = webkit

    def goto(self, address: str, wait_until: str = "load") -> None:
        self._webkit.send("POST", "/url", url=address)

    def reload(self) -> None:
        self._webkit.send("POST", "/refresh")

    def go_back(self) -> None:
        self._webkit.send("POST", "/back")

    def set_viewport_size(self, size: dict[str, int]) -> None:
        """Give the window a size. Its bar of buttons is 447 pixels wide: BrowserError where it should be narrower."""
        wanted = [size["width"], size["height"]]
        deadline = time.monotonic() + RESIZED
        while (inner := self.evaluate("[innerWidth, innerHeight]")) != wanted:
            if time.monotonic() > deadline:
                raise BrowserError(f"WebKit: the window is {inner}, and does not become {wanted}")
            outer = self._webkit.send("GET", "/window/rect")
            width, height = wanted[0] + outer["width"] - inner[0], wanted[1] + outer["height"] - inner[1]
            self._webkit.send("POST", "/window/rect", width=width, height=height)
            time.sleep(2 * STEP)  # it takes a moment

    def close(self) -> None:
        self.goto("about:blank")

    def _call(self, function: str, argument: Any) -> Any:
        body = {"script": CALL % function, "args": [json.dumps(argument)]}
        answer = json.loads(self._webkit.send("POST", "/execute/async", **body))
        for event, text in answer["heard"]:
            if event == "pageerror":
                self.tell(event, text)
            elif event == "requestfailed":
                self.tell(event, Asked(text))
            else:
                self.tell("console", Message(event, text))
        if "error" in answer:
            raise BrowserError(f"WebKit: {answer['error']} in {function[:400]}")
        return answer.get("value")

    def _act(self, source: dict[str, Any]) -> None:
        self._webkit.send("POST", "/actions", actions=[source])


@contextlib.contextmanager
def started() -> Iterator[WebKit]:
    """A WebKit on a screen that nobody sees. Without one, tests are skipped; where CI=true, they fail."""
    driver, screen = programs.find(DRIVERS, PACKAGE), programs.find(SCREENS, PACKAGE)
    found = sorted(path for pattern in BROWSERS for path in glob.glob(pattern))
    if not found:
        programs.missing("MiniBrowser of WebKitGTK", PACKAGE)
    with contextlib.ExitStack() as stack:
        folder, environment = stack.enter_context(programs.home())
        environment |= SETTINGS
        environment["DISPLAY"] = stack.enter_context(_screen(screen, folder, environment))
        address = stack.enter_context(_driver(driver, folder, environment))
        webkit = WebKit(address, Path(found[-1]))
        stack.callback(webkit.close)
        yield webkit


@contextlib.contextmanager
def _screen(program: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """A screen in memory. The server looks for a free number by itself, and writes it into a file."""
    number, log = folder / "screen", folder / "said by the screen"
    with number.open("w") as file:
        command = [program, "-displayfd", str(file.fileno()), "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]
        with programs.running(command, environment, log, pass_fds=[file.fileno()]) as process:
            found = programs.wait(lambda: number.read_text().strip(), "the number of a screen", process, log)
            yield f":{found}"


@contextlib.contextmanager
def _driver(program: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The program that drives the browser, at an address of this machine."""
    log = folder / "said by the driver"
    with contextlib.ExitStack() as stack:
        for left in reversed(range(TRIES)):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            address = f"http://127.0.0.1:{port}"
            process = stack.enter_context(programs.running([program, f"--port={port}"], environment, log))
            try:
                programs.wait(lambda address=address: _answers(address), "WebKitWebDriver", process, log)
                break
            except RuntimeError:
                if not left:
                    raise
        yield address


def _answers(address: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/status", timeout=5) as answer:
        return answer.status == 200
    return False
