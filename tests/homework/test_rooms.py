"""The rooms of the package: each knows only those below it, and no two modules need each other."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import lecturelib
from lecturelib import homework

FOLDER = Path(homework.__file__).parent
MAY_KNOW = {
    "lab": set(),
    "isolation": set(),
    "grading": {"lab", "isolation"},
    "reporting": {"lab", "isolation", "grading"},
}


def imported(path):
    """Names of the modules of the package that a file imports, at its top or anywhere else."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        yield from (name for name in names if name in MODULES)


MODULES = {
    ".".join(path.relative_to(Path(lecturelib.__file__).parents[1]).with_suffix("").parts): path
    for path in sorted(FOLDER.rglob("*.py"))
    if path.name != "__init__.py"
}
KNOWN = {name: set(imported(path)) for name, path in MODULES.items()}


def test_the_rooms_are_those_that_are_known_here():
    assert {path.parent.name for path in FOLDER.glob("*/__init__.py")} == set(MAY_KNOW)
    assert sum(len(known) for known in KNOWN.values()) > 50


def test_each_room_knows_only_rooms_below_it():
    for name, known in KNOWN.items():
        room = MODULES[name].relative_to(FOLDER).parts[0]
        others = {MODULES[other].relative_to(FOLDER).parts[0] for other in known} - {room}
        assert others <= MAY_KNOW.get(room, others), f"{name} knows {', '.join(sorted(others))}"


def test_no_modules_need_each_other():
    TopologicalSorter(KNOWN).prepare()  # raises CycleError, which names them
