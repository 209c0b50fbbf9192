"""`python -m lecturelib.core` (`make resolution`): find how small an error the check of each claim notices.

What is missing or was found by other code is searched, and what misses the bound of its method is named.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict

from lecturelib.core.claims import Claim, all_claims
from lecturelib.core.resolution import code_hash, in_words, place, search, stored, too_coarse


def main(only: list[str]) -> int:
    """Search for the claims whose module or label has one of the words in `only` (all without); the exit status."""
    folders: dict = defaultdict(list)
    for module, claims in all_claims().items():
        folders[place(module)] += [(module, claim) for claim in claims]
    missed = 0
    for path, claims in folders.items():
        entries = {}
        for module, claim in claims:
            wanted = not only or any(word in module or word == claim.label for word in only)
            entries[claim.label] = entry = _entry(module, claim, wanted)
            coarse = too_coarse(claim, entry["numbers"]) if entry else []
            if coarse and not claim.excused and wanted:
                print(f"{claim.label}: TOO COARSE in {', '.join(coarse)}")
                missed += 1
        kept = {label: entry for label, entry in sorted(entries.items()) if entry}
        path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 1 if missed else 0


def _entry(module: str, claim: Claim, wanted: bool) -> dict:
    before = stored(module).get(claim.label, {})
    if not wanted or before.get("code") == code_hash(module):
        return before
    found = {"code": code_hash(module), "numbers": search(claim)}
    print(f"{claim.label}: {in_words(claim, found['numbers'])}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
