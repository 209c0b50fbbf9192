"""What a page costs its reader: bytes on a cold cache, time until it answers, frames while it plays."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

LIMIT = 1_500_000
"""Bytes that a page with an explorer may transfer, compressed."""
COMPRESSED = (".woff", ".woff2", ".png", ".jpg", ".gz")
EXPLORER = re.compile(r'class="[^"]*\bexplorer\b[^"]*" id="explorer-([a-z0-9-]+)"|id="explorer-([a-z0-9-]+)" class="')
NOTE = """new MutationObserver(() => {
  if (document.querySelector(".explorer.alive")) window.alive ??= performance.now();
}).observe(document, { subtree: true, childList: true, attributeFilter: ["class"] });"""
"""Run before a page is read: notes down when its first explorer came to life."""
FRAMES = """(seconds) => new Promise((done) => {
  let frames = 0;
  const start = performance.now();
  const next = (now) => {
    frames += 1;
    if (now - start < 1000 * seconds) requestAnimationFrame(next);
    else done((1000 * frames) / (now - start));
  };
  setTimeout(() => done(frames / (5 * seconds)), 5000 * seconds); // where no frames come
  requestAnimationFrame(next);
})"""
ANSWERS = """async (box) => {
  const words = box.querySelector(".explorer-words");
  const input = box.querySelector("input[type=range], select, input[type=checkbox]");
  const before = performance.now();
  const changed = new Promise((done) => new MutationObserver(() => requestAnimationFrame(() => done(performance.now())))
    .observe(box, { subtree: true, childList: true, characterData: true, attributes: true }));
  const late = new Promise((done) => setTimeout(() => done(Infinity), 10000));
  if (input.type === "range") input.stepUp();
  input.dispatchEvent(new Event("input", { bubbles: true }));
  return (await Promise.race([changed, late])) - before;
}"""


def explorers(page: Path) -> list[str]:
    """The names of the explorers in a page."""
    text = page.read_text(encoding="utf-8")
    return [one or other for one, other in EXPLORER.findall(text)]


def transferred(browser, address: str, names: list[str]) -> dict[str, int]:
    """Address → bytes of everything that a page loads on a cold cache, with all its explorers brought to life.

    The test's server does not compress; each answer counts as what gzip makes of it, as servers of sites do.
    """
    sizes: dict[str, int] = {}
    with browser.new_context() as context, context.new_page() as page:
        answers = []
        page.on("response", lambda answer: answers.append(answer))
        page.goto(address, wait_until="load")
        for name in names:
            page.locator(f"#explorer-{name}").scroll_into_view_if_needed()
            page.locator(f"#explorer-{name}.alive").wait_for()
        page.wait_for_load_state("networkidle")
        for answer in answers:
            body = answer.body() if answer.status == 200 else b""
            path = answer.url.split("?")[0]
            sizes[answer.url] = len(body if path.endswith(COMPRESSED) else gzip.compress(body))
    return sizes


def reaction(browser, address: str, name: str) -> tuple[float, float]:
    """Milliseconds until an explorer is alive on a cold cache, and then from a change of a control to what it shows."""
    with browser.new_context() as context, context.new_page() as page:
        page.add_init_script(NOTE)
        page.goto(f"{address}#explorer-{name}", wait_until="load")
        box = page.locator(f"#explorer-{name}.alive")
        box.wait_for()
        return page.evaluate("window.alive"), box.evaluate(ANSWERS)


def frame_rate(page, seconds: float = 1.0) -> float:
    """Frames a second that a page shows now."""
    return page.evaluate(FRAMES, seconds)
