"""The explorer of the risk curve as Python has it; its numerics in the browser are tested beside their modules."""

import json
import math

import pytest

from lecturelib.bias import RiskExplorer, risk_curve
from tests.bias.complexity.browser.make_risks import STORED, cases


def test_the_stored_numbers_are_those_of_the_library():
    for stored, now in zip(json.loads(STORED.read_text()), cases(), strict=True):
        assert stored.keys() == now.keys()
        assert all(stored[name] == now[name] for name in ("n", "sigma", "ridge"))
        for name, value in now.items():
            if name in ("n", "sigma", "ridge"):
                continue
            numbers = [[math.inf if one is None else one for one in row] for row in (stored[name], value)]
            assert numbers[0] == pytest.approx(numbers[1], rel=1e-10, abs=1e-12), name


def test_the_risk_is_that_of_the_state():
    explorer = RiskExplorer("risk", n=12, sigma=0.3)
    assert explorer.risk.total.tolist() == risk_curve(12, range(61), 0.3).total.tolist()
    own = RiskExplorer("own", kind="own", ridge=2.0)
    assert own.risk.total[7] == risk_curve(20, [7], 0.5, 2.0, total=60).total[0]
    best = RiskExplorer("best", kind="best").risk.total
    assert bool((best.diff() <= 0).all())


def test_the_still_picture_says_the_risk():
    assert "is infinite" in RiskExplorer("peak", p=20).draw()[1]
    assert "20 data and 60 of 60 features" in RiskExplorer("far", p=60).draw()[1]
