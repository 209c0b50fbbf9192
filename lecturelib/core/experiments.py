"""Experiments: functions of a seed and settings whose result is data, run anywhere, stored with their provenance.

An experiment is a module-level function `run(*, seed, **setting)` that returns a dict of numbers and lists of numbers.
`sweep` calls it for every setting and seed, in this process or through any executor of `concurrent.futures`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tqdm.auto import tqdm

from lecturelib.core.arguments import one_dimensional, positive, same_shape

PACKAGES = ("torch", "numpy", "scipy", "sympy")


@dataclass(frozen=True)
class Provenance:
    """Where stored results come from: the command, its seeds, the versions and the machine."""

    command: str
    seeds: list[int]
    versions: dict[str, str]
    machine: str

    @classmethod
    def here(cls, command: str, seeds: Iterable[int]) -> Provenance:
        """The provenance of a run on this machine; `command` is what a reader types to repeat it."""
        if not command.strip():
            raise ValueError("command: expected what a reader types to repeat the run, got an empty text")
        machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}"
        if torch.cuda.is_available():
            machine += f", {torch.cuda.get_device_name()}"
        return cls(command, [int(seed) for seed in seeds], _versions(), machine)


def _versions() -> dict[str, str]:
    """Of the packages that are there: a machine that only computes may lack some."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def generator_for(seed: int, *names: Any, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator whose stream depends on `seed` and on `names` alone, the same in every process.

    Different names (a setting, the words "data" and "start") give independent streams.
    """
    text = json.dumps([int(seed), *map(str, names)])
    digest = hashlib.sha256(text.encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def settings(**choices: Iterable[Any]) -> list[dict[str, Any]]:
    """All combinations of the choices: settings(width=[5, 10], alpha=[1]) gives two."""
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def sweep(
    run: Callable[..., Mapping[str, Any]],
    over: Iterable[Mapping[str, Any]],
    *,
    seeds: Iterable[int],
    executor: Executor | None = None,
    store: str | Path | None = None,
    progress: bool | None = None,
) -> list[dict[str, Any]]:
    """Run an experiment for every setting and seed; a list of dicts, setting and seed joined with what `run` returned.

    executor: where to run (None: in this process, one after the other; a Dask cluster gives `client.get_executor()`).
    store: a file of JSON lines to which each result is added as it comes; what already stands there is not run again,
    so that a sweep that was stopped carries on. A last line cut short by the stop is run again.
    progress: show a bar; None shows one where the sweep takes longer than two seconds and somebody is watching.
    The order of the result is that of `over` and `seeds`, whatever finished first. An error in one run ends the sweep,
    what was stored until then stays.
    """
    jobs = [{**setting, "seed": int(seed)} for setting in over for seed in seeds]
    keys = [_key(job) for job in jobs]
    if len(set(keys)) != len(keys):
        raise ValueError("over: expected settings that differ, got one twice")
    done = _stored(Path(store)) if store is not None else {}
    missing = [(key, job) for key, job in zip(keys, jobs, strict=True) if key not in done]
    # None leaves it to tqdm: a bar where there is a terminal or a notebook, unless TQDM_DISABLE is set
    quiet = True if os.environ.get("TQDM_DISABLE") else None
    delay, disable = (2, quiet) if progress is None else (0, not progress)
    with tqdm(total=len(missing), delay=delay, disable=disable) as bar:
        for key, result in _results(run, missing, executor):
            done[key] = result
            if store is not None:
                _append(Path(store), result)
            bar.update()
    return [{**done[key]["setting"], **done[key]["result"]} for key in keys]


def table(results: Iterable[Mapping[str, Any]], name: str, *, by: str) -> torch.Tensor:
    """The numbers called `name`, a row for each value of the setting `by`, a column for each seed: shape (rows, seeds).

    Raises ValueError where a name is unknown or the rows are not equally long.
    """
    rows: dict[Any, list[float]] = {}
    for result in results:
        for wanted in (name, by):
            if wanted not in result:
                raise ValueError(f"results: expected {wanted!r} among {', '.join(result)}")
        rows.setdefault(result[by], []).append(result[name])
    if len({len(row) for row in rows.values()}) != 1:
        raise ValueError(f"results: expected equally many for each {by}, and at least one")
    return torch.tensor(list(rows.values()), dtype=torch.float64)


class PowerLaw(NamedTuple):
    """values ≈ factor · sizes^exponent, with the standard error of the exponent."""

    exponent: float
    error: float
    factor: float

    def __format__(self, spec: str) -> str:
        """f"{law:.2f}" is the exponent and its error, such as −0.51 ± 0.02, that stays on one line."""
        return f"{self.exponent:z{spec}}\xa0±\xa0{self.error:{spec}}".replace("-", "−")


def power_law(sizes, values, *, average: Callable[[torch.Tensor], torch.Tensor] | None = None) -> PowerLaw:
    """Fit a power law by least squares on logarithmic axes: sizes (N,), values (N,) or (N, seeds), all positive, N ≥ 3.

    With seeds, `average` (over the last dimension; the mean unless given) is fitted, and the standard error of the
    exponent is the jackknife's: how much it changes when one seed is left out everywhere. Without, it comes from the
    scatter about the fitted line. Raises ValueError for other shapes or signs.
    """
    x = torch.log(positive("sizes", one_dimensional("sizes", sizes)))
    y = positive("values", values)
    if x.numel() < 3 or float(x.max() - x.min()) == 0:
        raise ValueError(f"sizes: expected at least three numbers that are not all equal, got {x.numel()}")
    same_shape(tuple(x.shape), "sizes", values=y if y.ndim < 2 else y[:, 0])
    if y.ndim == 1:
        exponent, level = _line(x, torch.log(y))
        scatter = (torch.log(y) - level - exponent * x).square().sum() / (x.numel() - 2)
        return PowerLaw(exponent, float(torch.sqrt(scatter / (x - x.mean()).square().sum())), math.exp(level))
    if y.ndim != 2 or y.shape[1] < 2:
        raise ValueError(f"values: expected shape (N,) or (N, seeds) with at least two seeds, got {tuple(y.shape)}")
    average = average or (lambda runs: runs.mean(-1))
    exponent, level = _line(x, torch.log(average(y)))
    seeds = y.shape[1]
    without = [torch.cat([y[:, :seed], y[:, seed + 1 :]], dim=1) for seed in range(seeds)]
    left_out = torch.tensor([_line(x, torch.log(average(rest)))[0] for rest in without], dtype=torch.float64)
    error = torch.sqrt((seeds - 1) * left_out.var(unbiased=False))
    return PowerLaw(exponent, float(error), math.exp(level))


def _line(x: torch.Tensor, y: torch.Tensor) -> tuple[float, float]:
    """Slope and intercept of the least-squares line."""
    centred = x - x.mean()
    slope = (centred * y).sum() / centred.square().sum()
    return float(slope), float(y.mean() - slope * x.mean())


def _key(job: Mapping[str, Any]) -> str:
    return json.dumps(job, sort_keys=True)


def _call(run, job: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(run(**job))
    if clash := sorted(set(result) & set(job)):
        raise ValueError(f"run: expected results named unlike its settings, got {', '.join(clash)} in both")
    # Through JSON and back, so that a result is the same whether it was just computed or read from a file.
    return json.loads(json.dumps({"setting": job, "result": result}))


def _results(run, jobs, executor: Executor | None):
    if executor is None:
        for key, job in jobs:
            yield key, _call(run, job)
        return
    futures = {executor.submit(_call, run, job): key for key, job in jobs}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _append(path: Path, result: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


def _stored(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    found, whole = {}, []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            result = json.loads(line)
            found[_key(result["setting"])] = result
        except (json.JSONDecodeError, KeyError, TypeError):
            continue
        whole.append(line)
    path.write_text("".join(line + "\n" for line in whole), encoding="utf-8")
    return found


def save(path: str | Path, results: list[Mapping[str, Any]], provenance: Provenance) -> None:
    """Store results with their provenance in a small JSON file, one result a line."""
    lines = ",\n".join("  " + json.dumps(result) for result in results)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    text = f'{{"provenance": {json.dumps(asdict(provenance), indent=1)},\n"results": [\n{lines}\n]}}\n'
    Path(path).write_text(text, encoding="utf-8")


def load(path: str | Path) -> tuple[list[dict[str, Any]], Provenance]:
    """Results and provenance of a file written by `save`. Raises ValueError where it is not such a file."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return content["results"], Provenance(**content["provenance"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"path: expected a file written by save, {path} is not one ({error})") from None
