"""Pages of the book as a phone on a slow connection loads them: when one can be read, and how long it does not answer.

Run: python benchmarks/phone.py [--repeats 5] [--page chapters/splines/dynamics.html]

It needs the built site (make book) and Chromium. The browser computes four times slower than this machine, and gets 1.6
Mbit/s after 150 ms of delay, from a server that compresses, with an empty cache. A page is readable once the largest
thing on its first screen is painted and the letters of all its formulas have come: that is taken from the clock, and so
from whatever else the machine does. The longest task is the longest time in which the page answers nothing, until three
seconds after everything was loaded: four times the processor time of the browser's longest task in a second visit.
Explorers on the first screen come to life meanwhile. Medians over the repeats.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from lecturelib.core import timing
from lecturelib.site.serving import serve

SITE = Path(__file__).resolve().parents[1] / "_build" / "html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "is_mobile": True, "has_touch": True}
SLOWER = 4
BITS, DELAY = 1.6e6, 150  # a second; milliseconds
REST = 3000  # milliseconds that are watched after everything was loaded
BAR = {"readable, s": 4.0, "longest task, s": 0.5}
TASKS = ("RunTask", "ThreadControllerImpl::RunTask")
"""What the browser calls a task when it notes down what it does."""
WATCH = """
window.seen = { painted: 0, letters: 0 };
for (const type of ["paint", "largest-contentful-paint"]) {
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    seen.painted = Math.max(seen.painted, entry.startTime);
  })).observe({ type, buffered: true });
}
document.fonts.addEventListener("loadingdone", () => (seen.letters = performance.now()));
"""


def pages(site: Path) -> list[str]:
    """Pages that authors wrote, as paths in the site."""
    sources = site / "_sources"
    return sorted(path.relative_to(sources).with_suffix(".html").as_posix() for path in sources.rglob("*.md"))


def readable(browser: Browser, address: str) -> dict[str, float]:
    """One visit with an empty cache: seconds until the page can be read, and kB."""
    with browser.new_context(**PHONE) as context, context.new_page() as page:
        page.add_init_script(WATCH)
        device = context.new_cdp_session(page)
        device.send("Network.enable")
        speed = {"downloadThroughput": BITS / 8, "uploadThroughput": BITS / 16}
        device.send("Network.emulateNetworkConditions", {"offline": False, "latency": DELAY, **speed})
        device.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        received = []
        device.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        page.goto(address, wait_until="networkidle", timeout=120_000)
        page.wait_for_function("seen.painted")
        seen = page.evaluate("seen")
    return {"readable, s": max(seen["painted"], seen["letters"]) / 1000, "transferred, kB": sum(received) / 1000}


def longest_task(browser: Browser, address: str) -> float:
    """Seconds of processor time of the longest task of a page, on a processor that is `SLOWER`."""
    with browser.new_context(**PHONE) as context, context.new_page() as page:
        browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
        page.goto(address, wait_until="networkidle", timeout=120_000)
        page.wait_for_timeout(REST)
        events = json.loads(browser.stop_tracing())["traceEvents"]
    names = (event for event in events if event.get("name") == "thread_name")
    pages = {(event["pid"], event["tid"]) for event in names if event["args"]["name"] == "CrRendererMain"}
    tasks = (event for event in events if event.get("name") in TASKS and (event["pid"], event["tid"]) in pages)
    return SLOWER * max(event.get("tdur", 0) for event in tasks) / 1e6


def measure(names: list[str], repeats: int) -> list[dict]:
    """A row for each page. Repeats go round the pages, so that a busy moment does not meet one page alone."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise SystemExit("no Chromium on the path; on Debian: apt-get install chromium")
    visits: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with serve(SITE) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for turn in range(repeats):
            for name in names:
                found = readable(browser, f"{address}/{name}")
                visits[name].append({**found, "longest task, s": longest_task(browser, f"{address}/{name}")})
            print(f"turn {turn + 1} of {repeats}", flush=True)
        browser.close()
    what = f"Pages on a phone: processor × 1/{SLOWER}, {BITS / 1e6:g} Mbit/s, {DELAY} ms"
    return [{"what": what, "page": name, **_medians(visits[name])} for name in names]


def _medians(visits: list[dict[str, float]]) -> dict[str, float]:
    return {key: median(one[key] for one in visits) for key in visits[0]}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--page", action="append", help="this page alone, which stores nothing; may be given again")
    options = parser.parse_args()
    rows = measure(options.page or pages(SITE), options.repeats)
    print(timing.as_table([{key: value for key, value in row.items() if key != "what"} for row in rows]))
    for column, bar in BAR.items():
        over = [row["page"] for row in rows if row[column] > bar]
        print(f"{column} above {bar}: {', '.join(over) or 'no page'}")
    if not options.page:
        print("stored", timing.store("phone", rows, f"python benchmarks/phone.py --repeats {options.repeats}"))


if __name__ == "__main__":
    main()
