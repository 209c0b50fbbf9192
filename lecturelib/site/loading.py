"""How a page comes to its reader: scripts do not hold it up, and a long one is laid out section by section.

To lay out a chapter takes a phone a second or two, in which it answers nothing. So its sections wait, except for what
is seen, and are laid out one after the other while the reader begins. This is left to browsers that keep what is read
in its place meanwhile, and is not done where an address leads into the page: the place has to be right at once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

LONG = 150_000
"""Characters of HTML from which on a page is laid out section by section."""
AT_ONCE = ("documentation_options.js",)
"""Scripts that others in the page look at while it is read."""
BEGIN = """\
if (CSS.supports("overflow-anchor", "auto") && CSS.supports("content-visibility", "auto") && !location.hash &&
  performance.getEntriesByType("navigation")[0]?.type === "navigate") {
  document.documentElement.classList.add("in-stages");
}
"""
"""What has to run before the first section is read; stages.js does the rest."""

SPARED = "// Changed for this book: it does not measure the page while it is loaded."
MEASURING = {
    # which boxes scroll is found by book.js, without asking for the width of each
    "pydata-sphinx-theme.js": (r'querySelectorAll\("pre, [^"]*"\)', "querySelectorAll('#none')"),
    # whether headings that the contents name are seen
    "bootstrap.js": (r"\w+\((\w)\)&&\(this\._targetLinks\.set", r"\1&&(this._targetLinks.set"),
}
"""Scripts of the theme that ask where things are as soon as a page is read, so that all of it is laid out at once."""


def spare(script: str, name: str) -> str:
    """A script of the theme without its question. Raises ExtensionError where it does not ask as expected."""
    pattern, answer = MEASURING[name]
    text, found = re.subn(pattern, answer, script)
    if found != 1:
        raise ExtensionError(f"{name}: expected one place that measures the page, found {found}")
    return text


def spare_scripts(app: Sphinx, failed: Exception | None) -> None:
    """Write the scripts of the theme without what would lay out a page at once."""
    if failed or app.builder.format != "html":
        return
    for name in MEASURING:
        script = Path(app.outdir) / "_static" / "scripts" / name
        text = script.read_text(encoding="utf-8")
        if not text.startswith(SPARED):  # a build that writes no page leaves what there is
            script.write_text(f"{SPARED}\n{spare(text, name)}", encoding="utf-8")


def defer_scripts(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> None:
    """Let scripts run once the page has been read, in their order, instead of stopping it."""
    for script in context.get("script_files", ()):
        name = str(getattr(script, "filename", "") or "").rsplit("/", 1)[-1]
        if name and name not in AT_ONCE and not {"async", "defer", "type"} & set(script.attributes):
            script.attributes["defer"] = "defer"


def add_stages(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> None:
    """Give a long page what lays it out in stages."""
    if len(context.get("body", "")) > LONG:
        app.add_js_file(None, body=BEGIN)
        app.add_js_file("stages.js", loading_method="defer")


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("html-page-context", add_stages, priority=600)
    # after everything that adds scripts
    app.connect("html-page-context", defer_scripts, priority=900)
    app.connect("build-finished", spare_scripts)
