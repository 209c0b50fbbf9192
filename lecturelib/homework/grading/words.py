"""Answers in words, found in a notebook: by the marks of their cells, else by their place after the question.

Prose of a lab does not reach students letter by letter, since references and notes are put into plain Markdown. So it
is told by triples of words that follow each other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lecturelib.homework.grading.reading import Cell
from lecturelib.homework.lab.lab import KEPT_BACK, TO_WRITE, Lab, LabCell, Task, split

THERE = 0.6
"""Which part of the triples of a text (0 to 1) a cell has to hold to count as the place where it stands."""
FEW, PART = 4, 0.4
"""How many words, or which part of all, a line has of its own unless it was handed out: references change a few."""
_EDGES = ("^", "$")

Triples = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Answer:
    """What answers one task in words: `text` in Markdown, empty where nothing was written.

    found: it is certain that this is all of it, and where it is empty that nothing was written; note: a harmless
    deviation; doubt: what a person should look at.
    """

    text: str = ""
    found: bool = True
    note: str = ""
    doubt: str = ""


def answers(lab: Lab, mine: Sequence[Cell]) -> dict[str, Answer]:
    """Task → its answer, for all tasks that are answered in words."""
    tasks = [task for task in lab.tasks if task.kind == "written"]
    if not tasks:
        return {}
    page = _Page(lab, mine)
    near = {task.name: page.near(task) for task in tasks}
    return {task.name: _answer(task, page, near) for task in tasks}


def _answer(task: Task, page: _Page, near: dict[str, list[Cell]]) -> Answer:
    marked = [cell for cell in page.mine if cell.name == task.name]
    given = triples(_seen(task.solution))
    text = _text(cell for cell in marked if any(_strange(line, given) for line in cell.source.splitlines()))
    if text:  # what goes on in cells below is shown with it
        return Answer("\n\n".join(part for part in (text, _text(near[task.name])) if part))
    others = {cell.index for name, cells in near.items() if name != task.name for cell in cells}
    loose = [cell for cell in page.far(task) if cell.index not in others]
    if near[task.name] and not marked and page.sure(task):
        note = f"the cell for the answer to {task.name} has lost its marks; it was told by its place"
        return Answer(_text(near[task.name]), note=note)
    if near[task.name] or loose:
        below = "is empty" if marked else "is missing or not where it was"
        doubt = f"{task.name}: the cell for the answer in words {below}; what was written below the question is shown"
        return Answer(_text(near[task.name] or loose), False, doubt=doubt)
    if marked or page.blank(task):
        return Answer(note=f"{task.name}: no answer was written")
    return Answer(found=False, doubt=f"{task.name}: the answer in words was not found")


def _text(cells) -> str:
    return "\n\n".join(cell.source.strip() for cell in cells)


class _Page:
    """The cells of a notebook, held against the prose of a lab."""

    def __init__(self, lab: Lab, mine: Sequence[Cell]) -> None:
        self.mine = mine
        self._cells = [cell for cell in lab.cells if cell.kind not in KEPT_BACK]
        self._names = {cell.name for cell in self._cells if cell.name}
        self._given = frozenset().union(*(triples(_seen(cell)) for cell in self._cells), triples(TO_WRITE))
        self._triples = [triples(cell.source) for cell in mine]

    def own(self, cell: Cell) -> bool:
        """Whether there are words in it that were not handed out."""
        return any(_own(line, self._given) for line in cell.source.splitlines())

    def near(self, task: Task) -> list[Cell]:
        """Cells of the student's own between the question and what follows the place for the answer."""
        begin, end = self._place(task)
        return [cell for cell in self.mine[begin:end] if self._free(cell)]

    def far(self, task: Task) -> list[Cell]:
        """Cells of the student's own further below. The list of references is no part of the lab's source."""
        _, end = self._place(task)
        return [cell for cell in self.mine[end:] if self._free(cell) and not cell.source.startswith("## References")]

    def sure(self, task: Task) -> bool:
        """Whether the question itself was found."""
        return self._question(task)[1]

    def blank(self, task: Task) -> bool:
        """Whether the place for the answer is there, without its marks, as it was handed out."""
        begin, end = self._place(task)
        words = triples(TO_WRITE)
        return any(words <= self._triples[at] for at in range(begin, end) if not self.mine[at].name)

    def _free(self, cell: Cell) -> bool:
        return cell.name not in self._names and (not cell.is_code or _is_words(cell.source)) and self.own(cell)

    def _place(self, task: Task) -> tuple[int, int]:
        """Where the answer belongs: the first cell, that of the question, and the one behind the last."""
        begin = self._question(task)[0]
        behind = self._cells[self._cells.index(task.solution) + 1 :]
        ends = (self._at(cell, piece, begin + 1) for cell in behind for piece in _pieces(cell))
        return begin, next((end for end in ends if end is not None), len(self.mine))

    def _question(self, task: Task) -> tuple[int, bool]:
        """Where the question stands, or the last of what goes before it that is there; and whether it is that."""
        before = self._cells[: self._cells.index(task.solution) + 1]
        texts = [(cell, piece) for cell in before for piece in _pieces(cell) if triples(piece)]
        for number, (cell, piece) in enumerate(reversed(texts)):
            if (at := self._at(cell, piece, 0)) is not None:
                return at, number == 0
        return 0, False

    def _at(self, cell: LabCell, piece: str, begin: int) -> int | None:
        """The first place, from `begin` on, of a cell of the lab, or of a piece of it."""
        words = triples(piece)
        for at in range(begin, len(self.mine)):
            here = self.mine[at]
            if cell.name and here.name == cell.name and cell.kind != "written":
                return at
            if words and here.is_code == cell.is_code and len(words & self._triples[at]) >= THERE * len(words):
                return at
        return None


def _seen(cell: LabCell) -> str:
    """What students see of a cell."""
    return split(cell, TO_WRITE if cell.kind == "written" else "")[0]


def _pieces(cell: LabCell) -> list[str]:
    """The texts of a cell as notebooks part them, in front of headings; without the place for an answer."""
    return [split(cell)[0]] if cell.is_code else re.split(r"^(?=#)", split(cell)[0], flags=re.M)


def triples(text: str) -> Triples:
    """Three words in a row each, from the text as a whole and from each line with signs for its ends."""
    found = set(_in_a_row(_words(text)))
    for line in text.splitlines():
        if words := _words(line):
            found |= set(_in_a_row([_EDGES[0], *words, _EDGES[1]]))
    return frozenset(found)


def _own(line: str, given: Triples) -> bool:
    """Whether a line holds more words of its own than references change."""
    strange, number = _strange(line, given), len(_words(line))
    return strange > 0 and (strange >= FEW or strange > PART * number)


def _strange(line: str, given: Triples) -> int:
    """How many words of a line are in none of the triples."""
    words = [_EDGES[0], *_words(line), _EDGES[1]]
    known = {at + step for at, three in enumerate(_in_a_row(words)) if three in given for step in range(3)}
    return len(words) - len(_EDGES) - len(known & set(range(1, len(words) - 1)))


def _in_a_row(words: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    return zip(words, words[1:], words[2:], strict=False)


def _words(text: str) -> list[str]:
    """Words and numbers, and signs where there is nothing else."""
    return re.findall(r"\w+", text.lower()) or re.findall(r"[^\s*_#>`-]", text)


def _is_words(source: str) -> bool:
    """Whether a code cell holds no code: comments alone, or what is no Python."""
    try:
        return all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in ast.parse(source).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
