"""One visit to a page, in which everything is looked at that needs a browser."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from tests.site.books import ROOT

IN_PAGE = Path(__file__).with_name("in_page.js")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CHECKS = (
    "hosts",
    "requests",
    "console",
    "errors",
    "formulas",
    "descriptions",
    "sizes",
    "copy buttons",
    "download",
    "modes",
    "figures",
    "accessibility",
    "narrow",
)
SERIOUS = ("serious", "critical")
FONTS_READY = "Promise.race([document.fonts.ready, new Promise((done) => setTimeout(done, 10000))])"
"""Fonts that a page asks for are there; in a window that draws no frames they may never be, and the wait ends."""
LAID_OUT = """async () => {
  const waiting = () => document.documentElement.classList.contains("in-stages");
  for (let left = 400; left && waiting(); left -= 1) await new Promise((done) => setTimeout(done, 50));
}"""
"""Wait until a page is laid out: long ones are, section by section."""
TYPESET = f"""async () => {{
  await {FONTS_READY};
  await ({LAID_OUT})();
}}"""
"""Wait until a page is laid out for good."""
MODE = "document.documentElement.dataset.theme"
RUN_AXE = """([only, without]) => axe.run(document, {
  resultTypes: ["violations"],
  preload: false,
  ...(only && { runOnly: only }),
  rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
})"""
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules whose outcome depends on the mode: all that look at colours. They take longest, as they ask every word."""
SCROLLING = ["scrollable-region-focusable"]
"""The rule whose outcome depends on the width of the window."""
SETTLED = """async () => {
  const within = (ms, event) => Promise.race([event, new Promise((done) => setTimeout(done, ms))]);
  const frame = () => within(2000, new Promise(requestAnimationFrame));
  await frame();
  await frame();
  // what is skipped as far from the window stands still in Firefox
  const seen = ({ effect }) => effect?.target?.checkVisibility({ contentVisibilityAuto: true });
  const moving = document.getAnimations().filter(seen);
  await within(5000, Promise.all(moving.map((animation) => animation.finished.catch(() => 0))));
}"""
"""Wait until a change of mode or width has been answered: colours move for a moment.

A window that the browser takes for hidden, as may happen when it shows a download, draws no frames: none is waited for.
"""
MIDDLE = """(selector) => {
  const seen = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
  if (!seen) return null;
  seen.scrollIntoView({ block: "nearest", behavior: "instant" });
  const [{ x, y, width, height }] = seen.getClientRects(); // of the first line, where words go on in another
  return [x + width / 2, y + height / 2];
}"""
IN_PAGE_CHECKS = {
    "formulas": "formulas",
    "descriptions": "descriptions",
    "sizes": "sizes",
    "copy buttons": "copyButtons",
}


@dataclass
class Visit:
    """A page in a browser, and the problems found in it: name of a check → what is wrong."""

    page: object
    server: str
    problems: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in CHECKS})
    asked: list[str] = field(default_factory=list)
    with_axe: bool = True
    with_colours: bool = True

    def listen(self) -> None:
        """Note down what the page asks for and complains about."""
        page, problems = self.page, self.problems

        def on_request(request) -> None:
            self.asked.append(request.url)
            if not request.url.startswith((self.server + "/", "data:", "blob:")):
                problems["hosts"].append(request.url)

        def on_console(message) -> None:
            if message.type in ("error", "warning"):
                problems["console"].append(f"{message.type}: {message.text}")

        def on_failure(request) -> None:
            # given up since the reader left, as the icon of a page that is loaded anew
            if getattr(request, "failure", "") != "net::ERR_ABORTED":  # which Chromium alone tells
                problems["requests"].append(f"failed: {request.url}")

        page.on("request", on_request)
        page.on("requestfailed", on_failure)
        page.on(
            "response",
            lambda answer: answer.status >= 400 and problems["requests"].append(f"{answer.status}: {answer.url}"),
        )
        page.on("console", on_console)
        page.on("pageerror", lambda error: problems["errors"].append(str(error)))

    def ask(self, check: str, question: str, prefix: str = "") -> None:
        """Run one of the checks of in_page.js and keep what it finds."""
        self.problems[check] += [prefix + problem for problem in self.page.evaluate(f"() => checks.{question}()")]

    def axe(self, mode: str, rules: list[str] | None = None) -> None:
        """Keep what axe-core finds by these rules, or by all, as far as it is serious, where it is asked."""
        if not self.with_axe:
            return
        without = [] if self.with_colours or rules else COLOURS
        for violation in self.page.evaluate(RUN_AXE, [rules, without])["violations"]:
            if violation["impact"] not in SERIOUS:
                continue
            nodes = [f"{' '.join(map(str, node['target']))}: {_reason(node)}" for node in violation["nodes"]]
            self.problems["accessibility"].append(
                "\n    ".join([f"{mode}, {violation['id']} ({violation['impact']})", *nodes])
            )


def _reason(node: dict) -> str:
    return "; ".join(check["message"] for check in node["any"] + node["all"] + node["none"])


@contextlib.contextmanager
def looking(browser) -> Iterator:
    """A window in which pages can be visited one after the other; what they share is loaded once."""
    context = browser.new_context(color_scheme="light")
    context.add_init_script(path=IN_PAGE)
    try:
        yield context
    finally:
        context.close()


def is_chapter(site: Path, page: str) -> bool:
    """Was this page written by an author, and not made by the builder, like the index?"""
    return (site / "_sources" / page).with_suffix(".md").is_file()


def survey(
    browser,
    server: str,
    site: Path,
    pages: list[str],
    *,
    axe: list[str] | None = None,
    colours: list[str] | None = None,
) -> dict[str, list[str]]:
    """Visit all these pages; name of a check → what is wrong, with the page where it is.

    axe: those that axe-core looks at, or all; colours: those of them where it looks at the colours of words, or all.
    """
    found: dict[str, list[str]] = {name: [] for name in CHECKS}
    with looking(browser) as context:
        for page in pages:
            seen = visit(
                context,
                server,
                page,
                chapter=is_chapter(site, page),
                with_axe=axe is None or page in axe,
                with_colours=colours is None or page in colours,
            )
            for check, problems in seen.problems.items():
                found[check] += [f"{page}: {problem}" for problem in problems]
    return found


def visit(
    context, server: str, path: str, *, chapter: bool = True, with_axe: bool = True, with_colours: bool = True
) -> Visit:
    """Look at one page of the site, light, dark and narrow; a chapter can be downloaded, other pages need not.

    with_axe, with_colours: whether axe-core looks at it, and at the colours of its words.
    """
    with context.new_page() as page:
        page.set_viewport_size(WIDE)
        found = Visit(page, server, with_axe=with_axe, with_colours=with_colours)
        found.listen()
        page.goto(f"{server}/{path}", wait_until="load")
        page.evaluate(TYPESET)
        page.add_script_tag(path=AXE)
        for check, question in IN_PAGE_CHECKS.items():
            found.ask(check, question)
        if chapter:
            found.problems["download"] += download(found)
        look_at_modes(found)
        page.set_viewport_size(NARROW)
        page.evaluate(SETTLED)
        found.ask("narrow", "narrow")
        found.axe("narrow", SCROLLING)
        # the next page begins in light mode again
        page.evaluate("localStorage.clear()")
        return found


def look_at_modes(found: Visit) -> None:
    """Contrast in light and in dark mode; the background and the ink of figures differ between them."""
    page = found.page
    background, inks = page.evaluate("() => [checks.background(), checks.inks()]")
    found.ask("figures", "figureContrast", "light: ")
    found.axe("light")
    if not switch_to_dark(page):
        found.problems["modes"].append("the switch does not lead to dark mode")
        return
    page.evaluate(SETTLED)
    dark_background, dark_inks = page.evaluate("() => [checks.background(), checks.inks()]")
    if dark_background == background:
        found.problems["modes"].append(f"the background is the same in both modes: {background}")
    for before, after in zip(inks, dark_inks, strict=True):
        if before["inks"] == after["inks"]:
            found.problems["figures"].append(f"{before['name']}: the same ink in both modes")
    found.ask("figures", "figureContrast", "dark: ")
    if found.with_colours:
        found.axe("dark", COLOURS)


def press(page, selector: str) -> bool:
    """Press the first element of these that can be seen, as a mouse does; was there one?"""
    place = page.evaluate(MIDDLE, selector)
    if place:
        page.mouse.click(*place)
    return bool(place)


def switch_to_dark(page) -> bool:
    """Press the switch of the header, which goes round three modes, until the page is dark; did it become so?"""
    for _ in range(3):
        if page.evaluate(MODE) == "dark" or not press(page, ".article-header-buttons .theme-switch-button"):
            break
    # away from the button, whose hint fades out over the page and is hard to read while it does
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_function("!document.querySelector('.tooltip')")
    return page.evaluate(MODE) == "dark"


def download(found: Visit) -> Iterator[str]:
    """What is wrong with the download of the page as a notebook."""
    page, link = found.page, ".dropdown-download-buttons a[href$='.ipynb']"
    address = page.evaluate("(link) => document.querySelector(link)?.href", link)
    if not address:
        yield "no notebook in the header's download menu"
        return
    press(page, ".dropdown-download-buttons button")
    if not page.evaluate("(link) => document.querySelector(link).checkVisibility()", link):
        yield "the download menu does not open"
    page.keyboard.press("Escape")
    status, text = page.evaluate(
        "(address) => fetch(address).then(async (all) => [all.status, await all.text()])", address
    )
    if status != 200:
        yield f"{status}: {address}"
        return
    try:
        nbformat.validate(nbformat.reads(text, as_version=4))
    except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        yield f"{address} is no notebook: {error}"
