"""Makes paths.json, descent and flows by the library, for the tests of the browser's numerics.

Run: python -m tests.bias.discretization.browser.make_paths
"""

import json
from pathlib import Path

import torch

from lecturelib.bias import euler_path, field_flow, gradient_field, modified_field, modified_loss
from lecturelib.bias.discretization.surfaces import SURFACES

STORED = Path(__file__).with_name("paths.json")
STEPS = (12, 40)


def case(name: str, steps: int) -> dict:
    """Speeds of the three fields at the start, where descent and the three flows end, and the curvature there."""
    surface = SURFACES[name]
    start, rate, field = torch.tensor(surface.start, dtype=torch.float64), surface.time / steps, gradient_field(surface)
    fields = (field, modified_field(field, rate), modified_field(field, rate, 2))
    descent = euler_path(field, start, learning_rate=rate, steps=steps)
    quick = [lambda w, order=order: surface.speed(w, rate, order) for order in (0, 1, 2)]
    ends = [field_flow(one, start, times=[surface.time], tolerance=1e-12)[-1] for one in quick]
    curvatures = torch.linalg.eigvalsh(torch.func.hessian(surface)(descent[-1])).flip(0)
    found = {
        "speeds": torch.stack([one(start) for one in fields]),
        "path": descent,
        "ends": torch.stack(ends),
        "curvatures": curvatures,
    }
    loss = float(modified_loss(surface, 0.0)(start))
    given = {"terms": surface.terms, "start": surface.start, "time": surface.time, "steps": steps, "loss": loss}
    return {**given, **{key: values.tolist() for key, values in found.items()}}


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(name, steps) for name in SURFACES for steps in STEPS]


if __name__ == "__main__":
    STORED.write_text(json.dumps(cases(), indent=1) + "\n")
