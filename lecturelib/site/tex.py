"""Formulas of a page in the TeX that every program understands: KaTeX when the book is built, and those for notebooks.

Authors use the macros of the book, and write lines below each other as Sphinx lets them. The programs that show
notebooks (MathJax in JupyterLab, KaTeX in VS Code) know neither, nor does who gets a formula that was copied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Macros = Mapping[str, str | Sequence]
"""As _config.yml has them: name → TeX, or name → [TeX with #1, #2 …, number of arguments]."""

_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.S)
_ENVIRONMENT = re.compile(r"\\begin\{(\w+)\*?\}(.*)\\end\{\1\*?\}", re.S)
_COMMENT = re.compile(r"(?<!\\)%.*")
# Environments that stand on their own in LaTeX, and what they are called between $$ and $$, where a \tag may follow.
_INSIDE = {
    "equation": None,
    "align": "aligned",
    "flalign": "aligned",
    "alignat": "alignedat",
    "gather": "gathered",
    "multline": "gathered",
}


def expand(tex: str, macros: Macros) -> str:
    """`tex` with every macro replaced by what it stands for. Raises ValueError where an argument is missing."""
    done, rest = "", tex
    while match := _COMMAND.search(rest):
        done, name, rest = done + rest[: match.start()], match[1], rest[match.end() :]
        if name not in macros:
            done += match[0]
            continue
        macro = macros[name]
        body, count = (macro, 0) if isinstance(macro, str) else macro[:2]
        arguments = []
        for _ in range(count):
            argument, rest = _argument(rest, name)
            arguments.append(argument)
        body = re.sub(r"#(\d)", lambda found, given=arguments: given[int(found[1]) - 1], body)
        body = expand(body, macros)
        # braces only where TeX would take the first token alone: around an operator they would cost its spacing
        if re.search(r"[\^_]\s*$|\\[A-Za-z]+$", done):
            body = f"{{{body}}}"
        elif re.search(r"\\[A-Za-z]+$", body) and rest[:1].isalpha():
            body += " "
        done += body
    return done + rest


def _argument(rest: str, name: str) -> tuple[str, str]:
    """What TeX takes as the next argument of \\name, without its braces, and what follows."""
    rest = rest.lstrip()
    if not rest:
        raise ValueError(f"formula: the macro \\{name} lacks an argument")
    if rest[0] != "{":
        end = _COMMAND.match(rest).end() if rest[0] == "\\" else 1
        return rest[:end], rest[end:]
    depth = 0
    for position, sign in enumerate(rest):
        if position and rest[position - 1] == "\\":
            continue
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth == 0:
            return rest[1:position], rest[position + 1 :]
    raise ValueError(f"formula: the argument of \\{name} does not end")


def display(tex: str, number: str = "") -> str:
    """What stands between $$ and $$ for a displayed formula, as the site would lay it out, with its number."""
    # a comment would swallow what follows it where the formula is written on one line
    tex = re.sub(r"\n\s*\n", "\n", _COMMENT.sub("", tex)).strip()
    match = _ENVIRONMENT.fullmatch(tex)
    if match and match[1] in _INSIDE:
        inside, body = _INSIDE[match[1]], re.sub(r"\\(label\{[^}]*\}|nonumber\b|notag\b)", "", match[2]).strip()
        tex = body if inside is None else f"\\begin{{{inside}}}\n{body}\n\\end{{{inside}}}"
    if r"\\" in tex and not _ENVIRONMENT.fullmatch(tex):
        tex = f"\\begin{{split}}\n{tex}\n\\end{{split}}"
    return f"{tex} \\tag{{{number}}}" if number else tex
