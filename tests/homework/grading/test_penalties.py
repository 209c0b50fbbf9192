"""What lateness costs."""

from datetime import UTC, datetime, timedelta

import pytest

from lecturelib.homework.grading.penalties import UNKNOWN, Rule, lateness

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (-HOUR, 0),
        (0 * HOUR, 0),
        (HOUR / 4, 0),
        (HOUR, 3),
        (24 * HOUR, 3),
        (25 * HOUR, 6),
        (96 * HOUR, 12),
        (999 * HOUR, 15),
    ],
)
def test_every_day_that_has_begun_costs_a_tenth(late, expected):
    assert Rule().penalty(30.0, late) == expected


def test_other_rules():
    assert Rule(a_day=1.0, most=1.0, grace=timedelta(0)).penalty(30.0, timedelta(seconds=1)) == 30
    assert Rule(a_day=0.0).penalty(30.0, 999 * HOUR) == 0
    with pytest.raises(ValueError, match="most: expected a part"):
        Rule(most=50)


def test_lateness():
    due = datetime(2030, 1, 1, tzinfo=UTC)
    assert lateness(due, due + HOUR) == HOUR
    assert lateness(due, due - HOUR) == timedelta(0)
    assert lateness(None, due) == timedelta(0)
    assert lateness(due, None) == timedelta(0)
    assert lateness(None, None, marked=True) == UNKNOWN
    assert lateness(due, due + HOUR, marked=True) == HOUR
