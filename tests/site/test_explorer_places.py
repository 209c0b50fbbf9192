"""What the book makes of explorers and of links to them, without a browser."""

import re
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document

from lecturelib.site import bundles, explorers

SPEC = {
    "name": "slice",
    "title": "A <title>",
    "hint": "Try & see.",
    "first": {"beta": 0},
    "heights": [600, 700],
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
    assert "A &lt;title&gt;.</b>" in text
    assert text.count("</script>") == 1
    # print and pages without scripts ask for nothing that only a living one can do
    assert "Try" not in text.split("<script")[0]


def test_the_place_keeps_the_room_that_the_living_one_takes():
    assert 'style="--wide: 600px; --narrow: 700px"' in explorers.place(CONTENT).astext()


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


def test_the_site_has_classic_scripts_that_need_no_other_file(tmp_path):
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    explorers.lay_out(app, None)
    folder = tmp_path / explorers.FOLDER
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*.js")}
    assert written == {"page.js", "frame.js", *bundles.faces()}
    assert "splines/loss_surface/browser/face.js" in written
    for path in folder.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        # modules, fetch and workers find nothing in a folder (file://), and a strict policy allows no eval
        for word in ("import(", "import.meta", "fetch(", "new Worker", "eval(", "new Function", "createObjectURL"):
            assert word not in text, f"{path.name}: {word}"
        assert not re.search(r"(^|[;}])(import|export)\b", text), path.name
    # what explorers share is in no face again
    shared = (folder / "frame.js").read_text(encoding="utf-8")
    face = (folder / "splines/loss_surface/browser/face.js").read_text(encoding="utf-8")
    for class_name in ("explorer-legend", "u-over", "explorer-hint"):
        assert class_name in shared
        assert class_name not in face


def test_a_face_that_imports_what_is_not_there_is_no_book(tmp_path):
    (tmp_path / "face.js").write_text('import { nothing } from "./nothing.js";\nexport default nothing;\n')
    with pytest.raises((RuntimeError, FileNotFoundError), match="nothing"):
        bundles.write(tmp_path / "out", {"face.js": tmp_path / "face.js"})


def test_a_module_that_is_no_script_is_an_error_in_the_words_of_esbuild(tmp_path):
    (tmp_path / "face.js").write_text("export default explorer((;\n")
    with pytest.raises(RuntimeError, match=r'face\.js.*Unexpected "?;|Unexpected ";"'):
        bundles.write(tmp_path / "out", {"face.js": tmp_path / "face.js"})


def test_scripts_of_another_version_have_another_address(tmp_path):
    (tmp_path / "face.js").write_text("export default 1;\n")
    texts = []
    for face in ({}, {"face.js": tmp_path / "face.js"}):
        bundles.write(tmp_path / "out", face)
        texts.append((tmp_path / "out" / "page.js").read_text(encoding="utf-8"))
    assert texts[0] != texts[1]
