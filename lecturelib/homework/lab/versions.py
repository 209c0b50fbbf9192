"""The versions of a lab: the source of its page in the book, the student's cells, the instructor's notebook.

nbgrader's own preprocessors clear solutions and hidden tests, lock cells and compute checksums, so that a student's
notebook is one that nbgrader knows. Prose is written in MyST; it becomes plain Markdown when the book is built, and
the student's notebook is made there, from the resolved page, which is made from `page`, which has no solutions.
"""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)

from lecturelib.homework.lab.lab import KEPT_BACK, TO_WRITE, Lab, LabCell, split

TO_DO = "# Your solution here"
FRONT = {
    "jupytext": {"text_representation": {"extension": ".md", "format_name": "myst"}},
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},  # colours code that no kernel has seen
    # students run it; the book shows what they are given
    "mystnb": {"execution_mode": "off"},
}
HINT = """\
Write code where it says `{code}`, and words where it says {words} A cell that begins with `# Task` tests a task: run it
after your solution. An error below it says what is likely wrong, and a line which tasks pass. What you hand in is
tested once more, with further tests; changes of test cells do not count. Before you hand in, restart the kernel, run
all cells, and save."""


def student_cell(lab: Lab, cell: LabCell) -> NotebookNode:
    """A cell of the source as students get it: cleared, and a test cell headed by its task and points.

    Raises ValueError for a cell that students do not get.
    """
    if cell.kind in KEPT_BACK:
        raise ValueError(f"{lab.name}: {cell} is in no version for students")
    node = source_cell(cell)
    if cell.kind in ("solution", "written"):
        clear = ClearSolutions(code_stub={"python": _stub(cell)}, text_stub=TO_WRITE)
        clear.preprocess_cell(node, {"language": "python"}, cell.index)
    if cell.kind == "test":
        ClearHiddenTests().preprocess_cell(node, {}, cell.index)
        node.source = f"{heading(lab, cell)}\n{node.source.strip()}"
    return node


def source_cell(cell: LabCell) -> NotebookNode:
    """The cell as it stands in the source, as a cell of a notebook, without metadata of the source's own."""
    make = new_code_cell if cell.is_code else new_markdown_cell
    metadata = copy.deepcopy({key: value for key, value in cell.metadata.items() if key != "lab"})
    return make(cell.source, metadata=metadata, id=f"lab-{cell.index}")


def heading(lab: Lab, cell: LabCell) -> str:
    """The first line of a test cell, by which the progress line knows it."""
    tests = lab.task(cell.task).tests
    which = f" ({tests.index(cell) + 1} of {len(tests)})" if len(tests) > 1 else ""
    return f"# Task {cell.task}{which}: {count(cell.points, 'point')}"


def count(number: float, thing: str) -> str:
    """The number with its thing, as "1 point" or "2.5 points"."""
    return f"{number:g} {thing}{'' if number == 1 else 's'}"


def _stub(cell: LabCell) -> str:
    """What stands for the solution. A function without a body is an error of Python, one that says so is none."""
    begins = next(line for line in cell.source.split("\n") if "BEGIN SOLUTION" in line)
    if not begins[:1].isspace():
        return TO_DO
    return f'{TO_DO}\nraise NotImplementedError("Task {cell.name} is still to be written")'


def finish(notebook: NotebookNode) -> NotebookNode:
    """Lock cells, compute checksums, and check the metadata, as `nbgrader generate_assignment` does."""
    for step in (LockCells(), ComputeChecksums(), CheckCellMetadata()):
        notebook, _ = step.preprocess(notebook, {})
    return notebook


# The page


def page(lab: Lab) -> str:
    """The source of the lab's page in the book, in MyST.

    It holds what students get and nothing else, so that nothing made of it can show a solution.
    """
    front = yaml.safe_dump(FRONT, sort_keys=False)
    blocks = [_block(lab, cell) for cell in lab.cells if cell.kind not in KEPT_BACK]
    title, _, rest = blocks[0].partition("\n")
    return "\n\n".join([f"---\n{front}---", title, _downloads(lab), _box(lab), rest.strip(), *blocks[1:]]) + "\n"


def _block(lab: Lab, cell: LabCell) -> str:
    node = student_cell(lab, cell)
    if cell.kind == "prose":
        return node.source
    if cell.kind == "written":
        # more colons than anything within
        return f"::::::{{lab-answer}} {cell.name}\n{node.source.strip()}\n::::::"
    head = f"---\n{yaml.safe_dump(_plain(node.metadata), sort_keys=False)}---\n" if node.metadata else "\n"
    fence = "`" * 3 if "```" not in node.source else "`" * 6
    return f"{fence}{{code-cell}} ipython3\n{head}{node.source}\n{fence}"


def _plain(metadata: Any) -> Any:
    return json.loads(json.dumps(metadata))


def _downloads(lab: Lab) -> str:
    """Buttons, in HTML, so that notebooks do not have them. Labs lie in the folder `labs` of the site."""
    link = '<a class="sd-btn sd-btn-{kind}" href="../_sources/labs/{name}.{end}" download>{text}</a>'
    buttons = [("Download the notebook", "ipynb"), ("The same as a zip file", "zip")]
    if lab.data:  # which the notebook needs beside it
        buttons = [("Download the lab: notebook and data", "zip"), ("The notebook alone", "ipynb")]
    links = [
        link.format(kind=kind, name=lab.name, end=end, text=text)
        for kind, (text, end) in zip(("primary", "outline-primary"), buttons, strict=True)
    ]
    return '```{{raw}} html\n<p class="lab-downloads">{}</p>\n```'.format("\n".join(links))


def _box(lab: Lab) -> str:
    tasks = "\n".join(
        f"| {task.name} | {'marked by hand' if task.kind == 'written' else 'tested'} | {task.points:g} |"
        for task in lab.tasks
    )
    about = f"About {count(lab.minutes, 'minute')}, {count(lab.points, 'point')}."
    hint = HINT.format(code=TO_DO, words=f"{TO_WRITE[:-2]}*.")
    return f"**{about}** {hint}\n\n| Task | how | points |\n|:--|:--|--:|\n{tasks}"


# The instructor's notebook


def instructor(lab: Lab, student: NotebookNode) -> NotebookNode:
    """The student's notebook with solutions, hidden tests, model answers, rubrics, and the listed answers.

    Answers are shown as text, not as cells, which would replace the solution when all cells are run.
    """
    by_name = {cell.name: cell for cell in lab.cells if cell.name}
    last = {(task.tests or (task.solution,))[-1].name: task for task in lab.tasks}
    notebook = copy.deepcopy(student)
    notebook.cells = []
    for node in student.cells:
        name = node.metadata.get("nbgrader", {}).get("grade_id")
        notebook.cells.append(_opened(lab, by_name[name], node) if name else copy.deepcopy(node))
        if task := last.get(name):
            notebook.cells += [new_markdown_cell(text, id=_id(lab, text)) for text in _remarks(task)]
    return finish(notebook)


def _opened(lab: Lab, cell: LabCell, node: NotebookNode) -> NotebookNode:
    """The cell of the student's notebook with what was taken out of it."""
    opened = copy.deepcopy(node)
    if cell.kind == "written":
        answer = "\n\n".join(piece.strip() for piece in split(cell)[1])
        opened.source = node.source.replace(TO_WRITE, f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION")
    else:
        opened.source = cell.source if cell.kind == "solution" else f"{heading(lab, cell)}\n{cell.source}"
    return opened


def _remarks(task: Any) -> list[str]:
    remarks = [f"**Rubric of task {task.name}.** {task.rubric}"] if task.rubric else []
    remarks += [f"**A wrong answer: {cell.because}.**\n\n```python\n{cell.source}\n```" for cell in task.wrong]
    return remarks + [f"**Also right: {cell.because}.**\n\n```python\n{cell.source}\n```" for cell in task.right]


def _id(lab: Lab, text: str) -> str:
    return hashlib.sha256(f"{lab.name} {text}".encode()).hexdigest()[:12]
