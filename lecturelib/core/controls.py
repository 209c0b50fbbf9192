"""Settings of an explorer: what a reader can change, within which limits, and how the control for it looks.

They are declared once, in Python. The browser receives `spec()`, builds controls from it and reads addresses by it
(`lecturelib/core/browser/settings.js`); Python checks by `check` what is written into `explorer.state`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Setting:
    """One setting. name: how it is called in `state` and in addresses; label: the words beside its control."""

    name: str
    label: str
    kind: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"name: expected letters, digits and underscores, got {self.name!r}")
        self.check(self.value)

    def check(self, value: Any) -> Any:
        """The value as it is stored. Raises ValueError naming the setting where it cannot have this value."""
        raise NotImplementedError

    def spec(self) -> dict[str, Any]:
        """What the browser needs to know."""
        return {"kind": self.kind, **asdict(self)}

    def _wrong(self, expected: str, value: Any) -> ValueError:
        return ValueError(f"{self.name}: expected {expected}, got {value!r}")


@dataclass(frozen=True)
class Number(Setting):
    """A number from `low` to `high`, set by a slider; `log`: the slider moves by ratios; `hidden`: no slider.

    step: the slider's steps; 0 for none. A value set from Python or in an address need not be a multiple of it.
    """

    low: float
    high: float
    value: float
    step: float = 0.0
    log: bool = False
    hidden: bool = False
    kind: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"{self.name}: expected low < high, and low > 0 where log, got {self.low} and {self.high}")
        super().__post_init__()

    def check(self, value: Any) -> float:
        """The number, unchanged."""
        limits = f"a number from {self.low:g} to {self.high:g}"
        if isinstance(value, bool) or not hasattr(value, "__float__"):
            raise self._wrong(limits, value)
        number = float(value)
        if not (math.isfinite(number) and self.low <= number <= self.high):
            raise self._wrong(limits, value)
        return number


@dataclass(frozen=True)
class Choice(Setting):
    """One of `options`, a mapping value → words shown in the list."""

    options: Mapping[str, str]
    value: str
    hidden: bool = False
    kind: ClassVar[str] = "choice"

    def check(self, value: Any) -> str:
        """The value, one of the options."""
        if value not in self.options:
            raise self._wrong("one of " + ", ".join(map(repr, self.options)), value)
        return value


@dataclass(frozen=True)
class Switch(Setting):
    """On or off."""

    value: bool
    hidden: bool = False
    kind: ClassVar[str] = "switch"

    def check(self, value: Any) -> bool:
        """True or False."""
        if not isinstance(value, bool):
            raise self._wrong("True or False", value)
        return value


@dataclass(frozen=True)
class Points(Setting):
    """Points (x, y) of a reader's own, at most `most`; the explorer itself lets them be moved in a chart.

    Coordinates lie within ±`limit`, beyond which nothing could be computed any more, and have six decimals, so that two
    places are the same or can be told apart.
    """

    value: tuple[tuple[float, float], ...] = ()
    most: int = 50
    limit: float = 1e6
    kind: ClassVar[str] = "points"

    def check(self, value: Any) -> list[list[float]]:
        """The points as a list of pairs."""
        expected = f"at most {self.most} pairs of finite numbers within ±{self.limit:,.0f}"
        try:
            points = [[round(float(x), 6), round(float(y), 6)] for x, y in value]
        except (TypeError, ValueError):
            raise self._wrong(expected, value) from None
        # NaN is within no limits
        if len(points) > self.most or not all(abs(part) <= self.limit for point in points for part in point):
            raise self._wrong(expected, value)
        return points
