"""A page in a browser that speaks a protocol of the W3C, asked as pages of Playwright are, as far as tests need it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ANSWER = 120
"""Seconds that a browser has to answer: to load a page, or to run a script in it."""
PATIENCE = 30
"""Seconds that `wait_for_function` waits where it is not told."""
STEP = 0.05
# What the W3C calls keys that have no character.
KEYS = {
    "Backspace": "\ue003",
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Escape": "\ue00c",
    "Space": " ",
    "PageUp": "\ue00e",
    "PageDown": "\ue00f",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Delete": "\ue017",
}
ADD_SCRIPT = """(text) => {
  const script = document.createElement("script");
  script.textContent = text;
  document.head.append(script);
}"""


class BrowserError(Exception):
    """A browser did not do what it was told to; says which, on which page, and what it answered."""


@dataclass(frozen=True)
class Message:
    """What a page wrote into its console."""

    type: str
    text: str


@dataclass(frozen=True)
class Asked:
    """Something that a page asked for, and the status of the answer where there is one."""

    url: str
    status: int = 0


class Window:
    """A page. A browser defines `goto`, `reload`, `go_back`, `set_viewport_size`, `close`, `_call` and `_act`."""

    browser = ""
    """What readers call the browser."""

    def __init__(self) -> None:
        self.keyboard = SimpleNamespace(press=self._press)
        self.mouse = SimpleNamespace(click=self._click, move=self._move)
        self._listeners: dict[str, list[Callable]] = {}

    def __enter__(self):
        return self

    def __exit__(self, *problem) -> None:
        # what went wrong before tells more than that the window cannot be closed then
        with contextlib.suppress(BrowserError) if problem[0] else contextlib.nullcontext():
            self.close()

    def goto(self, address: str, wait_until: str = "load") -> None:
        """Open a page and wait until it has loaded."""
        raise NotImplementedError

    def reload(self) -> None:
        """Load the page again."""
        raise NotImplementedError

    def go_back(self) -> None:
        """Go back by one page of the history."""
        raise NotImplementedError

    def set_viewport_size(self, size: dict[str, int]) -> None:
        """Give the window a size, its frame not counted."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the window."""
        raise NotImplementedError

    def _call(self, function: str, argument: Any) -> Any:
        """What an asynchronous function of one argument gives in the page; both are what JSON holds."""
        raise NotImplementedError

    def _act(self, source: dict[str, Any]) -> None:
        """Perform the actions of a source of input, in the words of the W3C."""
        raise NotImplementedError

    def on(self, event: str, act: Callable) -> None:
        """Call this for each `request`, `requestfailed`, `response`, `console` message or `pageerror`."""
        self._listeners.setdefault(event, []).append(act)

    def tell(self, event: str, what: Any) -> None:
        """Tell those who listen of an event."""
        for act in self._listeners.get(event, []):
            act(what)

    @property
    def url(self) -> str:
        """The address of the page."""
        return self.evaluate("location.href")

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """The value of an expression in the page; where it is a function, what this gives for `arg`."""
        return self._call(
            f"async (argument) => {{ const value = {expression.strip().rstrip(';')};\n"
            "return typeof value === 'function' ? value(argument) : value; }",
            arg,
        )

    def wait_for_function(self, expression: str, arg: Any = None, timeout: float = 1000 * PATIENCE) -> None:
        """Wait until an expression holds in the page, `timeout` milliseconds at most."""
        deadline = time.monotonic() + timeout / 1000
        while not self.evaluate(expression, arg):
            if time.monotonic() > deadline:
                about = "" if arg is None else f", of {arg!r}"
                raise BrowserError(f"{self.browser}, {self.url}: not so in {timeout / 1000:g} s: {expression}{about}")
            time.sleep(STEP)

    def wait_for_timeout(self, milliseconds: float) -> None:
        """Let some time pass."""
        time.sleep(milliseconds / 1000)

    def add_script_tag(self, path: Path) -> None:
        """Run a script in the page."""
        self.evaluate(ADD_SCRIPT, path.read_text(encoding="utf-8"))

    def _press(self, key: str) -> None:
        code = KEYS.get(key, key)
        if len(code) != 1:
            raise ValueError(f"key: expected a character or one of {', '.join(KEYS)}, got {key!r}")
        self._act(_source("key", {"type": "keyDown", "value": code}, {"type": "keyUp", "value": code}))

    def _move(self, x: float, y: float) -> None:
        self._act(_source("pointer", _to(x, y)))

    def _click(self, x: float, y: float) -> None:
        press, release = ({"type": name, "button": 0} for name in ("pointerDown", "pointerUp"))
        self._act(_source("pointer", _to(x, y), press, release))


def _source(kind: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "id": kind, "actions": list(actions)}


def _to(x: float, y: float) -> dict[str, Any]:
    return {"type": "pointerMove", "x": round(x), "y": round(y), "origin": "viewport"}
