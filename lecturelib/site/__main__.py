"""`python -m lecturelib.site build` makes the website, `… notebooks` copies of its notebooks to work in."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lecturelib.site.copies import refresh
from lecturelib.site.key import book_key

ROOT = Path(__file__).resolve().parents[2]
COLOR = re.compile(r"\x1b\[[\d;]*m")
STEPS = re.compile(r"(.+): (Execut(?:ing|ed) notebook)(?: in [\d.]+ seconds)?")
# What a kernel says of its own when it starts; it concerns servers that others can reach.
KERNEL = re.compile(r"\[IPKernelApp\]")


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
    tool = Path(sys.executable).with_name("jupyter-book")
    command = [str(tool), "build", str(book), "--warningiserror", "--nitpick", "--keep-going"]
    if everything:
        command.append("--all")
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            line = COLOR.sub("", line).rstrip()
            lines.append(line)
            if step := STEPS.search(line):
                print(step.group().replace(f"{book}/", ""), flush=True)
    if process.returncode:
        print("\n".join(line for line in lines if not KERNEL.search(line)))
        # Sphinx remembers the pages it read but not their warnings: a second build would pass.
        shutil.rmtree(book / "_build" / ".doctrees", ignore_errors=True)
        print("The book was not built: see the warnings and errors above.")
        return 1
    stamp.write_text(key, encoding="utf-8")
    print(done)
    return 0


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


def main() -> int:
    """Read the command line and do what it asks; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lecturelib.site", description="The website of the book.")
    parser.add_argument("command", choices=["build", "notebooks"])
    parser.add_argument("book", nargs="?", type=Path, default=ROOT, help="folder of the book (default: this one)")
    parser.add_argument("--all", action="store_true", help="write all pages again, changed or not")
    arguments = parser.parse_args()
    book = arguments.book.resolve()
    return copy_notebooks(book) if arguments.command == "notebooks" else build(book, everything=arguments.all)


if __name__ == "__main__":
    sys.exit(main())
