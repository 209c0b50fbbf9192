"""The rooms of the library: what each may look into, and that book, library and tests have the same ones.

Nothing is listed here. Parts are the folders that `chapters` and `lecturelib` have in common, chapters and their order
stand in `_toc.yml`, and a room is a folder: what is in its folder `browser` belongs to it. The page behind a chapter,
`<chapter>_more`, has no room of its own.
"""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml

from lecturelib.core import modules
from lecturelib.core.claims import all_claims
from lecturelib.core.statements import chapter as chapter_of

ROOT = Path(__file__).resolve().parents[1]
LIBRARY, TESTS = ROOT / "lecturelib", ROOT / "tests"
CHAPTERS = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "chapters").rglob("*.md"))}
PACKAGES = sorted(path.parent.name for path in LIBRARY.glob("*/__init__.py"))
PARTS = [name for name in PACKAGES if (ROOT / "chapters" / name).is_dir()]
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
TAUGHT = [entry for part in CONTENTS["parts"] for entry in part["chapters"]]
ORDER = {part: [Path(one["file"]).name for one in TAUGHT if f"chapters/{part}/" in one["file"]] for part in PARTS}
STATES = re.compile(r":::\{prf:(?:theorem|proposition|lemma|corollary)\}")


def dotted(path: Path) -> str:
    """The name by which Python imports a file."""
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


PYTHON = {dotted(path): path for path in sorted(LIBRARY.rglob("*.py"))}
BROWSER = sorted(LIBRARY.rglob("browser/*.js"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[Path]:
    """The files of the library that one imports, be it at the top or within a function."""
    if path.suffix == ".js":
        names = (name for _, name, _ in modules.IMPORT.findall(modules.read(path)))
        beside = (modules.find(name, path) for name in names if name.startswith("."))
        return {other for other in beside if other.is_relative_to(LIBRARY)}
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import; modules of the library are named in full"
            both = ((f"{node.module}.{alias.name}", node.module) for alias in node.names)
            found.update(longer if longer in PYTHON else module for longer, module in both)
    return {PYTHON[name] for name in found if name in PYTHON}


def room(path: Path) -> tuple[str, ...]:
    """The folder of a file below the library, as names: () of the library's own `__init__`."""
    folder = path.parent
    return (folder.parent if folder.name == "browser" else folder).relative_to(LIBRARY).parts


IMPORTS = {path: imported(path) for path in (*PYTHON.values(), *BROWSER)}


def rooms_of(package: str) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """Room of a package → the other rooms of the package that it looks into."""
    found: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for path, others in IMPORTS.items():
        if room(path)[:1] == (package,):
            found.setdefault(room(path), set()).update(room(other) for other in others)
    return {one: {other for other in others if other in found and other != one} for one, others in found.items()}


def circle(graph: dict) -> list:
    """Nodes of a graph that lead back to where they began, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_the_parts_and_their_chapters_are_found():
    assert "core" in PACKAGES
    assert PARTS
    assert all(ORDER.values())
    assert all(sum(map(len, rooms_of(part).values())) for part in PARTS)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_look_only_where_they_may(package):
    """Core looks into itself, a part into itself and core, what is no part into no part."""
    may = {"core"} if package == "core" else {package, "core"} if package in PARTS else set(PACKAGES) - set(PARTS)
    for path, others in IMPORTS.items():
        if room(path)[:1] == (package,):
            for other in others:
                assert set(room(other)[:1]) <= may, f"{path} imports {other}"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_imports_go_in_a_circle(package):
    inside = {path: others for path, others in IMPORTS.items() if room(path)[:1] == (package,)}
    found = circle({path: {other for other in others if other in inside} for path, others in inside.items()})
    assert not found, f"modules import each other: {', '.join(map(str, found))}"
    found = circle(rooms_of(package))
    assert not found, f"rooms look into each other: {', '.join('/'.join(one) for one in found)}"


@pytest.mark.parametrize("part", PARTS)
def test_a_chapter_looks_only_into_chapters_before_it(part):
    """Rooms that are no chapter may be looked into from everywhere, and then what they look into counts as well."""
    graph = rooms_of(part)
    assert {path.name for path in IMPORTS if room(path) == (part,)} == {"__init__.py"}, "modules of a part are in rooms"
    for position, chapter in enumerate(ORDER[part]):
        seen, ahead = set(), [(part, chapter)]
        while ahead:
            new = graph.get(ahead.pop(), set()) - seen
            seen |= new
            ahead += [other for other in new if other[-1] not in ORDER[part]]
        later = seen & {(part, other) for other in ORDER[part][position:]}
        assert not later, f"{part}/{chapter} looks into {', '.join(one[-1] for one in later)}, taught later"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_names_what_is_public_and_does_nothing_else(part):
    docstring, *body = parsed(LIBRARY / part / "__init__.py").body
    *imports, listed, fetched = (node for node in body if getattr(node, "module", None) != "lecturelib.core.later")
    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(node, ast.ImportFrom) for node in imports)
    for node, name in ((listed, "__all__"), (fetched, "__getattr__")):
        assert isinstance(node, ast.Assign)
        assert [target.id for target in node.targets] == [name]
    names = [alias.asname or alias.name for node in imports for alias in node.names]
    assert sorted(names) == sorted(ast.literal_eval(listed.value))
    for one in rooms_of(part):
        if one != (part,):
            body = parsed(LIBRARY.joinpath(*one, "__init__.py")).body
            assert [type(node) for node in body] == [ast.Expr], f"{'/'.join(one)}: a room's own file is a docstring"


def test_no_name_is_both_a_module_and_something_else():
    for name, path in PYTHON.items():
        if path.name == "__init__.py":
            body = (node for node in parsed(path).body if isinstance(node, ast.ImportFrom))
            named = {f"{name}.{alias.asname or alias.name}" for node in body for alias in node.names}
            assert not named & PYTHON.keys(), f"both a module and a name: {', '.join(named & PYTHON.keys())}"


def room_of(page: Path) -> tuple[str, ...]:
    """The room of a page of `chapters`, as names."""
    return tuple(chapter_of(page.relative_to(ROOT / "chapters").with_suffix("").as_posix()).split("/"))


def test_a_page_behind_a_chapter_stands_below_it_in_the_contents():
    behind = {path for path in CHAPTERS if path.stem.endswith("_more")}
    below = {one["file"]: [page["file"] for page in one.get("sections", [])] for one in TAUGHT}
    for path in behind:
        page = path.relative_to(ROOT).with_suffix("").as_posix()
        assert below.get(chapter_of(page)) == [page], f"{page} belongs below {chapter_of(page)} in _toc.yml"


def test_every_chapter_that_states_something_has_its_rooms():
    for path, text in CHAPTERS.items():
        if STATES.search(text):
            place = room_of(path)
            assert LIBRARY.joinpath(*place, "__init__.py").exists(), f"{path} has no room in lecturelib"
            assert list(TESTS.joinpath(*place).glob("test_*.py")), f"{path} has no tests"


@pytest.mark.parametrize("part", PARTS)
def test_library_and_tests_have_the_same_rooms(part):
    tested = {path.parent for pattern in ("test_*.py", "*.test.js") for path in (TESTS / part).rglob(pattern)}
    places = {folder.parent if folder.name == "browser" else folder for folder in tested}
    places -= {TESTS / part}  # small runs of the part's experiments
    assert {place.relative_to(TESTS).parts for place in places} == set(rooms_of(part)) - {(part,)}


def test_claims_are_declared_in_the_room_of_the_chapter_that_states_them():
    for name, claims in all_claims().items():
        _, *place, _ = name.split(".")
        text = "\n".join(text for path, text in CHAPTERS.items() if room_of(path) == tuple(place))
        for claim in claims:
            assert f":label: {claim.label}\n" in text, f"{'/'.join(place)} does not state {claim.label}"


def test_chapters_of_a_part_look_into_their_part_and_core():
    """Results of a chapter are stored under a key of its part and core: what it takes from elsewhere would grow old."""
    for path, text in CHAPTERS.items():
        part = path.relative_to(ROOT / "chapters").parts[0]
        if part in PARTS:
            packages = set(re.findall(r"^\s*(?:from|import) lecturelib\.(\w+)", text, flags=re.M))
            assert packages <= {"core", part}, f"{path} looks into {', '.join(sorted(packages))}"
