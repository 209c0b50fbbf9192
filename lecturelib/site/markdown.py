"""A page, resolved by Sphinx, as plain Markdown with $mathematics$: what JupyterLab, VS Code and Colab all show.

`Markdown` visits nodes by the names of their classes, as docutils' own visitors do, but returns text instead of writing
to a page. A node that it does not know is reported, never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby

from docutils import nodes
from sphinx.locale import admonitionlabels

from lecturelib.site import tex
from lecturelib.site.inline import SILENT, WRAPS, Inline, kinds

FOLDED = {"dropdown", "toggle"}
"""Classes by which the site folds what bears them."""

# Nodes that only hold others.
_HOLDERS = {"document", "compound", "topic", "sidebar", "glossary", "legend", "definition"}
_LINE_START = re.compile(r"^(?:(?=[-+#>=])|(\d+)(?=[.)]\s))", re.M)


@dataclass(frozen=True)
class Cell:
    """The place of a code cell: its index in the chapter, and whether it stands in something folded."""

    index: int
    folded: bool = False


@dataclass(frozen=True)
class Answer:
    """Markdown that is a cell of its own, where a student answers task `task` of a lab."""

    task: str
    text: str


Part = str | Cell | Answer
"""A block of Markdown, the place of a code cell between such blocks, or a cell for an answer."""


@dataclass
class Markdown(Inline):
    """Lowers the blocks of one page. What it needs to know about the page is described at `Inline`."""

    _depth: int = 0  # of sections
    _flat: int = 0  # in how many blocks a line break within a formula would do harm

    def parts(self, *found: nodes.Node) -> list[Part]:
        """The nodes as blocks of Markdown and places of code cells, in order."""
        parts: list[Part] = []
        for node in found:
            if visit := self.method("block", node):
                parts += visit(node)
            elif text := self.inline(node).strip():
                parts.append(text)
        return [part for part in parts if part]

    def number(self, kind: str, node: nodes.Element) -> str:
        """The number that the page shows for `node`, or nothing."""
        found = (self.numbers.get(kind, {}).get(name) for name in node["ids"])
        return ".".join(map(str, next(filter(None, found), ())))

    def block_Element(self, node: nodes.Element) -> list[Part]:
        """Blocks without a method of their own: holders, text, or nodes that nobody knows."""
        names = {*kinds(node)}
        if names & _HOLDERS:
            return self.parts(*node.children)
        if names & WRAPS.keys() or self.method("inline", node):
            return [self.inline(node).strip()]
        if not names & SILENT:
            self.unknown(node)
            return self.parts(*node.children)
        return []

    def block_section(self, node: nodes.section) -> list[Part]:
        self._depth += 1
        heading, rest = [], node.children
        if rest and isinstance(rest[0], nodes.title):
            # as Sphinx does: the first heading of a page has no anchor of its own
            anchor = f"#{node['ids'][0]}" if node["ids"] else ""
            number = self.sections.get(anchor if anchor in self.sections else "") or ()
            label = ".".join(map(str, number)) + ". " if number else ""
            heading = [f"{'#' * min(self._depth, 6)} {label}{' '.join(self.inline(*rest[0].children).split())}"]
            rest = rest[1:]
        parts = heading + self.parts(*rest)
        self._depth -= 1
        return parts

    def block_title(self, node: nodes.Element) -> list[Part]:
        """A title of something that is no section: of a sidebar, a card, a tab, a table of contents."""
        text = self.inline(*node.children).strip()
        return [f"**{text}**"] if text else []

    block_rubric = block_sd_tab_label = block_title

    def block_paragraph(self, node: nodes.paragraph) -> list[Part]:
        text = re.sub(r"\n[ \t]*(?=\n|$)", "", self.inline(*node.children).strip())
        return [_LINE_START.sub(lambda found: f"{found[1] or ''}\\", text)]

    def block_compact_paragraph(self, node: nodes.Element) -> list[Part]:
        """An entry of a table of contents, or a whole table."""
        return self.parts(*node.children) if node.get("toctree") else self.block_paragraph(node)

    def block_math_block(self, node: nodes.math_block) -> list[Part]:
        text = tex.display(self.tex(node), self.number("displaymath", node))
        if self._flat:
            return [f"$$ {' '.join(text.split())} $$"]
        return [f"$$\n{text}\n$$"]

    def block_literal_block(self, node: nodes.literal_block) -> list[Part]:
        text, language = node.astext().rstrip("\n"), node.get("language", "")
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
        language = {"none": "", "default": "", "ipython3": "python"}.get(language, language)
        return [f"{fence}{language}\n{text}\n{fence}"]

    block_doctest_block = block_literal_block

    def block_transition(self, node: nodes.transition) -> list[Part]:
        return ["---"]

    def block_bullet_list(self, node: nodes.Element) -> list[Part]:
        return [self._list(("- ", item.children) for item in node)]

    def block_enumerated_list(self, node: nodes.enumerated_list) -> list[Part]:
        return [self._list((f"{n}. ", item.children) for n, item in enumerate(node, node.get("start", 1)))]

    def block_definition_list(self, node: nodes.definition_list) -> list[Part]:
        """Markdown has none: a list whose items begin with the term in bold."""
        lines = []
        for item in node:
            terms = [self.inline(*child.children).strip() for child in item if not isinstance(child, nodes.definition)]
            lines.append(f"- **{', '.join(terms)}**\n\n" + _indent(self._text(item[-1].children), "  "))
        return ["\n\n".join(lines)]

    def _list(self, items: Iterable[tuple[str, list[nodes.Node]]]) -> str:
        texts = [(marker, self._text(children)) for marker, children in items]
        # a loose list, with blank lines, where an item has several blocks
        gap = "\n\n" if any("\n\n" in text for _, text in texts) else "\n"
        return gap.join(marker + _indent(text, " " * len(marker)).lstrip() for marker, text in texts)

    def _text(self, children: Iterable[nodes.Node]) -> str:
        return "\n\n".join(self.parts(*children))

    def block_block_quote(self, node: nodes.block_quote) -> list[Part]:
        return self._quoted(node.children)

    def block_attribution(self, node: nodes.attribution) -> list[Part]:
        return [f"— {self.inline(*node.children)}"]

    def block_footnote(self, node: nodes.footnote) -> list[Part]:
        return [f"<sup>{node[0].astext()}</sup> {self._text(node[1:])}"]

    def block_citation(self, node: nodes.citation) -> list[Part]:
        return [f"- **[{self.inline(*node[0].children)}]** {_indent(self._text(node[1:]), '  ').lstrip()}"]

    def block_figure(self, node: nodes.figure) -> list[Part]:
        return self.parts(*node.children)

    def block_caption(self, node: nodes.caption) -> list[Part]:
        kind = "figure" if isinstance(node.parent, nodes.figure) else "code-block"
        return [f"{self._label(kind, node.parent)} {self.inline(*node.children)}".strip()]

    def _label(self, kind: str, node: nodes.Element) -> str:
        number = self.number(kind, node)
        return f"**{self.formats.get(kind, '%s').replace('%s', number)}**" if number else ""

    def block_table(self, node: nodes.table) -> list[Part]:
        caption = node.next_node(nodes.title, descend=True)
        title = f"{self._label('table', node)} {self.inline(*caption.children)}".strip() if caption else ""
        rows = []
        self._tables, self._flat = self._tables + 1, self._flat + 1
        for row in node.findall(nodes.row):
            cells = []
            for entry in row:
                cells += [re.sub(r"\s*\n\s*", "<br>", self._text(entry.children))] + [""] * entry.get("morecols", 0)
            rows.append(cells)
        self._tables, self._flat = self._tables - 1, self._flat - 1
        if node.next_node(nodes.thead) is None:
            rows.insert(0, [""] * len(rows[0]))  # Markdown's tables have a head
        lasts = [entry["classes"] for entry in list(node.findall(nodes.row))[-1]]
        sides = {"text-left": ":--", "text-right": "--:", "text-center": ":-:"}
        rule = [next((sides[name] for name in names if name in sides), "---") for names in lasts]
        rule += ["---"] * (len(rows[0]) - len(rule))
        return [title, "\n".join(f"| {' | '.join(cells)} |" for cells in (rows[0], rule, *rows[1:]))]

    # Theorems, admonitions, and what is folded

    def block_Admonition(self, node: nodes.Element) -> list[Part]:
        """Theorems, exercises, notes: a block quote that begins with its name."""
        has_title = bool(node.children) and isinstance(node[0], nodes.title)
        title, rest = (node[0], node[1:]) if has_title else (nodes.title(), node.children)
        if FOLDED.intersection(node["classes"]):
            return self._fold(self._name(node, self.plain(title)), rest)
        name = self._name(node, self.inline(*title.children))
        return self._quoted(rest, f"**{name}{'' if name[-1] in '.?!:' else '.'}**" if name else "")

    def block_solution_node(self, node: nodes.Element) -> list[Part]:
        """Solutions are folded, so that a reader sees them only when asking."""
        return self._fold(self._name(node, self.plain(node[0])), node[1:])

    def block_proof_node(self, node: nodes.Element) -> list[Part]:
        """The word "Proof." is text of the first paragraph."""
        parts = self._quoted(node[0].children)
        return [re.sub(r"^> Proof\. ", "> *Proof.* ", parts[0]), *parts[1:]] if isinstance(parts[0], str) else parts

    def _name(self, node: nodes.Element, title: str) -> str:
        """What stands in the title bar, as "Theorem 1.2 (Name)"."""
        kind = str(node.get("realtype") or node.get("type") or "")
        number = self.number(node.get("countertype", kind), node)
        if "realtype" in node or number:
            title = f"{kind.title()} {number} {title}"
        return " ".join((title or admonitionlabels.get(node.tagname, "")).split())

    def block_dropdown_main(self, node: nodes.Element) -> list[Part]:
        return self._fold(self.plain(node[0]).strip(), node[1:], "open" if node.get("opened") else "")

    def block_container(self, node: nodes.container) -> list[Part]:
        if node.get("nb_element") == "cell_code":
            return [Cell(node["cell_index"]), self._numbers_shown(node)]
        if "prediction" in node:
            return []  # its cell asks when it is run
        if "lab_answer" in node:
            return [Answer(node["lab_answer"], self._text(node.children))]
        if node.get("design_component") == "card-title":
            return self.block_title(node)
        return self._fold("Show", node.children) if FOLDED.intersection(node["classes"]) else self.parts(*node.children)

    def _numbers_shown(self, cell: nodes.Element) -> str:
        """By what numbers the text refers to equations in the output of a cell, which does not know them."""
        equations = [self.number("displaymath", equation) for equation in cell.findall(nodes.math_block)]
        found = [f"equation ({number})" for number in equations if number]
        return f"*What the cell above shows is {', '.join(found)}.*" if found else ""

    def _quoted(self, children: Iterable[nodes.Node], name: str = "") -> list[Part]:
        children = _inside(children)
        self._flat += 1  # the sign at the start of each line would become part of a formula
        parts = self.parts(*children)
        self._flat -= 1
        if name:
            runs_in = parts and isinstance(children[0], nodes.paragraph)
            parts = [f"{name} {parts[0]}", *parts[1:]] if runs_in else [name, *parts]
        return _wrapped(parts, lambda text, first: re.sub(r"(?m)^(?=(.?))", lambda m: "> " if m[1] else ">", text))

    def _fold(self, summary: str, children: Iterable[nodes.Node], state: str = "") -> list[Part]:
        """Details that unfold; blank lines make what stands between the tags Markdown again."""

        def folded(text: str, first: bool) -> str:
            line = summary if first else f"{summary} (continued)"
            return f"<details{state and ' ' + state}>\n<summary>{line}</summary>\n\n{text}\n\n</details>"

        parts = _wrapped(self.parts(*_inside(children)), folded)
        return [replace(part, folded=True) if isinstance(part, Cell) else part for part in parts]


def _inside(children: Iterable[nodes.Node]) -> list[nodes.Node]:
    """Children, without the section that sphinx-proof and sphinx-exercise put around them, which has no title."""
    inside = [child.children if isinstance(child, nodes.section) else [child] for child in children]
    return [child for each in inside for child in each]


def _wrapped(parts: list[Part], wrap: Callable[[str, bool], str]) -> list[Part]:
    """`wrap(text, whether it is the first)` for each run of text: code cells cannot stand within Markdown."""
    wrapped, first = [], True
    for is_text, run in groupby(parts, lambda part: isinstance(part, str)):
        block = list(run)
        wrapped += [wrap("\n\n".join(block), first)] if is_text else block
        first = first and not is_text
    return wrapped


def _indent(text: str, by: str) -> str:
    return re.sub(r"(?m)^(?=.)", by, text)
