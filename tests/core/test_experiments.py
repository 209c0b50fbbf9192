"""Experiments: same results wherever they run, stopped and resumed without loss, stored with their provenance."""

import json
import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest
import torch

from lecturelib.core.experiments import Provenance, generator_for, load, power_law, save, settings, sweep, table


def experiment(*, seed, width, scale=1.0):
    generator = generator_for(seed, "data", width)
    return {"mean": scale * float(torch.randn(width, generator=generator, dtype=torch.float64).mean())}


OVER = settings(width=[3, 5], scale=[1.0, 2.0])


def test_settings_are_all_combinations():
    assert OVER[0] == {"width": 3, "scale": 1.0}
    assert len(OVER) == 4


def test_the_same_results_in_this_process_in_threads_and_in_processes():
    here = sweep(experiment, OVER, seeds=range(3))
    assert len(here) == 12
    assert [row["seed"] for row in here[:3]] == [0, 1, 2]
    with ThreadPoolExecutor(2) as threads:
        assert sweep(experiment, OVER, seeds=range(3), executor=threads) == here
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert sweep(experiment, OVER, seeds=range(3), executor=processes) == here


def test_generators_depend_on_seed_and_names_alone():
    def first(*names):
        return float(torch.rand((), generator=generator_for(*names)))

    assert first(0, "data") == first(0, "data")
    assert len({first(0, "data"), first(1, "data"), first(0, "start"), first(0, "data", 5)}) == 4


def test_a_stopped_sweep_carries_on_and_runs_nothing_twice(tmp_path):
    store = tmp_path / "deep" / "results.jsonl"
    ran = []

    def stops(*, seed, width, scale):
        if len(ran) == 5:
            raise KeyboardInterrupt
        ran.append((seed, width, scale))
        return experiment(seed=seed, width=width, scale=scale)

    with pytest.raises(KeyboardInterrupt):
        sweep(stops, OVER, seeds=range(3), store=store)
    # the last line was cut short
    store.write_text(store.read_text() + '{"setting": {"width"')
    ran.clear()
    resumed = sweep(lambda **job: (ran.append(job), experiment(**job))[1], OVER, seeds=range(3), store=store)
    assert len(ran) == 7
    assert resumed == sweep(experiment, OVER, seeds=range(3))
    assert all(json.loads(line) for line in store.read_text().splitlines())


def test_clashing_names_and_repeated_settings_are_refused():
    with pytest.raises(ValueError, match="named unlike its settings, got width"):
        sweep(lambda **job: {"width": 1}, [{"width": 3}], seeds=[0])
    with pytest.raises(ValueError, match="got one twice"):
        sweep(experiment, [{"width": 3}, {"width": 3}], seeds=[0])


def test_a_bar_is_shown_where_asked_for(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    sweep(experiment, OVER, seeds=[0], progress=True)
    assert "4/4" in capsys.readouterr().err
    sweep(experiment, OVER, seeds=[0], progress=False)
    sweep(experiment, OVER, seeds=[0])  # nobody watches a pipe
    assert capsys.readouterr().err == ""


def test_a_table_has_a_row_a_setting_and_a_column_a_seed():
    results = sweep(experiment, settings(width=[3, 5]), seeds=range(4))
    means = table(results, "mean", by="width")
    assert means.shape == (2, 4)
    assert means[1, 2] == next(row["mean"] for row in results if row["width"] == 5 and row["seed"] == 2)
    with pytest.raises(ValueError, match="expected 'median' among width, seed, mean"):
        table(results, "median", by="width")
    with pytest.raises(ValueError, match="equally many for each width"):
        table(results[:-1], "mean", by="width")


def test_a_power_law_is_found_with_its_error():
    sizes = torch.tensor([1.0, 10.0, 100.0, 1000.0], dtype=torch.float64)
    exact = power_law(sizes, 3 * sizes**-0.5)
    assert exact.exponent == pytest.approx(-0.5)
    assert exact.error == pytest.approx(0, abs=1e-12)
    assert exact.factor == pytest.approx(3)
    assert f"{exact:.2f}" == "−0.50\xa0±\xa00.00"
    assert f"{power_law(sizes, 1 - 1e-9 * sizes):.2f}" == "0.00\xa0±\xa00.00"
    # two points up, two down by a factor e: slope and error by hand, in units of 1 / log 10
    bumpy = power_law(sizes, 3 * sizes**-0.5 * torch.exp(torch.tensor([1.0, -1.0, -1.0, 1.0])))
    assert bumpy.exponent == pytest.approx(-0.5)
    assert bumpy.error == pytest.approx((4 / 2 / 5) ** 0.5 / math.log(10))
    noisy = (
        3
        * sizes[:, None] ** -0.5
        * torch.exp(0.3 * torch.randn(4, 50, generator=generator_for(0), dtype=torch.float64))
    )
    law = power_law(sizes, noisy, average=lambda runs: torch.exp(torch.log(runs).mean(-1)))
    # each of 4 points scatters by 0.3 / √50 about the line, so the exponent by that over √(5 log² 10)
    assert law.error == pytest.approx(0.3 / 50**0.5 / 5**0.5 / math.log(10), rel=0.3)
    assert abs(law.exponent + 0.5) < 4 * law.error
    for sizes, values in (
        ([1, 2], [1, 2]),
        ([1, 2, 3], [[1], [2], [3]]),
        ([1, 1, 1], [1, 2, 3]),
        ([1, 2, 3], [1, -2, 3]),
        ([1, 2, 3], [1, 2]),
    ):
        with pytest.raises(ValueError, match="sizes|values"):
            power_law(sizes, values)


def test_results_come_back_with_their_provenance(tmp_path):
    results = sweep(experiment, OVER, seeds=[0])
    provenance = Provenance.here("python -m somewhere", [0])
    save(tmp_path / "stored.json", results, provenance)
    assert load(tmp_path / "stored.json") == (results, provenance)
    assert provenance.versions["torch"] == torch.__version__
    assert "cores" in provenance.machine


def test_what_is_not_a_stored_result_is_refused(tmp_path):
    (tmp_path / "other.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match="expected a file written by save"):
        load(tmp_path / "other.json")
    with pytest.raises(ValueError, match="command"):
        Provenance.here(" ", [0])
