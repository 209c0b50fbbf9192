"""Text within a paragraph of a page, as plain Markdown with $mathematics$."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from docutils import nodes

from lecturelib.site import tex

# Nodes that show nothing in a notebook. `raw` is HTML or LaTeX.
SILENT = {
    "target",
    "comment",
    "index",
    "substitution_definition",
    "meta",
    "sd_tab_input",
    "HiddenCellNode",
    "code_behind",
    "raw",
}
WRAPS = {
    "emphasis": ("*", "*"),
    "title_reference": ("*", "*"),
    "strong": ("**", "**"),
    "subscript": ("<sub>", "</sub>"),
    "superscript": ("<sup>", "</sup>"),
    "footnote_reference": ("<sup>", "</sup>"),
    **dict.fromkeys(("inline", "sd_badge", "PassthroughTextElement", "abbreviation", "term"), ("", "")),
}


@dataclass
class Inline:
    """Lowers what stands within the paragraphs of one page.

    numbers: kind ("theorem", "figure", "displaymath" …) → id → number, as in `env.toc_fignumbers`; sections: anchor →
    number, as in `env.toc_secnumbers`; formats: kind → "Fig. %s", as in `numfig_format`; macros: of the book;
    address: where the page is published, or "" where it has no address, and references to other pages are plain text;
    unknown: called with a node that has no Markdown.
    `images` collects the images met, name → node: the text refers to them as attachments of its cell.
    """

    unknown: Callable[[nodes.Node], None]
    numbers: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    sections: Mapping[str, tuple[int, ...] | None] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    macros: tex.Macros = field(default_factory=dict)
    address: str = ""
    images: dict[str, nodes.image] = field(default_factory=dict)
    _tables: int = 0  # in how many tables we are: a bar would end the cell

    def inline(self, *found: nodes.Node) -> str:
        """The nodes as text within a paragraph."""
        return "".join(self._inline(node) for node in found)

    def plain(self, node: nodes.Node) -> str:
        """Text for a place that takes HTML but no Markdown; formulas stay, JupyterLab typesets them there too."""
        if isinstance(node, nodes.math):
            return html.escape(self.inline_math(node), quote=False)
        if isinstance(node, nodes.Text):
            return html.escape(node.astext(), quote=False)
        return "" if isinstance(node, nodes.raw) else "".join(map(self.plain, node.children))

    def method(self, prefix: str, node: nodes.Node) -> Callable | None:
        """The method for a node: of its class, or of a base class, as many kinds are docutils' own a little changed."""
        names = (f"{prefix}_{kind}" for kind in kinds(node))
        return next((getattr(self, name) for name in names if hasattr(self, name)), None)

    def _inline(self, node: nodes.Node) -> str:
        if visit := self.method("inline", node):
            return visit(node)
        if wrap := next((WRAPS[kind] for kind in kinds(node) if kind in WRAPS), None):
            inside = self.inline(*node.children)
            return wrap[0] + inside + wrap[1] if inside.strip() else inside
        if not SILENT.intersection(kinds(node)):
            self.unknown(node)
            return self.inline(*node.children)
        return ""

    def inline_Text(self, node: nodes.Text) -> str:
        text = re.sub(r"[\\`*~]|(?<!\w)_|_(?!\w)|<(?=[\w/!?])|\[(?=[^]]*\]\()", r"\\\g<0>", node.astext())
        text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
        # the program that typesets formulas sees the dollars that Markdown leaves; it does not look across elements
        text = text.replace("$", r"<span>\$</span>")
        return text.replace("|", r"\|") if self._tables else text

    def inline_math(self, node: nodes.math) -> str:
        return f"${' '.join(self.tex(node).split())}$"

    def inline_literal(self, node: nodes.literal) -> str:
        text = " ".join(node.astext().split("\n"))
        fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
        pad = " " if text.startswith("`") or text.endswith("`") else ""
        text = text.replace("|", r"\|") if self._tables else text
        return fence + pad + text + pad + fence

    def inline_raw(self, node: nodes.raw) -> str:
        """Raw HTML is dropped, but for the line break, which is MyST's own."""
        return "\\\n" if node["format"] == "html" and node.astext().startswith("<br") else ""

    def inline_image(self, node: nodes.image) -> str:
        alt = re.sub(r"[\[\]\n]", " ", node.get("alt", ""))
        if "://" in node["uri"]:
            return f"![{alt}]({node['uri']})"
        name = re.sub(r"[^\w.-]", "-", PurePosixPath(unquote(node["uri"])).name)
        self.images[name] = node
        return f"![{alt}](attachment:{name})"

    def inline_reference(self, node: nodes.reference) -> str:
        text = self.inline(*node.children).rstrip()
        if number := node.get("secnumber"):  # in a table of contents
            text = f"{number}. {text}" if isinstance(number, str) else f"{'.'.join(map(str, number))}. {text}"
        uri = node.get("refuri", "")
        if not uri or uri.startswith("#"):
            return text
        if not urlsplit(uri).scheme:
            if not self.address:
                return text
            uri = urljoin(self.address, uri)
        uri = f"<{uri}>" if re.search(r"[()\s]", uri) else uri
        return f"[{text.strip()}]({uri})"

    def tex(self, node: nodes.Element) -> str:
        """The formula of a node, its macros expanded."""
        text = tex.expand(node.astext(), self.macros)
        return text.replace(r"\|", r"\Vert ").replace("|", r"\vert ") if self._tables else text


def kinds(node: nodes.Node) -> list[str]:
    """The names of the node's class and of its base classes, nearest first."""
    return [kind.__name__ for kind in type(node).__mro__]
