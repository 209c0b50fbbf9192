"""A small lab with everything a lab can have, for tests to take as it is or to break in one place."""

from __future__ import annotations

LAB = '''\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
lab:
  minutes: 20
---

# Lines

A line has a slope $a$.

```{code-cell} ipython3
---
tags: [setup]
---
import numpy as np
```

## Slope

Write `slope`, which gives the slope of the line through two points.

```{code-cell} ipython3
---
nbgrader: {grade_id: slope, solution: true}
---
def slope(p, q):
    """The slope of the line through the points p and q, each (x, y)."""
    ### BEGIN SOLUTION
    rise = q[1] - p[1]
    return rise / (q[0] - p[0])
    ### END SOLUTION
```

```{code-cell} ipython3
---
nbgrader: {grade_id: slope-1, grade: true, points: 2}
lab: {task: slope, takes: [slope]}
---
assert np.isclose(slope((0.0, 0.0), (1.0, 2.0)), 2.0), "rise over run: (y2 - y1) / (x2 - x1)"
### BEGIN HIDDEN TESTS
assert np.isclose(slope((1.0, 5.0), (3.0, 4.0)), -0.5), "the points need not begin at the origin"
### END HIDDEN TESTS
```

```{code-cell} ipython3
---
tags: [wrong]
lab: {task: slope, because: run over rise}
---
def slope(p, q):
    return (q[0] - p[0]) / (q[1] - p[1])
```

```{code-cell} ipython3
---
tags: [wrong]
lab: {task: slope, because: takes the first point to be the origin}
---
def slope(p, q):
    return q[1] / q[0]
```

```{code-cell} ipython3
---
tags: [right]
lab: {task: slope, because: counts from the other point}
---
def slope(p, q):
    return (p[1] - q[1]) / (p[0] - q[0])
```

## Prediction

```{code-cell} ipython3
---
nbgrader: {grade_id: guess, solution: true}
---
guess = None
### BEGIN SOLUTION
guess = slope((2.0, 3.0), (4.0, 17.0))
### END SOLUTION
```

```{code-cell} ipython3
---
nbgrader: {grade_id: guess-1, grade: true, points: 1}
lab: {task: guess, takes: [guess]}
---
assert isinstance(guess, float), "guess is still to be set to a number"
### BEGIN HIDDEN TESTS
assert np.isclose(guess, 7.0), "divide the rise of 14 by the run"
### END HIDDEN TESTS
```

```{code-cell} ipython3
---
tags: [wrong]
lab: {task: guess, because: the rise alone}
---
guess = 14.0
```

```{code-cell} ipython3
---
tags: [wrong]
lab: {task: guess, because: upside down}
---
guess = 1 / 7
```

```{code-cell} ipython3
---
tags: [right]
lab: {task: guess, because: by hand}
---
guess = 7.0
```

## In words

+++ {"nbgrader": {"grade_id": "explain", "points": 4}}

Why has an upright line no slope?

### BEGIN SOLUTION
Its run is zero, and nothing can be divided by zero.
### END SOLUTION

+++ {"tags": ["rubric"], "lab": {"task": "explain"}}

Two points for the run of zero, two for the division.

+++

That is all.
'''


def broken(old: str, new: str, count: int = 1) -> str:
    """The lab with one passage replaced; a passage that is not there is a mistake of the test."""
    assert LAB.count(old) >= 1, old
    return LAB.replace(old, new, count)
