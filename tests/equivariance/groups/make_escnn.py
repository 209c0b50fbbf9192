"""Makes escnn.json: all filters that layers of the package escnn can have, for turns and mirror images of the plane.

Run: python tests/equivariance/groups/make_escnn.py
escnn 1.0.11 runs with numpy 1 only (and without py3nj, which has to be compiled), so what it gives is stored.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    import torch
    from escnn import gspaces, nn

    rows = []
    for name in ("C4", "D4"):
        plane = gspaces.rot2dOnR2(4) if name == "C4" else gspaces.flipRot2dOnR2(4, axis=np.pi / 2)
        group = plane.fibergroup
        turn = group.element(1) if name == "C4" else group.element((0, 1))
        moves = [turn] if name == "C4" else [turn, group.element((1, 0))]
        kinds = {"number": plane.trivial_repr, "regular": plane.regular_repr}
        for inputs, outputs, size in [("number", "regular", 3), ("number", "regular", 5), ("regular", "regular", 3)]:
            if name == "D4" and inputs == "regular":  # 27,648 numbers
                continue
            ends = [nn.FieldType(plane, [kinds[one]]) for one in (inputs, outputs)]
            layer = nn.R2Conv(*ends, kernel_size=size, bias=False)
            filters = []
            for k in range(layer.weights.numel()):
                layer.weights.data.zero_()[k] = 1
                found = layer.expand_parameters()[0].detach()
                filters.append([round(float(value), 5) for value in found.flatten()])
            assert torch.tensor(filters).shape[1] == layer.out_type.size * layer.in_type.size * size**2
            row = {"group": name, "inputs": inputs, "outputs": outputs, "size": size}
            for side in ("inputs", "outputs"):
                row[f"moves_{side}"] = [kinds[row[side]](one).round().astype(int).tolist() for one in moves]
            rows.append({**row, "filters": filters})
    lines = ",\n".join(json.dumps(row) for row in rows)
    text = f'{{"made_by": "escnn {version("escnn")}", "cases": [\n{lines}\n]}}\n'
    Path(__file__).with_name("escnn.json").write_text(text, encoding="utf-8")
