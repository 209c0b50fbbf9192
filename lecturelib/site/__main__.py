"""`python -m lecturelib.site build` makes the website, `… page` one page of it, `… notebooks` copies to work in."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import webbrowser
from pathlib import Path

from lecturelib.site.alone import BUSY
from lecturelib.site.copies import refresh
from lecturelib.site.key import book_key
from lecturelib.site.times import over_budget

ROOT = Path(__file__).resolve().parents[2]
COLOR = re.compile(r"\x1b\[[\d;]*m")
STEPS = re.compile(r"\S.*: Execut(?:ing notebook|ed notebook in [\d.]+ seconds)")
STOPPED = 130
"""The exit status of a build that was stopped, as shells have it."""
# jsonschema reads a grammar of addresses where there is one, which takes seconds, and no notebook is checked for those.
QUICK = "import sys; sys.modules['rfc3987_syntax'] = None; "
ALONE = "from lecturelib.site.alone import begin; begin({!r}, {}); "
# Not modules of their own, which every process that executes a notebook would import again.
SINGLE = QUICK + "from lecturelib.site.one_page import main; sys.exit(main(*sys.argv[1:]))"
WHOLE = QUICK + "from jupyter_book.cli.main import main; main()"
# What a kernel says of its own when it starts; it concerns servers that others can reach.
KERNEL = re.compile(r"\[IPKernelApp\]")
PROGRESS = re.compile(r"(reading sources|looking for|pickling|checking|preparing|copying|writing|generating|build )")
COMPLAINT = re.compile(r"(?:^|: )(WARNING|ERROR|CRITICAL|SEVERE): |^Traceback|[Ee]rror:$")


def build(book: Path, *, everything: bool = False) -> int:
    """Build `book` into its _build/html with warnings as errors; the exit status, 0 where all went well.

    Chapters whose results are stored are not run again, pages that have not changed are not written again, and where
    nothing at all has changed nothing is done, unless `everything` is asked for.
    """
    site, stamp, key = book / "_build" / "html", book / "_build" / "built", book_key(book)
    done = f"The site is in {site}. To open it: make serve"
    there = stamp.exists() and (site / "index.html").exists()
    if not everything and there and stamp.read_text(encoding="utf-8") == key:
        print(done)
        return 0
    stamp.unlink(missing_ok=True)
    begin = ALONE.format(str(book / "_build"), os.getpid())
    command = [sys.executable, "-c", begin + WHOLE, "build", str(book), "--warningiserror", "--nitpick", "--keep-going"]
    if everything:
        command.append("--all")
    status, lines = _follow(command, book)
    if status == BUSY:
        print(lines[-1])
    if status in (STOPPED, BUSY):
        return status
    if status:
        print("\n".join(lines))
        # Sphinx remembers the pages it read but not their warnings: a second build would pass.
        shutil.rmtree(book / "_build" / ".doctrees", ignore_errors=True)
        print("The book was not built: see the warnings and errors above.")
        return 1
    stamp.write_text(key, encoding="utf-8")
    if slow := over_budget(book):
        print(slow)
    print(done)
    return 0


def build_page(book: Path, wanted: str, *, show: bool = False) -> int:
    """Build one page of `book`, say where it is and what is wrong in it, and `show` it; the exit status."""
    from lecturelib.site import one_page  # it imports Sphinx, which is slow

    try:
        name = one_page.find(book, wanted)
    except ValueError as error:
        print(error)
        return 1
    made = book / one_page.SITE / f"{name}.html"
    made.unlink(missing_ok=True)
    begin = ALONE.format(str(book / one_page.SITE), os.getpid())
    status, lines = _follow([sys.executable, "-c", begin + SINGLE, str(book), name], book)
    if status == BUSY:
        print(lines[-1])
    if status in (STOPPED, BUSY):
        return status
    if status or not made.exists():
        print("\n".join(lines))
        print("The page was not built: see above.")
        return 1
    wrong = any(COMPLAINT.search(line) for line in lines)
    if wrong:
        print(_complaints(lines))
    print(f"The page is at {made.as_uri()}{', with the warnings above' if wrong else ''}")
    if show and (sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(made.as_uri())
    return int(wrong)


def _follow(command: list[str], book: Path) -> tuple[int, list[str]]:
    """Run a build and print when notebooks are executed; the exit status, and the lines that it printed."""
    lines: list[str] = []
    # in a session of its own, so that Ctrl-C reaches it once, from here
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    with subprocess.Popen(command, **options) as process:
        try:
            for line in process.stdout or ():
                line = COLOR.sub("", line).rstrip()
                if not KERNEL.search(line):
                    lines.append(line)
                if STEPS.fullmatch(line):
                    print(line.replace(f"{book}/", ""), flush=True)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.communicate()
            print("Stopped. What was executed is kept.")
            return STOPPED, lines
    return process.returncode, lines


def _complaints(lines: list[str]) -> str:
    """Of the output of Sphinx the warnings, each with the lines that belong to it."""
    told, inside = [], False
    for line in lines:
        if COMPLAINT.search(line):
            inside = True
        elif PROGRESS.match(line):
            inside = False
        if inside:
            told.append(line)
    return "\n".join(told).strip()


def copy_notebooks(book: Path) -> int:
    """Copy the notebooks of the built site into `book`/notebooks and say which changed ones were kept."""
    try:
        kept = refresh(book / "_build" / "html" / "_sources", book / "notebooks")
    except FileNotFoundError as error:
        print(error)
        return 1
    for path in kept:
        print(f"kept as you changed it: {path.relative_to(book)}")
    return 0


def interrupt(*_: object) -> None:
    """What a signal to end does: the same as Ctrl-C."""
    raise KeyboardInterrupt


def main() -> int:
    """Read the command line and do what it asks; the exit status."""
    signal.signal(signal.SIGTERM, interrupt)
    parser = argparse.ArgumentParser(prog="python -m lecturelib.site", description="The website of the book.")
    commands = parser.add_subparsers(dest="command", required=True)
    whole = commands.add_parser("build", help="build the website")
    whole.add_argument("--all", action="store_true", help="write all pages again, changed or not")
    single = commands.add_parser("page", help="build one page alone")
    single.add_argument("page", help="its name, as chapters/splines/dynamics")
    single.add_argument("--show", action="store_true", help="open it in a browser")
    copies = commands.add_parser("notebooks", help="copy the notebooks of the built site")
    for command in (whole, single, copies):
        command.add_argument("book", nargs="?", type=Path, default=ROOT, help="folder of the book (default: this one)")
    arguments = parser.parse_args()
    book = arguments.book.resolve()
    if arguments.command == "page":
        return build_page(book, arguments.page, show=arguments.show)
    return copy_notebooks(book) if arguments.command == "notebooks" else build(book, everything=arguments.all)


if __name__ == "__main__":
    sys.exit(main())
