"""Firefox, told what to do by WebDriver BiDi (https://w3c.github.io/webdriver-bidi), which it speaks itself."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import websocket

from tests.site.browsers import programs
from tests.site.browsers.window import ANSWER, Asked, BrowserError, Message, Window

PROGRAMS = ("firefox-esr", "firefox")
PACKAGE = "firefox-esr"
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
EVENTS = ["log.entryAdded", "network.beforeRequestSent", "network.fetchError", "network.responseCompleted"]
# No host but this machine is reached, nothing is asked of Mozilla, and pages begin in light mode.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.cache.disk.enable": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "layout.css.prefers-color-scheme.content-override": 1,
    "network.prefetch-next": False,  # given up when a test moves on, it counts as a request that failed
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class Firefox:
    """A running Firefox: gives contexts, and these give pages, as Playwright's browsers do."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=ANSWER, suppress_origin=True)
        self._last = 0
        self.tabs: dict[str, FirefoxPage] = {}
        self.send("session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "dismiss"}}})
        self.send("session.subscribe", events=EVENTS)

    def new_context(self, color_scheme: str = "light") -> FirefoxContext:
        """Where pages are opened. Mode and storage are those of the browser, which begins light and empty."""
        if color_scheme != "light":
            raise ValueError(f"color_scheme: Firefox is started in light mode, got {color_scheme!r}")
        return FirefoxContext(self)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have a command done, and tell pages of their events meanwhile. BrowserError where it is refused or late."""
        self._last += 1
        deadline = time.monotonic() + ANSWER
        try:
            self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
            while True:
                self._socket.settimeout(max(0.1, deadline - time.monotonic()))
                answer = json.loads(self._socket.recv())
                if answer.get("id") == self._last:
                    break
                if answer["type"] == "event":
                    self._hear(answer["method"], answer["params"])
        except websocket.WebSocketTimeoutException as error:
            told = f"{method} {parameters.get('url', '')}"
            raise BrowserError(f"Firefox: no answer to {told} in {ANSWER} s") from error
        except (websocket.WebSocketException, OSError) as error:
            raise BrowserError(f"Firefox: ended before it answered {method}: {error}") from error
        if answer["type"] == "error":
            raise BrowserError(f"Firefox: {method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def _hear(self, event: str, what: dict[str, Any]) -> None:
        page = self.tabs.get(what.get("context") or what.get("source", {}).get("context"))
        if page is None:
            return
        if event == "log.entryAdded":
            _tell_entry(page, what)
        elif event == "network.beforeRequestSent":
            page.tell("request", Asked(what["request"]["url"]))
        elif event == "network.fetchError":
            page.tell("requestfailed", Asked(what["request"]["url"]))
        else:
            page.tell("response", Asked(what["request"]["url"], what["response"]["status"]))

    def close(self) -> None:
        """End the browser."""
        with contextlib.suppress(BrowserError):
            self.send("browser.close")
        self._socket.close()


UNFINISHED = "Invalid markup: Incorrect number of children"
"""What Firefox says of a formula of which only a part has arrived yet; test_mathml.py looks at whole ones."""


def _tell_entry(page: FirefoxPage, entry: dict[str, Any]) -> None:
    if entry["text"].startswith(UNFINISHED):
        return
    frames = (entry.get("stackTrace") or {}).get("callFrames") or [None]
    at = f" ({frames[0]['url']}:{frames[0]['lineNumber'] + 1})" if frames[0] else ""
    if entry["type"] == "javascript" and entry["level"] == "error":
        page.tell("pageerror", f"{entry['text']}{at}")
    else:
        kind = {"warn": "warning"}.get(entry["level"], entry["level"])
        page.tell("console", Message(kind, f"{entry['text']}{at}"))


class FirefoxContext:
    """Where pages are opened that begin with the same scripts."""

    def __init__(self, firefox: Firefox) -> None:
        self._firefox = firefox
        self._scripts: list[str] = []

    def __enter__(self):
        return self

    def __exit__(self, *problem) -> None:
        self.close()

    def add_init_script(self, path: Path) -> None:
        """Run this in every page before its own scripts."""
        text = path.read_text(encoding="utf-8")
        added = self._firefox.send("script.addPreloadScript", functionDeclaration=f"() => {{ {text} }}")
        self._scripts.append(added["script"])

    def new_page(self) -> FirefoxPage:
        """A new tab."""
        return FirefoxPage(self._firefox)

    def close(self) -> None:
        """Forget the scripts."""
        for script in self._scripts:
            self._firefox.send("script.removePreloadScript", script=script)


class FirefoxPage(Window):
    """A tab of Firefox."""

    browser = "Firefox"

    def __init__(self, firefox: Firefox) -> None:
        super().__init__()
        self._firefox = firefox
        self._tab = firefox.send("browsingContext.create", type="tab")["context"]
        firefox.tabs[self._tab] = self

    def goto(self, address: str, wait_until: str = "load") -> None:
        self._tell("browsingContext.navigate", url=address, wait={"load": "complete"}.get(wait_until, "interactive"))

    def reload(self) -> None:
        self._tell("browsingContext.reload", wait="complete")

    def go_back(self) -> None:
        self._tell("browsingContext.traverseHistory", delta=-1)

    def set_viewport_size(self, size: dict[str, int]) -> None:
        self._tell("browsingContext.setViewport", viewport=size)

    def close(self) -> None:
        self._tell("browsingContext.close")
        del self._firefox.tabs[self._tab]

    def _call(self, function: str, argument: Any) -> Any:
        answer = self._firefox.send(
            "script.callFunction",
            functionDeclaration=f"async (given) => JSON.stringify(await ({function})(JSON.parse(given)))",
            arguments=[{"type": "string", "value": json.dumps(argument)}],
            awaitPromise=True,
            target={"context": self._tab},
            userActivation=False,
        )
        if answer["type"] == "exception":
            raise BrowserError(f"Firefox: {answer['exceptionDetails']['text']} in {function[:400]}")
        value = answer["result"]
        return json.loads(value["value"]) if value["type"] == "string" else None

    def _act(self, source: dict[str, Any]) -> None:
        self._tell("input.performActions", actions=[source])

    def _tell(self, method: str, **parameters: Any) -> None:
        self._firefox.send(method, context=self._tab, **parameters)


@contextlib.contextmanager
def started() -> Iterator[Firefox]:
    """A headless Firefox with a profile of its own. Without one, tests are skipped; where CI=true, they fail."""
    program = programs.find(PROGRAMS, PACKAGE)
    with programs.home() as (folder, environment):
        profile, log = folder / "profile", folder / "said"
        profile.mkdir()
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        # it looks for a port by itself, and says which one it found
        command = [program, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
        with programs.running(command, environment, log) as process:
            found = programs.wait(lambda: LISTENING.search(log.read_text("utf-8", "replace")), "Firefox", process, log)
            firefox = Firefox(f"{found[1]}/session")
            try:
                yield firefox
            finally:
                firefox.close()
