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
    "--output-file=-",
)


def exact(answer: str) -> str:
    """What pip-tools answered as the text of requirements.txt: one exact version a line, builds not told apart.

    A local build (torch 2.13.0+cpu) is pinned by its version alone, so that every machine takes the one it has.
    """
    names = sorted(re.findall(r"^([\w.-]+==[\w.!]+)", answer, flags=re.M), key=str.lower)
    return HEAD + "".join(f"{name}\n" for name in names)


def reasons(told: str) -> str:
    """Out of all that pip-tools tells when it fails: which packages do not fit, and who asks for them, a line each."""
    errors = re.findall(r"^ *(ERROR: .+)$", told, flags=re.M)
    asked = re.findall(r"Requirement\('([^']+)'\), parent=(?:None|\w+\('([^' ]+))", told)
    askers = [
        (what, " ".join(place.rsplit("/", 1)[-1].removesuffix(".tar.gz").split("-")[:2])) for what, place in asked
    ]
    errors += [f"{what} is asked for by {who or 'pyproject.toml'}" for what, who in dict.fromkeys(askers)]
    last = told.strip().rsplit("\n", 1)[-1].rsplit("exceptions.", 1)[-1]
    return "\n".join(errors or [last])


def main() -> int:
    """Write requirements.txt and package-lock.json."""
    print("Asking for the newest versions that fit together (some minutes)", flush=True)
    command = [sys.executable, "-m", "piptools", "compile", *COMPILE, "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        print(f"The Python versions could not be resolved; requirements.txt is as it was.\n{reasons(done.stderr)}")
        return 1
    try:
        npm("update", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    except subprocess.CalledProcessError:
        print("The versions of what pages load could not be resolved: see above. Both lists are as they were.")
        return 1
    REQUIREMENTS.write_text(exact(done.stdout), encoding="utf-8")
    print("Pinned. Run make test, which installs them first, before you commit requirements.txt and package-lock.json.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
