"""What handing in late costs: the one place where that is decided."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rule:
    """A part of the points for each day that has begun, up to a most, after some minutes that cost nothing."""

    a_day: float = 0.1
    most: float = 0.5
    grace: timedelta = timedelta(minutes=15)

    def __post_init__(self) -> None:
        for name in ("a_day", "most"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a part of the points, from 0 to 1, got {getattr(self, name)}")

    def penalty(self, points: float, late: timedelta) -> float:
        """What is taken off so many points, never more than they are: `late` after the due time, negative before."""
        if late <= self.grace:
            return 0.0
        days = math.ceil(late / timedelta(days=1))
        return round(points * min(self.most, self.a_day * days), 2)


UNKNOWN = timedelta(days=1)
"""How late counts what a learning system marked as late without saying when it came."""


def lateness(due: datetime | None, handed_in: datetime | None, *, marked: bool = False) -> timedelta:
    """How long after the due time something came; zero where that is not known. Both times carry their zone.

    marked: the learning system says that it was late.
    """
    if due is not None and handed_in is not None:
        return max(handed_in - due, timedelta(0))
    return UNKNOWN if marked else timedelta(0)
