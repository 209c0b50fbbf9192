"""Published beside measured: what the appendix pages *Reproductions* are made of.

What a source prints stands in one file, `chapters/appendix/reproductions/data/<key of the bibliography>.toml`: a table
of it is a section with `name`, `place` (where it is printed), `what` (it shows), `columns`, perhaps `lost` (what of it
could not be had), and `rows`, each a list of cells as they are printed. What was measured comes from the page.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from lecturelib.core.display import Shown
from lecturelib.core.statements import CHAPTERS

FOLDER = CHAPTERS / "appendix" / "reproductions" / "data"
NOTHING = "–"


@dataclass(frozen=True)
class Published:
    """A table of a source, as it is printed. Raises ValueError where a row has not one cell for each column."""

    source: str
    name: str
    place: str
    what: str
    columns: Sequence[str]
    rows: Mapping[str, Sequence[str]]
    lost: str = ""

    def __post_init__(self) -> None:
        for label, cells in self.rows.items():
            if len(cells) != len(self.columns):
                raise ValueError(f"{self.source}, {self.name}: expected {len(self.columns)} cells for {label!r}")

    def number(self, row: str, column: str) -> float:
        """A cell without its deviation."""
        return float(self.rows[row][self.columns.index(column)].split("±")[0])

    def show(self, measured: Mapping[str, Sequence[str]] | None = None, *, by: str = "") -> Shown:
        """The table with a line on where it is printed, and below each row what was measured, cell by cell.

        measured: row → its cells, empty ones for what was not measured; by: how the measured rows are called.
        Raises ValueError for a row that the source does not have, or one of another length.
        """
        measured = measured or {}
        if unknown := measured.keys() - self.rows.keys():
            raise ValueError(f"measured: expected rows of {self.name}, got {', '.join(sorted(unknown))}")
        lines = [f"| | | {' | '.join(self.columns)} |", "|---" * (2 + len(self.columns)) + "|"]
        for label, printed in self.rows.items():
            lines.append(_line(label, "published", printed))
            if label in measured:
                if len(measured[label]) != len(self.columns):
                    raise ValueError(f"measured: expected {len(self.columns)} cells for {label!r}")
                lines.append(_line("", by or "measured", measured[label]))
        about = f"*{self.name}*, {self.what}. Printed in {{cite}}`{self.source}`, {self.place}."
        return Shown.markdown("\n".join([about + (f" {self.lost}" if self.lost else ""), "", *lines]))


def _line(label: str, kind: str, cells: Sequence[str]) -> str:
    filled = (str(cell).replace(" ± ", "\u00a0±\u00a0") or NOTHING for cell in cells)
    return f"| {label} | {kind} | {' | '.join(filled)} |"


def published(source: str, folder: Path = FOLDER) -> dict[str, Published]:
    """The tables of a source, by the names of their sections in its file."""
    found = tomllib.loads((folder / f"{source}.toml").read_text(encoding="utf-8"))
    return {name: Published(source, **fields) for name, fields in found.items()}


def mean_and_deviation(values: Tensor) -> str:
    """What papers print of several runs, such as 0.52 ± 0.07."""
    return f"{_short(values.mean(), 3)} ± {_short(values.std(), 2)}"


def median_and_band(values: Tensor) -> str:
    """Median of several runs, and in brackets the band from 10 % to 90 % of them."""
    low, middle, high = values.quantile(values.new_tensor([0.1, 0.5, 0.9]))
    return f"{_short(middle, 3)} ({_short(low, 2)} to {_short(high, 2)})"


def _short(value: Tensor, digits: int) -> str:
    """A number rounded to so many digits, and large ones without an exponent."""
    return f"{float(f'{float(value):.{digits}g}'):g}"
