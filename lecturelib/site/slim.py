"""What pages load, without what no page uses: icons, and rules of style sheets.

The theme brings two thousand icons and style sheets for every page that could be. Once all pages are written, it is
known what they use: the names of classes in pages and scripts, and the signs in style sheets. A rule that asks for a
class which occurs nowhere can never hold. templates/static/webpack-macros.html names what pages load of the theme.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import fontTools
import tinycss2
from fontTools import subset
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from lecturelib.site.formulas import FOLDER

SHEETS = (
    "styles/bootstrap.css",
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "sphinx-design.min.css",
    "mystnb.*.css",
    "basic.css",
)
"""Style sheets of others in _static, which serve every page that could be."""
ICONS = "vendor/fontawesome"
FORMULAS = f"{FOLDER}/fonts"
FONTS = "fonts"
"""Folder beside the site with fonts that were cut before, of which so many are kept:"""
KEPT = 400
CLASSES = re.compile(r'\bclass="([^"]+)"')
BEGINNING = re.compile(r"\b([A-Za-z]\w*-)(?:\$\{|[\"'] ?\+)")
WORD = re.compile(r"-?[A-Za-z_][\w-]*")
PARENTHESES = re.compile(r"\([^()]*\)")
CLASS = re.compile(r"\.(-?[A-Za-z_](?:[\w-]|\\.)*)")
SIGN = re.compile(r"[\ue000-\uf8ff]|\\([ef][0-9a-f]{3})\b")
FONT_FILE = re.compile(r"webfonts/([\w-]+)\.woff2")
CONTAINERS = ("media", "supports", "layer", "container")


@dataclass
class Names:
    """Names that classes of pages can have: `whole` ones, and those that begin with one of `beginnings`."""

    whole: set[str] = field(default_factory=set)
    beginnings: set[str] = field(default_factory=set)

    def __contains__(self, name: str) -> bool:
        return name in self.whole or name.startswith(tuple(self.beginnings))

    def read_page(self, text: str) -> None:
        """Take in the classes of a page."""
        for classes in set(CLASSES.findall(text)):
            self.whole.update(classes.split())

    def read_script(self, text: str) -> None:
        """Take in every word of a script, and the beginnings of words that it puts together."""
        self.whole.update(WORD.findall(text))
        self.beginnings.update(BEGINNING.findall(text))


def names_used(site: Path) -> Names:
    """The names in pages and in scripts that pages load."""
    names = Names()
    for page in site.rglob("*.html"):
        names.read_page(page.read_text(encoding="utf-8"))
    for script in _files(site, "*.js"):
        names.read_script(script.read_text(encoding="utf-8"))
    return names


def _files(site: Path, pattern: str) -> Iterable[Path]:
    """Files of this kind, without those of widgets and of the search, which bring what they need, and without icons."""
    left_out = (site / "assets" / "widgets", site / "search", site / "_static" / ICONS)
    return (path for path in site.rglob(pattern) if not any(path.is_relative_to(folder) for folder in left_out))


def thin(sheet: str, names: Names) -> str:
    """A style sheet without the rules that ask for a class which is not among the names."""
    return _text(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True), names)


def _text(rules: Iterable, names: Names) -> str:
    return "".join(_rule(rule, names) for rule in rules)


def _rule(rule, names: Names) -> str:
    if rule.type == "at-rule" and rule.content is not None and rule.at_keyword in CONTAINERS:
        inner = _text(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True), names)
        return f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}" if inner else ""
    if rule.type != "qualified-rule":
        return rule.serialize()
    kept = [selector for selector in _selectors(rule.prelude) if all(name in names for name in _asks(selector))]
    return f"{','.join(kept)}{{{tinycss2.serialize(rule.content)}}}" if kept else ""


def _selectors(prelude: Iterable) -> list[str]:
    """The selectors of a rule, which commas part."""
    selectors = [""]
    for token in prelude:
        if token == ",":
            selectors.append("")
        else:
            selectors[-1] += token.serialize()
    return [selector.strip() for selector in selectors]


def _asks(selector: str) -> set[str]:
    """The classes without which a selector cannot hold; of what stands in parentheses each may be left out."""
    while PARENTHESES.search(selector):
        selector = PARENTHESES.sub("", selector)
    return {re.sub(r"\\(.)", r"\1", name) for name in CLASS.findall(selector)}


def slim(app: Sphinx, failed: Exception | None) -> None:
    """Take out of the site what no page uses."""
    if failed or app.builder.format != "html":
        return
    site = Path(app.outdir)
    static = site / "_static"
    if not (static / ICONS).exists():  # no page was written, and what the theme brings not copied again
        return
    names = names_used(site)
    for sheet in (found for pattern in SHEETS for found in static.glob(pattern)):
        sheet.write_text(thin(sheet.read_text(encoding="utf-8"), names), encoding="utf-8")
    store = site.parent / FONTS
    slim_formulas(site / FORMULAS, written(site), store)
    forget(store)
    signs = {sign for sheet in _files(site, "*.css") for sign in signs_of(sheet.read_text(encoding="utf-8"))}
    write_icons(static / ICONS, static / "icons", names, signs, store)
    shutil.rmtree(static / ICONS)


def written(site: Path) -> set[str]:
    """Every sign that stands in a page."""
    return {sign for page in site.rglob("*.html") for sign in set(page.read_text(encoding="utf-8"))}


def slim_formulas(fonts: Path, signs: set[str], store: Path | None = None) -> None:
    """Leave in the fonts of formulas the signs that stand in pages."""
    for font in fonts.glob("*.woff2"):
        if not write_font(font, font, signs, store):
            font.unlink()


def signs_of(sheet: str) -> set[str]:
    """The signs of icon fonts that a style sheet shows."""
    return {chr(int(found[1], 16)) if found[1] else found[0] for found in SIGN.finditer(sheet)}


def write_icons(source: Path, target: Path, names: Names, signs: set[str], store: Path | None = None) -> None:
    """The theme's icons as far as they are used, by the name of a class or as a sign in another style sheet.

    Raises ExtensionError where the theme does not have them where they are expected.
    """
    sheets = list(source.glob("*/css/all.min.css"))
    if len(sheets) != 1:
        raise ExtensionError(f"{source}: expected one style sheet of icons, found {len(sheets)}")
    sheet = thin(sheets[0].read_text(encoding="utf-8"), names)
    signs = signs | signs_of(sheet)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    rules = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    kept = []
    for rule in rules:
        text = rule.serialize()
        if rule.type == "at-rule" and rule.at_keyword == "font-face":
            name = FONT_FILE.search(text)[1]
            font = sheets[0].parents[1] / "webfonts" / f"{name}.woff2"
            if not (target / font.name).exists() and not write_font(font, target / font.name, signs, store):
                continue
            text = re.sub(r"src:[^;}]*", f'src:url({font.name}) format("woff2")', text)
        kept.append(text)
    (target / "icons.css").write_text("".join(kept), encoding="utf-8")


def write_font(source: Path, target: Path, signs: Iterable[str], store: Path | None = None) -> bool:
    """Write a font with these signs alone; False, and nothing is written, where it has none of them.

    What was made before of the same font and signs is taken from the folder `store`.
    """
    if store is None:
        return cut_font(source, target, signs)
    task = f"{fontTools.version} {' '.join(sorted(signs))} ".encode() + source.read_bytes()
    made = store / f"{hashlib.sha256(task).hexdigest()}.woff2"
    if not made.exists():
        store.mkdir(parents=True, exist_ok=True)
        unfinished = made.with_suffix(f".{os.getpid()}")
        if not cut_font(source, unfinished, signs):
            unfinished.touch()
        unfinished.replace(made)
    made.touch()
    if not made.stat().st_size:
        return False
    shutil.copyfile(made, target)
    return True


def forget(store: Path) -> None:
    """Let go of the fonts in `store` that were not asked for lately."""
    for font in sorted(store.glob("*"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        font.unlink(missing_ok=True)


def cut_font(source: Path, target: Path, signs: Iterable[str]) -> bool:
    """Take out of a font all but these signs."""
    options = subset.Options(flavor="woff2", drop_tables=[*subset.Options().drop_tables, "FFTM"], notdef_outline=False)
    with subset.load_font(str(source), options) as font:
        there = font.getBestCmap()
        wanted = [ord(sign) for sign in signs if ord(sign) in there]
        if not wanted:
            return False
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=wanted)
        subsetter.subset(font)
        subset.save_font(font, str(target), options)
    return True


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    # after everything else has been laid out
    app.connect("build-finished", slim, priority=900)
