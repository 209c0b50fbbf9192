"""ES modules of the library, for two kinds of browsers.

For pages they are bundled when the book is built (`lecturelib/site/bundles.py`). A notebook gets them as one string:
every module becomes an address of its own within the browser, and the modules that import it name that address. Nothing
is compiled, so that JupyterLab needs no Node; third-party modules come from npm (package.json), and `make book` puts
them in place. Where the library was installed without the book, they are fetched.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from lecturelib.core import packages

LIBRARY = Path(__file__).resolve().parents[1]
PACKAGES = LIBRARY.parent / "node_modules"
VENDOR = {"uplot": PACKAGES / "uplot" / "dist" / "uPlot.esm.js"}
"""Third-party modules that modules of the library may import, by the names they have in npm."""
MENDS = {"uplot": ("new Intl.NumberFormat(domEnv ? nav.language : 'en-US')", "new Intl.NumberFormat('en')")}
"""Name → what is replaced in it, by what. uPlot stops where the browser's language is no tag, like C or en-US@posix."""
VENDOR_STYLE = PACKAGES / "uplot" / "dist" / "uPlot.min.css"
STYLE = LIBRARY / "core" / "browser" / "explorer.css"

IMPORT = re.compile(r"""^((?:import|export)\b[^;"'`()]*?\bfrom\s*"|import\s*")([^"]+)(";)""", re.M)
"""A static import or re-export, at the beginning of a line, with double quotes and a semicolon."""

LOADER = """\
const urls = [];
for (const source of %s) {
  const text = source.replace(/@module (\\d+)@/g, (_, number) => urls[number]);
  urls.push(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
}
const { default: explorer } = await import(urls.at(-1));
export default explorer;
"""


def read(path: Path) -> str:
    """The text of a module, a third-party one with its `MENDS`.

    Raises FileNotFoundError, saying what to do, where a third-party one is not to be had, ValueError where what is to
    be mended is not in it, as in a new version.
    """
    text = _text(path)
    for name, (wrong, right) in MENDS.items():
        if path == VENDOR[name]:
            if wrong not in text:
                raise ValueError(f"{path}: expected to find {wrong!r} in it, which is to be replaced")
            text = text.replace(wrong, right)
    return text


def _text(path: Path) -> str:
    if path.exists() or not path.is_relative_to(PACKAGES):
        return path.read_text(encoding="utf-8")
    name, *rest = path.relative_to(PACKAGES).parts
    try:
        return packages.fetched(name, "/".join(rest))
    except OSError as error:
        raise FileNotFoundError(
            f"{path} is missing, and npm does not answer ({error}). Explorers need what `make book` puts in place: "
            "run it in the folder of the book"
        ) from error


def find(name: str, importer: Path) -> Path:
    """The file that `importer` means by `name`: a path beside it, or one of `VENDOR`. ValueError for anything else."""
    if name in VENDOR:
        return VENDOR[name]
    if not name.startswith("."):
        raise ValueError(f"{importer}: imports {name!r}; expected a relative path or one of {', '.join(VENDOR)}")
    return (importer.parent / name).resolve()


def imported(path: Path) -> list[Path]:
    """The files that a module imports."""
    return [] if path in VENDOR.values() else [find(name, path) for _, name, _ in IMPORT.findall(read(path))]


def gather(entry: Path) -> list[Path]:
    """A module and all that it needs, each after what it imports. ValueError where modules import each other."""
    done: list[Path] = []

    def add(path: Path, above: tuple[Path, ...]) -> None:
        if path in above:
            raise ValueError(f"{path}: imports itself by way of {', '.join(other.name for other in above)}")
        if path not in done:
            for other in imported(path):
                add(other, (*above, path))
            done.append(path)

    add(entry.resolve(), ())
    return done


@cache
def as_one(entry: Path) -> str:
    """A module, and all that it needs, as the text of one module with the same default export."""
    paths = gather(entry)

    def text(path: Path) -> str:
        if path in VENDOR.values():
            return read(path)

        def numbered(found: re.Match) -> str:
            return f"{found[1]}@module {paths.index(find(found[2], path))}@{found[3]}"

        return IMPORT.sub(numbered, read(path))

    return LOADER % json.dumps([text(path) for path in paths])


def style() -> str:
    """The style sheet of explorers, with that of uPlot."""
    return read(VENDOR_STYLE) + "\n" + read(STYLE)
