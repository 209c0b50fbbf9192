"""What small runs are compared by notices each number."""

import math

from tests.small import apart, gist


def test_each_number_counts():
    one = [0.3, -2.0, 5.0, 1e-2, 0.7]
    for place in range(len(one)):
        other = [value + (0.005 if k == place else 0) for k, value in enumerate(one)]
        assert apart(gist(one), gist(other)) > 2e-4
    assert apart(gist(one), gist(one)) == 0
    assert apart(gist(one), gist([*one[:-1], math.nan])) == math.inf
    assert apart(gist({"a": 1}), gist({"b": 1})) == math.inf
