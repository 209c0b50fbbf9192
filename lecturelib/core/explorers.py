"""Explorers: pictures that answer when touched. They compute in the browser, on a page as in JupyterLab.

An explorer is a subclass of `Explorer` that names a module for the browser, a title, a hint, settings and presets, and
draws a still picture. CONTRIBUTING.md says how to write one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, ClassVar
from unittest import mock

import anywidget
import comm
import traitlets
from matplotlib.figure import Figure

from lecturelib.core import figures, modules
from lecturelib.core.controls import Setting
from lecturelib.core.display import BUILDING, EXPLORER_MIME


class Explorer(anywidget.AnyWidget):
    """Something to explore: alive on a page without a kernel, and in JupyterLab, where Python reads and sets `state`.

    name: lower-case letters, digits and dashes, unique in its page; the address of the page and links in the prose name
    the explorer by it. givens: what Python passes to the browser (anything that JSON holds). Further keywords are
    settings to begin with. Raises ValueError for a name, setting or value that does not fit, FileNotFoundError where
    the browser's packages are missing.

    A subclass sets `module` (path below lecturelib), `title`, `hint` (one sentence that says what to try), `settings`,
    `presets` (name → (words on the button, settings)) and `heights`, and defines `draw`.
    """

    module: ClassVar[str] = ""
    title: ClassVar[str] = ""
    hint: ClassVar[str] = ""
    settings: ClassVar[tuple[Setting, ...]] = ()
    presets: ClassVar[Mapping[str, tuple[str, Mapping[str, Any]]]] = {}
    heights: ClassVar[tuple[int, int]] = (640, 760)
    """How high it is, in pixels: with controls beside the charts, and on a phone. A page keeps this room for it. Where
    more is needed, a page jumps when it comes to life; charts share what is left over."""

    spec = traitlets.Dict().tag(sync=True)
    givens = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    """The settings now: name → value. Assigning a part of them changes these and leaves the others."""
    found = traitlets.Dict().tag(sync=True)
    """What the browser offers to Python, as plain numbers and lists; a subclass makes objects of it."""
    begun = traitlets.Int().tag(sync=True)
    """How often it was asked to begin anew: a preset does so, though the settings may be those of it already."""

    def __init__(self, name: str, *, givens: Mapping[str, Any] | None = None, **beginning: Any) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise ValueError(f"name: expected lower-case letters, digits and dashes, got {name!r}")
        self._known = {setting.name: setting for setting in self.settings}
        first = self._checked({setting.name: setting.value for setting in self.settings} | beginning)
        presets = {key: {"words": words, "state": self._checked(state)} for key, (words, state) in self.presets.items()}
        spec = {
            "name": name,
            "title": self.title,
            "hint": self.hint,
            "settings": [setting.spec() for setting in self.settings],
            "presets": presets,
            "first": first,
            "heights": list(self.heights),
        }
        values = {"spec": spec, "givens": dict(givens or {}), "state": first}
        if os.environ.get(BUILDING):
            # nobody listens, and what is sent would end up in the page
            with mock.patch("comm.create_comm", comm.DummyComm):
                super().__init__(**values)
        else:
            code = {"_esm": modules.as_one(modules.LIBRARY / self.module), "_css": modules.style() + _palette()}
            self.add_traits(**{key: traitlets.Unicode(text).tag(sync=True) for key, text in code.items()})
            super().__init__(**values)

    @property
    def name(self) -> str:
        """By what name addresses and links call it."""
        return self.spec["name"]

    def use(self, preset: str) -> None:
        """Begin anew as one of the presets says. Raises ValueError where there is none of this name."""
        if preset not in self.spec["presets"]:
            raise ValueError(f"preset: expected one of {', '.join(self.spec['presets'])}, got {preset!r}")
        with self.hold_sync():
            self.begun += 1
            self.state = self.spec["first"] | self.spec["presets"][preset]["state"]

    def seen(self) -> dict[str, Any]:
        """What the browser tells. Raises RuntimeError before a browser has shown the explorer."""
        if not self.found:
            raise RuntimeError(
                "this is computed in the browser: show the explorer in a notebook before reading from it"
            )
        return self.found

    def draw(self) -> tuple[Figure, str]:
        """The still picture of the state now, and its text alternative."""
        raise NotImplementedError

    def still(self) -> figures.Picture:
        """What print and browsers without scripts show."""
        figure, alt = self.draw()
        return figures.show(figure, caption=f"{self.title}.", alt=alt, label=f"fig-{self.name}")

    def _checked(self, state: Mapping[str, Any]) -> dict[str, Any]:
        for key in state:
            if key not in self._known:
                raise ValueError(f"{key}: no setting of {type(self).__name__}, which has {', '.join(self._known)}")
        return {key: self._known[key].check(value) for key, value in state.items()}

    @traitlets.validate("state")
    def _complete(self, proposal: dict[str, Any]) -> dict[str, Any]:
        return {**self.state, **self._checked(proposal["value"])}

    def _repr_mimebundle_(self, **options: Any):
        picture = self.still()
        words = {"text/plain": f"{self.title} ({picture.alt})"}
        if not os.environ.get(BUILDING):
            # the still is seen where no explorer lives: in a notebook that nobody runs
            image, sizes = picture.image
            data, metadata = super()._repr_mimebundle_(**options)
            return {**image, **data, **words}, {**sizes, **metadata}
        book = {"module": self.module, "spec": self.spec, "givens": self.givens, "svg": picture.svg}
        return {**words, EXPLORER_MIME: json.dumps({**book, "still": picture.book})}, {}


def _palette() -> str:
    """The colours of figures for a notebook, light and dark."""
    light = " ".join(f"--figure-{name}: {one};" for name, (one, _) in figures.PALETTE.items())
    dark = " ".join(f"--figure-{name}: {other};" for name, (_, other) in figures.PALETTE.items())
    return f'.explorer-live {{ {light} }}\n[data-jp-theme-light="false"] .explorer-live {{ {dark} }}\n'
