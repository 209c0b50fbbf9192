"""`python -m lecturelib.core` (`make resolution`): find how small an error the check of each claim notices.

What is missing or was found by other code is searched, and what misses the bound of its method is named.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from lecturelib.core.claims import all_claims
from lecturelib.core.fingerprints import code_hash
from lecturelib.core.resolution import in_words, numbers, place, search, stored, too_coarse


def main(only: list[str]) -> int:
    """Search, and store, for the claims whose module or label has one of the words in `only` (all without).

    The exit status: 1 where a check is too coarse, 2 where no claim is meant by the words.
    """
    folders: dict = defaultdict(list)
    for module, claims in all_claims().items():
        folders[place(module)] += [(module, claim) for claim in claims]
    meant = [claim for claims in folders.values() for module, claim in claims if _meant(only, module, claim.label)]
    if not meant:
        print(f"no module and no claim is called {' or '.join(only)}", file=sys.stderr)
        return 2
    missed = 0
    for path, claims in folders.items():
        known = stored(claims[0][0])
        entries = {claim.label: known[claim.label] for _, claim in claims if claim.label in known}
        for module, claim in claims:
            if not _meant(only, module, claim.label):
                continue
            if entries.get(claim.label, {}).get("code") != code_hash(module):
                print(f"{claim.label}: ", end="", flush=True)
                entries[claim.label] = {"code": code_hash(module), "numbers": search(claim)}
                print(in_words(numbers(entries[claim.label])) or "nothing is measured", flush=True)
            _write(path, entries)  # each at once: a search takes long, and may be broken off
            coarse = too_coarse(claim, numbers(entries[claim.label]))
            if coarse and not claim.excused:
                print(f"{claim.label}: TOO COARSE in {', '.join(coarse)}")
                missed += 1
        _write(path, entries)
    return 1 if missed else 0


def _meant(only: list[str], module: str, label: str) -> bool:
    return not only or any(word in module or word == label for word in only)


def _write(path: Path, entries: dict[str, dict]) -> None:
    path.write_text(json.dumps(dict(sorted(entries.items())), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
