"""What a page costs its reader: bytes on a cold cache, what moves, frames while it plays."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.site.page_checks import LAID_OUT

BYTES = {"without explorers": 400_000, "with explorers": 700_000}
"""What a page may transfer on a cold cache, compressed, with all its explorers alive."""
REQUESTS = {"without explorers": 45, "with explorers": 60}
SHIFT = 0.1
"""How much of a page may move while it is loaded, as browsers count it: https://web.dev/articles/cls."""
EXPLORER = re.compile(r'class="[^"]*\bexplorer\b[^"]*" id="explorer-([a-z0-9-]+)"|id="explorer-([a-z0-9-]+)" class="')
SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (!entry.hadRecentInput) window.shifted += entry.value;
})).observe({ type: "layout-shift", buffered: true });"""
"""Run before a page is read: adds up what moves without the reader's doing."""
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


def explorers(page: Path) -> list[str]:
    """The names of the explorers in a page."""
    text = page.read_text(encoding="utf-8")
    return [one or other for one, other in EXPLORER.findall(text)]


@dataclass
class Cost:
    """What a page was seen to cost: address → bytes of everything that it loads, and how much of it moved."""

    sizes: dict[str, int] = field(default_factory=dict)
    shift: float = 0.0

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.sizes.values())

    def __str__(self) -> str:
        heavy = sorted(self.sizes.items(), key=lambda pair: -pair[1])[:5]
        parts = ", ".join(f"{size / 1e3:.0f} {url.rsplit('/', 1)[-1]}" for url, size in heavy)
        return f"{self.total / 1e3:4.0f} kB in {len(self.sizes)} requests, shift {self.shift:.3f} ({parts})"


def cost(browser, address: str, names: list[str], size: dict[str, int]) -> Cost:
    """Load a page on a cold cache in a window of this size, and bring these explorers to life.

    `address` is that of a server that compresses, so that bytes are those which come over a wire.
    """
    found = Cost()
    addresses: dict[str, str] = {}
    with browser.new_context(viewport=size) as context, context.new_page() as page:
        page.add_init_script(SHIFTS)
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.on(
            "Network.requestWillBeSent", lambda event: addresses.update({event["requestId"]: event["request"]["url"]})
        )

        def on_finished(event) -> None:
            url = addresses.get(event["requestId"], "")
            if not url.startswith(("data:", "blob:")):
                found.sizes[url] = found.sizes.get(url, 0) + int(event["encodedDataLength"])

        network.on("Network.loadingFinished", on_finished)
        page.goto(address, wait_until="networkidle")
        page.evaluate(LAID_OUT)
        for name in names:
            page.locator(f"#explorer-{name}").scroll_into_view_if_needed()
            page.locator(f"#explorer-{name}.alive").wait_for()
        page.wait_for_load_state("networkidle")
        found.shift = page.evaluate("window.shifted")
    return found


def frame_rate(page, seconds: float = 1.0) -> float:
    """Frames a second that a page shows now."""
    return page.evaluate(FRAMES, seconds)
