"""Numbers that are stored are compared in full: a changed number, word or shape is found."""

import json

import pytest

from tests.stored import assert_stored

CASE = {"name": "a", "x": [1.0, [2.0, float("nan")]], "more": {"end": None, "y": 0.0}}


@pytest.mark.parametrize(
    "other",
    [
        {**CASE, "name": "b"},
        {**CASE, "x": [1.0, [2.0 + 1e-5, float("nan")]]},
        {**CASE, "x": [1.0, [2.0]]},
        {**CASE, "more": {"end": 1.0, "y": 0.0}},
        {**CASE, "more": {"end": None, "z": 0.0}},
    ],
)
def test_what_differs_is_found(tmp_path, other):
    path = tmp_path / "stored.json"
    path.write_text(json.dumps([CASE]), encoding="utf-8")
    assert_stored(path, [CASE], within=1e-6)
    with pytest.raises((AssertionError, ValueError)):
        assert_stored(path, [other], within=1e-6)


def test_cases_that_are_missing_are_found(tmp_path):
    path = tmp_path / "stored.json"
    path.write_text(json.dumps([CASE, CASE]), encoding="utf-8")
    with pytest.raises(ValueError, match="shorter"):
        assert_stored(path, [CASE], within=1e-6)
