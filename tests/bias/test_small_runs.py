"""Experiments of the part at small sizes, against what was stored: see `tests/small.py`."""

from __future__ import annotations

import pytest

from lecturelib.core.experiments import generator_for
from tests.small import SINGLE, Small, check, read

SMALL = {
    "complexity.experiments: widths": Small(lambda m: m.widths(seed=0, width=3, noise=0.5, members=2, steps=5)),
    "complexity.experiments: epochs": Small(lambda m: m.epochs(seed=0, width=3, members=2, steps=20)),
    "complexity.experiments: dropping": Small(
        lambda m: m.dropping(seed=0, drop=0.5, width=4, members=2, steps=5)),
    "complexity.experiments: freedoms": Small(lambda m: m.freedoms(seed=0, width=3, draws=2, steps=20)),
    **{f"discretization.networks: {arm}": Small(
        lambda m, arm=arm, rate=rate: m.descend(
            **{**m.arms()[arm, rate], "rates": m.arms()[arm, rate]["rates"][:20]}, seeds=range(2)))
       for arm, rate in (("full", 0.2), ("shuffled", 0.3), ("penalty", 0.4), ("fast, then slow", 0.4))},
    "matrix_factorization.experiments: threshold": Small(
        lambda m: m.threshold_run(seed=0, entries=60, rank=1, size=10)),
    "matrix_factorization.experiments: spectrum": Small(
        lambda m: m.spectrum_run(seed=0, power=1.0, entries=60, size=10)),
    **{f"maximum_margin.clusters: {trained}": Small(
        lambda m, trained=trained: m.clusters_run(seed=0, size=20, trained=trained, width=60, steps=20, new=200))
       for trained in ("both", "output")},
    "maximum_margin.experiments: rings": Small(lambda m: m.rings_run(seed=0, width=4, until=3), within=SINGLE),
    "maximum_margin.experiments: sphere": Small(lambda m: m.sphere_run(seed=0, size=15, dimension=5)),
    "maximum_margin.experiments: bound": Small(lambda m: m.bound_run(seed=0, size=20, width=4, steps=10)),
    "stability.experiments: norms": Small(
        lambda m: m.least_norm_or_not(problems=3, generator=generator_for(0, "norms")).tolist()),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_a_small_run_gives_what_it_gave(name):
    check("bias", name, SMALL[name])


def test_nothing_is_stored_that_is_not_run():
    assert list(read("bias")) == list(SMALL)
