"""Links, as far as no browser is needed: they lead somewhere inside the site, and nothing is taken from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

# Attributes by which a page refers to something, and elements where this is a link for readers to follow.
REFERRING = ("href", "src", "poster", "data", "action", "xlink:href", "srcset")
FOLLOWED = ("a", "area")
STYLE_URL = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", re.I)
HERE = "http://site.invalid/"


@dataclass
class Page(HTMLParser):
    """The names inside a page that can be linked to, and everything it refers to as (element, address)."""

    names: set[str] = field(default_factory=set)
    refers: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value for name, value in attrs if value is not None}
        self.names.update(attributes[name] for name in ("id", "name") if name in attributes)
        # the page's own address, told to search engines, is not something a browser asks for
        if tag == "link" and attributes.get("rel") == "canonical":
            return
        for name in REFERRING:
            if name in attributes:
                value = attributes[name]
                parts = [part.split()[0] for part in value.split(",")] if name == "srcset" else [value]
                self.refers += [(tag, part) for part in parts]
        for address in STYLE_URL.findall(attributes.get("style", "")):
            self.refers.append(("style", address))


def read(path: Path) -> Page:
    """Parse a page."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page


def outside(path: Path) -> list[str]:
    """What a page takes, or prepares to take, from another host; links that readers may follow do not count."""
    taken = [
        f"<{tag}> {address}"
        for tag, address in read(path).refers
        if tag not in FOLLOWED and (urlsplit(address).netloc or urlsplit(address).scheme in ("http", "https"))
    ]
    inline = re.findall(r"<style[^>]*>(.*?)</style>", path.read_text(encoding="utf-8"), re.S | re.I)
    return taken + [f"<style> {address}" for style in inline for address in STYLE_URL.findall(style)]


def outside_styles(path: Path) -> list[str]:
    """What a style sheet takes from another host."""
    return STYLE_URL.findall(path.read_text(encoding="utf-8"))


def broken(site: Path, paths: list[str]) -> list[str]:
    """Links and resources of these pages that lead to no file of the site, or to no place inside a page."""
    parsed: dict[Path, Page] = {}
    problems = []
    for path in paths:
        for tag, address in parsed.setdefault(site / path, read(site / path)).refers:
            place = urlsplit(urljoin(HERE + path, address))
            if f"{place.scheme}://{place.netloc}/" != HERE:
                continue
            target = site / unquote(place.path.lstrip("/"))
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                problems.append(f"{path}: <{tag}> {address} leads to no file")
            elif place.fragment and target.suffix == ".html":
                page = parsed.get(target) or parsed.setdefault(target, read(target))
                if unquote(place.fragment) not in page.names:
                    problems.append(f"{path}: <{tag}> {address} leads to no place in the page")
    return problems
