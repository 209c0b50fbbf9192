"""What the book makes of explorers and of links to them, without a browser."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

from lecturelib.core import modules
from lecturelib.site import explorers

SPEC = {
    "name": "slice",
    "title": "A <title>",
    "hint": "Try & see.",
    "first": {"beta": 0},
    "presets": {"dead": {"words": "Dead", "state": {"beta": 3}}},
    "settings": [
        {"kind": "number", "name": "beta", "low": -3, "high": 3},
        {"kind": "choice", "name": "data", "options": {"noise": "noise"}},
        {"kind": "switch", "name": "shown"},
    ],
}
CONTENT = {
    "module": "core/browser/explorer.js",
    "spec": SPEC,
    "givens": {"text": "</script>"},
    "svg": "<svg></svg>",
}


def link(text: str) -> nodes.Node:
    """What the role makes of its text: a link, or nothing where it complains."""
    role = explorers.Explore()
    role.text, role.lineno = text, 1
    role.inliner = SimpleNamespace(reporter=SimpleNamespace(error=lambda message, line: nodes.system_message(message)))
    role.set_source_info = lambda node: None
    found, complaints = role.run()
    assert bool(found) != bool(complaints)
    return found[0] if found else None


def test_the_place_of_an_explorer_holds_its_picture_and_safe_data():
    place = explorers.place(CONTENT)
    assert place["ids"] == ["explorer-slice"]
    text = place.astext()
    assert "<svg></svg>" in text
    assert "A &lt;title&gt;.</b> Try &amp; see." in text
    assert text.count("</script>") == 1


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("words <slice beta=1.5>", "?slice.beta=1.5#explorer-slice"),
        ("some words <slice beta=-1 data=noise>", "?slice.beta=-1&slice.data=noise#explorer-slice"),
        ("words <slice=dead>", "?slice=dead#explorer-slice"),
        ("words <slice=dead beta=1>", "?slice=dead&slice.beta=1#explorer-slice"),
        ("α < 1 <my-slice p=0,1;2,3 q=a&b>", "?my-slice.p=0,1;2,3&my-slice.q=a%26b#explorer-my-slice"),
        ("back <slice>", "?#explorer-slice"),
    ],
)
def test_a_link_has_the_address_that_sets_the_explorer(text, address):
    assert link(text)["refuri"] == address
    assert link(text).astext() == text.rpartition(" <")[0]


@pytest.mark.parametrize("text", ["words", "words <>", "words <slice beta>", "<slice beta=1>", "words <Slice beta=1>"])
def test_a_link_that_says_no_explorer_is_an_error(text):
    assert link(text) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("w <slice beta=1 data=noise shown=off>", None),
        ("w <slice=dead>", None),
        ("w <loss beta=1>", "no explorer 'loss' in this page"),
        ("w <slice=alive>", "'slice' has no preset 'alive'"),
        ("w <slice gamma=1>", "'slice' has no setting 'gamma'"),
        ("w <slice beta=4>", "beta: expected a number from -3 to 3, got '4'"),
        ("w <slice beta=nan>", "beta: expected a number from -3 to 3, got 'nan'"),
        ("w <slice data=signal>", "data: expected one of noise, got 'signal'"),
        ("w <slice shown=True>", "shown: expected on or off, got 'True'"),
    ],
)
def test_a_link_that_would_set_nothing_is_a_warning(text, complaint):
    document = new_document("page")
    document += explorers.place(CONTENT)
    document += link(text)
    assert [problem for _, problem in explorers.complaints(document)] == ([complaint] if complaint else [])


def test_a_page_names_all_modules_that_it_needs_beforehand():
    names = explorers.needed("splines/loss_surface/browser/face.js")
    assert len(names) == len(set(names))
    assert {"vendor/uplot.js", "splines/loss_surface/browser/slices.js", "splines/loss_surface/browser/face.js"} < set(
        names
    )
    assert "core/browser/controls.js" not in names  # page.js has it


def test_the_site_has_every_module_and_no_bare_name(tmp_path):
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    explorers.lay_out(app, None)
    folder = tmp_path / explorers.FOLDER
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*.js")}
    ours = {path.relative_to(modules.LIBRARY).as_posix() for path in modules.LIBRARY.rglob("browser/*.js")}
    assert written == ours | {"vendor/uplot.js"}
    for path in folder.rglob("browser/*.js"):
        for _, name, _ in modules.IMPORT.findall(path.read_text(encoding="utf-8")):
            assert (path.parent / name).resolve().is_relative_to(folder)
            assert (path.parent / name).exists(), f"{path} imports {name}"
