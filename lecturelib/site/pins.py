"""`make pins`: choose the newest versions that fit pyproject.toml and package.json, and pin them all exactly."""

from __future__ import annotations

import re
import subprocess
import sys

from lecturelib.site.assets import ROOT, npm

REQUIREMENTS = ROOT / "requirements.txt"
HEAD = "# Every version the book is built with. Written by `make pins` from pyproject.toml.\n"
# pip-tools leaves these out of its answer unless asked, and then under a heading of its own
COMPILE = (
    "--upgrade",
    "--all-extras",
    "--allow-unsafe",
    "--strip-extras",
    "--no-header",
    "--no-annotate",
    "--no-emit-find-links",
    "--no-emit-index-url",
    "--quiet",
    "--output-file=-",
)


def exact(answer: str) -> str:
    """What pip-tools answered as the text of requirements.txt: one exact version a line, builds not told apart.

    A local build (torch 2.13.0+cpu) is pinned by its version alone, so that every machine takes the one it has.
    """
    names = sorted(re.findall(r"^([\w.-]+==[\w.!]+)", answer, flags=re.M), key=str.lower)
    return HEAD + "".join(f"{name}\n" for name in names)


def main() -> int:
    """Write requirements.txt and package-lock.json."""
    command = [sys.executable, "-m", "piptools", "compile", *COMPILE, "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print("The Python versions could not be resolved: see above.", file=sys.stderr)
        return done.returncode
    REQUIREMENTS.write_text(exact(done.stdout), encoding="utf-8")
    npm("update", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    print("Pinned. Run make test before you commit requirements.txt and package-lock.json.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
