"""Arguments by annotation: what each kind takes, what it makes of it, and what it says otherwise."""

from __future__ import annotations

import inspect
import timeit
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from lecturelib.core import arguments as kinds
from lecturelib.core.arguments import Array, Count, Matrix, Positive, Vector, broadcast, checked, kind_of, kinds_of
from lecturelib.core.kinds import Pending


def read(kind, value):
    """What a function with one argument of that kind sees."""

    def seen(x):
        return x

    seen.__annotations__ = {"x": kind}
    return checked(seen)(value)


NUMBERS = {
    "Count": ([1, 7, np.int64(3), torch.tensor(2), np.array(4)], [0, -1]),
    "Natural": ([0, 1, np.uint8(3)], [-1]),
    "Seed": ([0, 123], [-1]),
    "Integer": ([-3, 0, 2**80], []),
    "Real": ([-1.5, 0, np.float32(0.5), torch.tensor(2.0), Fraction(1, 2)], [10**400]),
    "Positive": ([1e-300, 3], [0, -1.0]),
    "NonNegative": ([0, 2.5], [-1e-9]),
    "Share": ([0, 0.5, 1], [-0.1, 1.1]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    kind, (good, wrong) = getattr(kinds, name), NUMBERS[name]
    plain = int if kind.__origin__ is int else float
    for value in good:
        found = read(kind, value)
        assert type(found) is plain
        assert found == plain(value)
    for value in wrong:
        with pytest.raises(ValueError, match=f"^x: expected {kind_of(kind).says}, got"):
            read(kind, value)
    fractional = [2.5, 2.0, float("nan")] if plain is int else []
    for value in [None, True, np.True_, "1.4", 1j, [1], object(), torch.ones(1), torch.tensor(True), *fractional]:
        with pytest.raises(TypeError, match=f"^x: expected {kind_of(kind).says}, got"):
            read(kind, value)
    for value in [float("nan"), float("inf"), -float("inf"), np.nan] if plain is float else []:
        with pytest.raises(ValueError, match="^x: expected"):
            read(kind, value)


def test_infinity_only_where_it_is_allowed():
    assert read(kinds.PositiveOrInfinite, np.inf) == np.inf
    assert read(kinds.RealOrInfinite, -np.inf) == -np.inf
    for kind in (kinds.PositiveOrInfinite, kinds.NonNegativeOrInfinite):
        with pytest.raises(ValueError, match="^x: expected"):
            read(kind, -np.inf)
    with pytest.raises(ValueError, match="^x: expected a number or infinity, got nan"):
        read(kinds.RealOrInfinite, float("nan"))


def test_a_number_does_not_drop_a_gradient():
    with pytest.raises(TypeError, match="^x: expected a finite number, got a tensor that requires a gradient"):
        read(kinds.Real, torch.tensor(1.0, requires_grad=True))


ARRAYS = {
    "Array": ([3, [1, 2], [[1.0]], np.arange(3), range(3), np.arange(4)[::-1], torch.zeros(2, 2, 2)], []),
    "PositiveArray": ([1, [1, 2]], [[0], [1, -1]]),
    "NonNegativeArray": ([0, [0, 2]], [[-1]]),
    "Vector": ([[1], (1, 2)], [1.0, [[1.0]], []]),
    "PositiveVector": ([[1]], [1.0, [0]]),
    "Matrix": ([[[1, 2]]], [[1.0], 1.0, np.zeros((2, 0))]),
    "Square": ([np.eye(3)], [[[1, 2]], [1]]),
    "Times": ([[0, 1.5]], [[-1], 1.0]),
    "Counts": ([[0, 3], range(2), torch.tensor([2])], [[-1], 3]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name):
    kind, (good, wrong) = getattr(kinds, name), ARRAYS[name]
    for value in good:
        found = read(kind, value)
        assert isinstance(found, Tensor)
        assert found.dtype == (
            torch.int64 if name == "Counts" else torch.float32 if isinstance(value, Tensor) else torch.float64
        )
        assert found.tolist() == (value.tolist() if hasattr(value, "tolist") else np.array(value).tolist())
    shaped = [[1.0]] if name in ("Matrix", "Square") else [1.0]
    nan = [] if name == "Counts" else [np.multiply(shaped, np.nan), np.multiply(shaped, np.inf)]
    for value in [*wrong, *nan, [[1], [1, 2]], [torch.ones(1), torch.ones(2)]]:
        with pytest.raises(ValueError, match="^x: expected"):
            read(kind, value)
    fractional = [[1.0], torch.ones(2)] if name == "Counts" else []
    for value in [
        None,
        True,
        "text",
        ["1.4"],
        1j,
        {1: 2},
        {1, 2},
        object(),
        [None],
        [True],
        torch.eye(2) > 0,
        *fractional,
    ]:
        with pytest.raises(TypeError, match="^x: expected"):
            read(kind, value)


def test_what_torch_cannot_hold_is_copied():
    frozen = np.arange(3.0)
    frozen.flags.writeable = False
    for value in (frozen, np.arange(3.0)[::-1], np.arange(3.0).astype(">f8"), np.longdouble([1, 2])):
        assert read(Array, value).tolist() == value.tolist()


OTHERS = [
    (kinds.Ensemble, [(3, (3,)), ([2, 3], (2, 3)), ((), ())], [[0], -1], ["3", 2.5, None, [2.5]]),
    (kinds.Widths, [([1, 4, 1], (1, 4, 1)), (torch.tensor([2, 3]), (2, 3))], [[1], [2, 0]], [3, "12", None, [1, 2.5]]),
    (kinds.Interval, [([-1, 1], (-1.0, 1.0))], [[1, 1], [2, 1], [1], [0, np.inf]], [None, 1.0, ["0", "1"]]),
    (kinds.Reals, [([1, 2], (1.0, 2.0)), (np.ones(2), (1.0, 1.0))], [[], [np.nan]], [1.0, None, "12"]),
    (kinds.Naturals, [(range(2), (0, 1))], [[], [-1]], [1, None, [1.5]]),
    (bool, [(True, True), (np.True_, True)], [], [1, None, "yes"]),
    (str, [("a", "a")], [], [1, None]),
    (int, [(-1, -1)], [], [1.0, True, None]),
    (float, [(1, 1.0)], [np.inf], [None, "1"]),
    (Literal["he", "glorot"], [("he", "he")], ["el"], [None, 1, ["he"]]),
    (Literal[1, -1], [(-1, -1)], [0], [True, None, 1.0]),
    (kinds.Precision, [(torch.float32, torch.float32)], [torch.int64], ["float32", None]),
    (kinds.Device, [("cpu", torch.device("cpu"))], ["nowhere"], [None, 1]),
    (Callable[[Tensor], Tensor], [(abs, abs)], [], [None, 1]),
    (torch.Generator, [], [], [None, 1]),
    (tuple[Count, Positive], [((1, 2), (1, 2.0))], [(1,), (0, 1.0)], [None, 1, (1.5, 1.0)]),
    (Count | None, [(None, None), (3, 3)], [0], ["a", 2.5]),
    (Literal["auto"] | Positive, [("auto", "auto"), (1, 1.0)], [0, "no"], [None]),
]


@pytest.mark.parametrize(("kind", "good", "values", "types"), OTHERS, ids=[str(row[0])[:40] for row in OTHERS])
def test_other_kinds(kind, good, values, types):
    for value, expected in good:
        found = read(kind, value)
        assert found == expected
        assert type(found) is type(expected)
    for value in values:
        with pytest.raises(ValueError, match="^x: expected"):
            read(kind, value)
    for value in types:
        with pytest.raises(TypeError, match="^x: expected"):
            read(kind, value)


@checked
def ridge(
    x: Annotated[Matrix, "N d"], y: Annotated[Vector, "N"], penalty: Positive = 1.0, *, steps: Count | None = None
) -> tuple[Tensor, Tensor]:
    """Its documentation."""
    assert type(penalty) is float
    return x, y


X, Y = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [1.0, 2.0, 3.0]


def test_shapes_fit_and_the_later_argument_is_named():
    ridge(X, Y)
    with pytest.raises(ValueError, match=r"^y: expected shape \(3,\), to fit x, got \(2,\)$"):
        ridge(X, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"^y: expected shape \(N,\), got \(3, 1\)$"):
        ridge(X, np.ones((3, 1)))
    with pytest.raises(ValueError, match=r"^x: expected shape \(N, N\), got \(2, 3\)$"):
        read(kinds.Square, torch.ones(2, 3))


def test_python_refuses_calls_that_do_not_fit():
    for call in (lambda: ridge(X), lambda: ridge(X, Y, 1.0, 2), lambda: ridge(X, Y, x=X), lambda: ridge(X, Y, rate=1)):
        with pytest.raises(TypeError, match=r"^ridge\(\) (missing|takes|got)"):
            call()


def test_precisions():
    half, single, double = (np.array(Y, dtype=one) for one in ("f2", "f4", "f8"))
    assert all(part.dtype == torch.float64 for part in ridge(X, Y))
    assert all(part.dtype == torch.float32 for part in ridge(torch.tensor(X), Y)), "lists follow arrays"
    assert all(part.dtype == torch.float32 for part in ridge(X, single))
    assert all(part.dtype == torch.float64 for part in ridge(torch.tensor(X), double)), "the wider one"
    assert all(part.dtype == torch.float32 for part in ridge(torch.tensor(X), half))
    assert all(part.dtype == torch.float64 for part in ridge(torch.ones(3, 2, dtype=torch.int32), [1, 2, 3]))


def test_tensors_on_two_devices_are_refused_and_lists_follow():
    there = torch.ones(3, 2, device="meta")
    with pytest.raises(ValueError, match="^y: expected a tensor on meta, as x is, got one on cpu"):
        ridge(there, torch.ones(3))
    pending = kind_of(Vector).read("y", Y)
    assert isinstance(pending, Pending)
    assert not pending.fixed


@pytest.mark.filterwarnings("ignore:`torch.jit.script`")  # torch itself, in forward mode
def test_gradients_pass():
    x, y = torch.tensor(X, requires_grad=True), [torch.tensor(one, requires_grad=True) for one in Y]
    seen, targets = ridge(x, y)
    (seen.sum() + targets.sum()).backward()
    assert x.grad is not None
    assert all(one.grad is not None for one in y), "a list of tensors too"
    assert torch.func.hessian(lambda one: ridge(one, Y)[0].square().sum())(torch.tensor(X)).shape == (3, 2, 3, 2)


def test_what_fits_comes_as_it_is():
    x, y = torch.tensor(X), torch.tensor(Y)
    assert all(seen is given for seen, given in zip(ridge(x, y), (x, y), strict=True))


def test_dots_are_alike_or_missing_and_stars_broadcast():
    @checked
    def fits(z: Annotated[Array, "... K"], y: Annotated[Array, "... K"], w: Annotated[Array, "[...] M"] = 0.0):
        return z

    fits(np.ones((2, 3)), np.ones((2, 3)), [1.0])
    fits(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 5)))
    with pytest.raises(ValueError, match=r"^y: expected shape \(2, 3\), as z has, got \(3,\)"):
        fits(np.ones((2, 3)), np.ones(3), [1.0])
    with pytest.raises(ValueError, match=r"^w: expected shape"):
        fits(np.ones((2, 3)), np.ones((2, 3)), np.ones((4, 5)))

    @checked
    def joint(beta: Annotated[Array, "*"], mu: Annotated[Array, "*"]):
        return beta * mu

    assert joint([1, 2], [[1], [2]]).shape == (2, 2)
    with pytest.raises(ValueError, match=r"^mu: expected a shape that broadcasts with \(2,\), as beta has, got \(3,\)"):
        joint([1, 2], [1, 2, 3])


def test_fixed_and_empty_dimensions():
    assert read(Annotated[Array, "N 2"], [[1, 2]]).shape == (1, 2)
    with pytest.raises(ValueError, match=r"^x: expected shape \(N, 2\), got \(1, 3\)"):
        read(Annotated[Array, "N 2"], [[1, 2, 3]])
    assert read(Annotated[Vector, "K?"], []).shape == (0,)
    assert read(tuple[Vector, ...], [[1], [1, 2]])[1].shape == (2,)
    with pytest.raises(ValueError, match=r"^x\[1\]: expected"):
        read(tuple[Vector, ...], [[1], [np.nan]])


def test_broadcast_names_what_does_not_fit():
    assert broadcast("alpha", torch.ones(()), (2, 3)).shape == (2, 3)
    with pytest.raises(
        ValueError, match=r"^alpha: expected a number or a shape that broadcasts to \(2, 3\), got \(2,\)"
    ):
        broadcast("alpha", torch.ones(2), (2, 3))


@checked
@dataclass(frozen=True)
class Law:
    """A law."""

    w: Positive
    features: Annotated[Matrix, "N p"]
    y: Annotated[Vector, "N"] | None = None

    @checked
    def scale(self, beta: Array, /, power: Count = 1) -> Tensor:
        """Its scale."""
        return beta * self.w**power

    @staticmethod
    @checked
    def named(name: str) -> str:
        return name


def test_dataclasses_and_methods():
    law = Law(np.float32(2), [[1, 2]])
    assert type(law.w) is float
    assert law.features.dtype == torch.float64
    assert law.scale([1, 2], 2).tolist() == [4, 8]
    assert Law.named("a") == "a"
    assert replace(law, y=[1]).y.tolist() == [1]
    with pytest.raises(ValueError, match=r"^y: expected shape \(1,\), to fit features"):
        Law(1, [[1, 2]], [1, 2])
    with pytest.raises(ValueError, match="^w: expected a positive number, got 0"):
        replace(law, w=0)
    with pytest.raises(TypeError, match="^beta: expected real numbers, got None"):
        law.scale(None)
    with pytest.raises(TypeError, match="beta"):
        law.scale(beta=1)


def test_documentation_stays():
    assert ridge.__doc__ == "Its documentation."
    assert str(inspect.signature(ridge)).startswith("(x: \"Annotated[Matrix, 'N d']\", y:")
    assert ridge.__name__ == "ridge"
    assert list(kinds_of(ridge)) == ["x", "y", "penalty", "steps"]
    assert kinds_of(Law)["w"].says == "a positive number"
    assert kinds_of(abs) is None


def test_checked_goes_where_it_can_check():
    with pytest.raises(TypeError, match="expected a dataclass"):
        checked(int)
    with pytest.raises(TypeError, match="expected parameters with names"):
        checked(lambda *x: x)
    with pytest.raises(TypeError, match="expected a function"):
        checked(staticmethod(abs))


def test_checks_are_cheap():
    """Some 2 µs for numbers and 6 for an array on the machine of 2026; a slip into milliseconds shows everywhere."""

    @checked
    def one(x: Array, count: Count):
        return x

    x, plain = torch.ones(5), one.__wrapped__
    more, less = (min(timeit.repeat(lambda call=call: call(x, 2), number=200, repeat=20)) for call in (one, plain))
    assert (more - less) / 200 < 100e-6
