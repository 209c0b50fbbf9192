"""What no page uses is taken out of the site: rules of style sheets, icons, letters of fonts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

from lecturelib.site import slim
from lecturelib.site.assets import KATEX

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static" / slim.ICONS


def names(*whole: str, beginnings: tuple[str, ...] = ()) -> slim.Names:
    return slim.Names(set(whole), set(beginnings))


def letters(font: Path) -> dict[int, tuple[int, int]]:
    """The letters of a font, each with its width and where it begins."""
    with TTFont(font) as opened:
        return {letter: opened["hmtx"][name] for letter, name in opened.getBestCmap().items()}


@pytest.mark.parametrize(
    ("sheet", "thin"),
    [
        (".a{color:red}.z{color:blue}", ".a{color:red}"),
        ("p,.z,.a>.b{x:y}", "p,.a>.b{x:y}"),
        (".a.z{x:y}", ""),
        (".a .z:hover{x:y}", ""),
        (".a:not(.z){x:y}", ".a:not(.z){x:y}"),
        (":is(.z,.a) b{x:y}", ":is(.z,.a) b{x:y}"),
        ("[data-theme=dark] #z{x:y}", "[data-theme=dark] #z{x:y}"),
        ("@media print{.z{x:y}.a{x:y}}", "@media print{.a{x:y}}"),
        ("@media print{.z{x:y}}", ""),
        ("@supports (x:y){@media print{.a{x:y}.z{x:y}}}", "@supports (x:y){@media print{.a{x:y}}}"),
        ("@font-face{font-family:z}", "@font-face{font-family:z}"),
        ("@keyframes z{from{x:y}to{x:z}}", "@keyframes z{from{x:y}to{x:z}}"),
        ('@import "z.css";', '@import "z.css";'),
        (r".a\:b{x:y}.z\:b{x:y}", r".a\:b{x:y}"),
        (".put-together{x:y}.putz{x:y}", ".put-together{x:y}"),
        ('.a::before{content:".z{"}', '.a::before{content:".z{"}'),
    ],
)
def test_rules_that_can_never_hold_are_left_out(sheet, thin):
    used = names("a", "b", "a:b", beginnings=("put-",))
    assert slim.thin(sheet, used) == thin


def test_names_come_from_pages_and_from_scripts():
    used = slim.Names()
    used.read_page('<p class="one two-three"><b id="zed" class="four">five</b>')
    used.read_script('x.classList.add("six", `seven-${name}`); y = "eight-" + z;')
    assert all(name in used for name in ("one", "two-three", "four", "six", "seven-anything", "eight-8"))
    assert not any(name in used for name in ("zed", "five", "two", "seve", "nine"))


def test_icons_that_are_used_are_kept_by_name_and_by_sign(tmp_path):
    slim.write_icons(THEME, tmp_path / "icons", names("fa-solid", "fa-bars", "fa-github"), {"\uf105"})
    sheet = (tmp_path / "icons" / "icons.css").read_text(encoding="utf-8")
    assert ".fa-bars:before" in sheet
    assert ".fa-anchor:before" not in sheet
    solid, brands = (letters(tmp_path / "icons" / f"fa-{name}.woff2") for name in ("solid-900", "brands-400"))
    assert {0xF0C9, 0xF105} <= set(solid)
    assert 0xF13D not in solid, "the anchor"
    assert 0xF09B in brands
    assert "webfonts" not in sheet
    assert all((tmp_path / "icons" / name).exists() for name in slim.re.findall(r"url\(([^)]+)\)", sheet))
    assert sum(path.stat().st_size for path in (tmp_path / "icons").iterdir()) < 25_000


def test_a_font_without_any_sign_that_is_used_is_left_out(tmp_path):
    slim.write_icons(THEME, tmp_path / "icons", names("fa-solid", "fa-bars"), set())
    assert not (tmp_path / "icons" / "fa-brands-400.woff2").exists()
    assert "Brands;" not in (tmp_path / "icons" / "icons.css").read_text(encoding="utf-8")


def test_icons_that_have_moved_are_an_error(tmp_path):
    with pytest.raises(ExtensionError, match="expected one style sheet of icons, found 0"):
        slim.write_icons(tmp_path, tmp_path / "icons", names(), set())


def test_a_letter_keeps_its_shape_and_width(tmp_path):
    source = KATEX / "dist" / "fonts" / "KaTeX_Math-Italic.woff2"
    assert slim.write_font(source, tmp_path / "font.woff2", {"x", "α", "€"})
    full, small = letters(source), letters(tmp_path / "font.woff2")
    assert small == {ord(letter): full[ord(letter)] for letter in "xα"}
    assert not slim.write_font(source, tmp_path / "none.woff2", {"€"})


def test_nothing_is_done_where_no_page_was_written_or_the_build_failed(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>x</p>", encoding="utf-8")
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    slim.slim(app, None)
    (tmp_path / "_static" / slim.ICONS).mkdir(parents=True)
    slim.slim(app, ValueError("failed"))
    assert (tmp_path / "_static" / slim.ICONS).exists()
