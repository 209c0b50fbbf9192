"""Explorers on pages: their files in the site, their place in a page, and links in the prose that set them."""

from __future__ import annotations

import contextlib
import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from lecturelib.core import modules
from lecturelib.site import bundles, drawings

logger = logging.getLogger(__name__)

FOLDER = "assets/explorers"
"""Where the site has the scripts. It is kept out of _static, whose scripts would be put into every page."""
DEAD = (
    "This explorer is not alive: no script of this page has run. Reload the page; if that does not help, allow scripts "
    "for it or try another browser. The picture shows how it looks at the start."
)
"""What the page says by itself, unless the script of pages takes over within ten seconds."""


def lay_out(app: Sphinx, failed: Exception | None) -> None:
    """Write the scripts and the style sheet of explorers into the site."""
    if failed or app.builder.format != "html":
        return
    target = Path(app.outdir) / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    bundles.write(target)
    (target / "explorers.css").write_text(modules.style(), encoding="utf-8")


def place(content: dict[str, Any]) -> nodes.container:
    """The place of an explorer in a page: its still picture, and what the browser needs to bring it to life."""
    spec = content["spec"]
    name = f"explorer-{spec['name']}"
    box = nodes.container(classes=["explorer"], ids=[name], explorer=spec)
    data = json.dumps({key: content[key] for key in ("module", "spec", "givens")}).replace("<", "\\u003c")
    wide, narrow = spec["heights"]
    # the hint says what to do with a living one
    still = (
        f'<figure class="explorer-still drawn" style="--wide: {wide}px; --narrow: {narrow}px">'
        f'<div class="drawing">{drawings.light(content["svg"])}</div>'
        f"<figcaption><b>{html.escape(spec['title'])}.</b></figcaption></figure>"
        f'<p class="explorer-dead">{DEAD}</p><script type="application/json">{data}</script>'
    )
    box += nodes.raw("", still, format="html")
    return box


class Explore(SphinxRole):
    """`` {explore}`words <name setting=value …>` ``: a link that sets an explorer of the page.

    Settings that are not named return to where they began. `name=preset` uses a preset.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        found = re.fullmatch(r"(.+?)\s*<([a-z][a-z0-9-]*)((?:=[\w-]+)?)((?:\s+\w+=\S+)*)>", self.text, re.S)
        if not found:
            message = f"expected words <name setting=value>, got {self.text!r}"
            return [], [self.inliner.reporter.error(message, line=self.lineno)]
        words, name, preset, changes = found.groups()
        wanted = dict(change.split("=", 1) for change in changes.split())
        parts = [f"{name}{preset}"] if preset else []
        parts += [f"{name}.{key}={quote(value, safe=',;')}" for key, value in wanted.items()]
        link = nodes.reference("", words, refuri=f"?{'&'.join(parts)}#explorer-{name}", classes=["explore"])
        link["explore"] = (name, preset.lstrip("="), wanted)
        self.set_source_info(link)
        return [link], []


def complaints(doctree: nodes.document) -> Iterator[tuple[nodes.reference, str]]:
    """Links to an explorer, a preset or a setting that the page does not have, each with what is wrong."""
    specs = {box["explorer"]["name"]: box["explorer"] for box in _boxes(doctree)}
    for link in doctree.findall(nodes.reference):
        if "explore" not in link:
            continue
        name, preset, wanted = link["explore"]
        if name not in specs:
            yield link, f"no explorer {name!r} in this page"
            continue
        if preset and preset not in specs[name]["presets"]:
            yield link, f"{name!r} has no preset {preset!r}"
        settings = {setting["name"]: setting for setting in specs[name]["settings"]}
        for key, text in wanted.items():
            if key not in settings:
                yield link, f"{name!r} has no setting {key!r}"
            elif problem := _misfit(settings[key], text):
                yield link, f"{key}: expected {problem}, got {text!r}"


def _misfit(setting: dict[str, Any], text: str) -> str:
    """What the text of a setting should be, or nothing where the browser will understand it."""
    if setting["kind"] == "number":
        with contextlib.suppress(ValueError):
            if setting["low"] <= float(text) <= setting["high"]:
                return ""
        return f"a number from {setting['low']:g} to {setting['high']:g}"
    if setting["kind"] == "choice" and text not in setting["options"]:
        return f"one of {', '.join(setting['options'])}"
    if setting["kind"] == "switch" and text not in ("on", "off"):
        return "on or off"
    return ""


def check_links(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Warn of links that would set nothing."""
    for link, problem in complaints(doctree):
        logger.warning("explore: %s", problem, location=link, type="explorer")


def add_files(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> None:
    """Let a page with explorers load what brings them to life; other pages load nothing of it."""
    boxes = _boxes(doctree) if doctree is not None else []
    if not boxes:
        return
    app.add_css_file(f"../{FOLDER}/explorers.css")
    app.add_js_file(f"../{FOLDER}/page.js", loading_method="defer")


def _boxes(doctree: nodes.document) -> list[nodes.container]:
    return [box for box in doctree.findall(nodes.container) if "explorer" in box]


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.add_role("explore", Explore())
    app.connect("doctree-resolved", check_links)
    app.connect("html-page-context", add_files)
    app.connect("build-finished", lay_out)
