"""Makes risks.json, expected risks as the library has them, for the tests of the browser's numerics.

Run: python -m tests.bias.complexity.browser.make_risks
"""

import json
from pathlib import Path

from lecturelib.bias.complexity.risk import best_ridge, risk_curve

STORED = Path(__file__).with_name("risks.json")
SETTINGS = [(20, 0.5, 0.0), (20, 0.5, 0.01), (7, 1.5, 3.0), (40, 0.0, 1000.0), (2, 0.3, 0.2)]


def cases() -> list[dict]:
    """All cases, computed now; an infinite risk is null."""
    found = []
    for n, sigma, ridge in SETTINGS:
        p = sorted({0, 1, 2, n - 1, n, n + 1, n + 2, 33, 60})
        parts = risk_curve(n, p, sigma, ridge, total=60)
        numbers = {
            name: [None if v == float("inf") else v for v in part.tolist()] for name, part in parts._asdict().items()
        }
        best = best_ridge(p, sigma, total=60).tolist()
        found.append({"n": n, "sigma": sigma, "ridge": ridge, "p": p, **numbers, "best": best})
    return found


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
