"""Makes ruptures.json, what the package ruptures finds for a few small problems.

Run: python tests/splines/fitting/make_ruptures.py   (needs benchmarks/requirements.txt)
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    import ruptures

    random = np.random.default_rng(7)
    cases = []
    for size, pieces, min_size in [(30, 3, 2), (40, 6, 3), (60, 8, 2), (25, 12, 2), (50, 5, 7)]:
        x = np.sort(random.uniform(-2, 2, size)).round(6)
        y = (np.sin(4 * x) + 0.2 * random.normal(size=size)).round(6)
        signal = np.stack([y, x, np.ones_like(x)], axis=1)
        model = ruptures.Dynp(model="linear", min_size=min_size, jump=1).fit(signal)
        ends = model.predict(pieces - 1)
        loss = model.cost.sum_of_costs(ends) / 2
        case = {"pieces": pieces, "min_size": min_size, "starts": [0, *map(int, ends[:-1])], "loss": float(loss)}
        cases.append({**case, "x": x.tolist(), "y": y.tolist()})
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = f'{{"made_by": "ruptures {version("ruptures")}", "cases": [\n{lines}\n]}}\n'
    (Path(__file__).parent / "ruptures.json").write_text(text, encoding="utf-8")
