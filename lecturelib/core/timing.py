"""Measurements of time against a peer: in pairs, repeated, stored with the machine they were taken on.

Every file in `benchmarks/` is one measurement. It pairs what the library does with what a user would otherwise write or
install, `store`s rows of numbers, and the page *How fast* shows what was stored last.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch

from lecturelib.core.display import Shown, escape
from lecturelib.core.experiments import Provenance, load, save

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
NO_GPU = "not measured: no GPU"


class Pair(NamedTuple):
    """Medians over the repeats of the peer's and of our seconds, and the median of their ratios within a repeat."""

    theirs: float
    ours: float
    ratio: float


def paired(theirs: Callable[[], float], ours: Callable[[], float], repeats: int) -> Pair:
    """Take turns, so that what else the machine does meets both alike. Each function returns the seconds it needed.

    One turn of each before the first repeat is not counted. Raises ValueError where repeats is not positive.
    """
    if repeats < 1:
        raise ValueError(f"repeats: expected a positive whole number, got {repeats}")
    theirs(), ours()
    pairs = [(theirs(), ours()) for _ in range(repeats)]
    first, second = (median(column) for column in zip(*pairs, strict=True))
    return Pair(first, second, median(a / b for a, b in pairs))


def machine() -> str:
    """One line about this machine: processor, cores, system, GPU."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    system = f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}"
    return f"{processor}, {os.cpu_count()} cores, {gpu}, {system}"


def store(name: str, rows: list[Mapping[str, Any]], command: str, *, folder: Path = RESULTS) -> Path:
    """Write the rows of one measurement, with `command`, versions, machine and its load, to folder/name.json.

    A row is a dict of column → text, number, or None for what could not be measured as there is no GPU. Its "what" says
    which table it belongs to; rows of one table stand together and have the same columns. Raises ValueError otherwise.
    """
    for what, group in groupby(rows, key=lambda row: row.get("what")):
        if not what:
            raise ValueError('rows: expected each to say in "what" which table it belongs to')
        if len({tuple(row) for row in group}) != 1:
            raise ValueError(f"rows: expected the same columns in all rows of {what!r}")
    path = folder / f"{name}.json"
    where = f"{machine()}; {os.getloadavg()[0]:.1f} processes ran at the end"
    save(path, list(rows), replace(Provenance.here(command, []), machine=where))
    return path


def command(name: str, rows: Callable[[int], list[Mapping[str, Any]]], *, about: str, repeats: int) -> None:
    """What `python benchmarks/name.py` does: print and store the rows of `rows(repeats)`, measured on one core.

    about: what `--help` says first, the docstring of the file; repeats: how many there are unless --repeats says it.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--dry", action="store_true", help="print only, store nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    found = rows(options.repeats)
    if not options.dry:
        print("stored", store(name, found, f"python benchmarks/{name}.py"))


def show_stored(*, folder: Path = RESULTS) -> Shown:
    """All stored measurements: for each file how and where it was taken, and its tables.

    Raises ValueError where there is none, or a file is not one.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise ValueError(f"folder: expected stored measurements, found none in {folder}")
    return Shown.markdown("\n\n".join(_section(path) for path in paths))


def _section(path: Path) -> str:
    rows, provenance = load(path)
    parts = [f"Measured by `{provenance.command}` on: {escape(provenance.machine)}."]
    for what, group in groupby(rows, key=lambda row: row["what"]):
        parts.append(f"**{what}**\n\n{as_table([{k: v for k, v in row.items() if k != 'what'} for row in group])}")
    return "\n\n".join(parts)


def as_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows with the same columns as a Markdown table; None reads *not measured: no GPU*."""
    rows = list(rows)
    lines = ["| " + " | ".join(escape(str(name)) for name in rows[0]) + " |", "|---" * len(rows[0]) + "|"]
    lines += ["| " + " | ".join(escape(figure(value)) for value in row.values()) + " |" for row in rows]
    return "\n".join(lines)


def figure(value: Any) -> str:
    """A number as a reader likes it: three digits that count, commas in thousands; texts as they are."""
    if value is None:
        return NO_GPU
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
