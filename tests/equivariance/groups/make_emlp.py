"""Makes emlp.json: how many equivariant maps the package emlp finds, and bases of some (Finzi et al. 2021).

Run: PYTHONPATH=<folder of emlp> python tests/equivariance/groups/make_emlp.py
emlp 1.0.3 needs numpy 1 and jax 0.4.23, with objax, optax, plum-dispatch 1.7.4, six and scikit-learn, which do not fit
the book's versions, so what it gives is stored.
"""

import json
from pathlib import Path

import numpy as np

GROUPS = {"S4": ("S", 4), "S5": ("S", 5), "C5": ("Z", 5), "SO3": ("SO", 3), "SO2": ("SO", 2)}
KEPT = {("S4", 1, 2), ("C5", 1, 1), ("SO3", 2, 1), ("SO3", 2, 2), ("SO2", 2, 2)}
"""Group, indices of inputs and outputs, of which the basis is stored."""

if __name__ == "__main__":
    from emlp import groups
    from emlp.reps import V

    rows = []
    for name, (kind, size) in GROUPS.items():
        group = getattr(groups, kind)(size)
        for inputs, outputs in [(0, 1), (1, 1), (1, 2), (2, 1), (2, 2)]:
            if name == "S5" and inputs == outputs == 2:  # it does the same as for S4, on 625 weights
                continue
            from_, to = (V(group) ** order if order else V(group) ** 0 for order in (inputs, outputs))
            basis = np.asarray((from_ >> to).equivariant_basis())
            row = {"group": name, "inputs": inputs, "outputs": outputs, "count": int(basis.shape[1])}
            if (name, inputs, outputs) in KEPT:
                row["basis"] = [[round(float(value), 6) for value in column] for column in basis.T]
            rows.append(row)
    lines = ",\n".join(json.dumps(row) for row in rows)
    text = f'{{"made_by": "emlp 1.0.3", "cases": [\n{lines}\n]}}\n'
    Path(__file__).with_name("emlp.json").write_text(text, encoding="utf-8")
