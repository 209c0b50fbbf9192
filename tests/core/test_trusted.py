"""Records without checks are as good as those with them, where the fields are right."""

import pytest
import torch

from lecturelib.bias import HardMargin
from lecturelib.core.trusted import trusted


def test_the_same_record():
    w, alpha = torch.tensor([3.0, 4.0]).double(), torch.tensor([25.0]).double()
    made = trusted(HardMargin, weights=w, multipliers=alpha)
    assert made == HardMargin(w, alpha)
    assert made.shape == ()
    assert float(made.to(torch.float32).margin) == pytest.approx(0.2)
    assert repr(made) == repr(HardMargin(w, alpha))
