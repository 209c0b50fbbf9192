"""An explorer on a page of the built book, as a reader finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.site.books import NOTEBOOK, cell
from tests.site.page_checks import Visit

_FAR = "\n".join(["Text between two explorers.\n"] * 120)
_SLICE = cell("from lecturelib.splines.loss_surface.explorer import SliceExplorer\n\nSliceExplorer('slice')")
TWO = f"""{NOTEBOOK}
A link: {{explore}}`put it at 1.5 <slice beta=1.5 facing=left>`, and a {{explore}}`preset <slice=dead>`.

{_SLICE}

{_FAR}

{cell("SliceExplorer('far', beta=0.0)")}

(a-place)=
## A place below both

{{explore}}`Back up at -1.2 <slice beta=-1.2>`

{_FAR}
"""
"""A page with two explorers, links that set them, and a place below them."""
FOCUS = """() => {
  const here = document.activeElement;
  const words = here.ariaLabel ?? (here.labels?.[0]?.textContent || here.textContent);
  return { words, outline: getComputedStyle(here).outlineStyle, alive: here.matches(".explorer-live *") };
}"""
MOST = 80  # presses of Tab that lead through any explorer


class Seen:
    """An explorer that has come to life; what it says, its buttons, and the address of its page."""

    def __init__(self, page, name: str) -> None:
        self.page = page
        self.name = name
        self.root = page.locator(f"#explorer-{name} .explorer-live")
        self.root.wait_for()

    @property
    def words(self) -> str:
        """What it says below the charts, with plain signs."""
        text = self.root.locator(".explorer-words").inner_text()
        return text.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")

    def rested(self) -> str:
        """What it says once it says the same for a while: one that computes takes its time."""
        words = ""
        while words != self.words or "still being trained" in words:
            words = self.words
            self.page.wait_for_timeout(300)
        return words

    def says(self, text: str) -> None:
        """Wait until it says this."""
        self.root.locator(".explorer-words", has_text=text).wait_for()

    def button(self, name: str):
        """The button that begins with these words."""
        return self.root.get_by_role("button", name=name)

    def slider(self, name: str):
        """The slider with these words."""
        return self.root.get_by_role("slider", name=name, exact=True)

    def asked(self) -> str:
        """The query of the address, once it has been written."""
        self.page.wait_for_timeout(400)  # addresses are written four times a second at most
        return self.page.evaluate("decodeURIComponent(location.search)")

    def tab_to(self, words: str) -> None:
        """Press Tab until the focus is on what has these words."""
        for _ in range(MOST):
            if words in self.page.evaluate(FOCUS)["words"]:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {words!r}")


def opener(browser, server: str, path: str, name: str, kind: type = Seen) -> Iterator[Callable]:
    """For a fixture: a function that opens the page with a query; what goes wrong there fails the test."""
    visits = []

    def open_page(query: str = "", **options):
        page = browser.new_page(**{"viewport": {"width": 1300, "height": 1000}, **options})
        visits.append(Visit(page, server))
        visits[-1].listen()
        page.goto(f"{server}/{path}{query}#explorer-{name}")
        return kind(page, name)

    yield open_page
    for one in visits:
        one.page.close()
        assert not any(one.problems.values()), one.problems
