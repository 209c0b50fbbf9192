"""What every public function and class promises, tried on all that the parts of the book export.

Parts are found by their chapters, functions by `__all__`, valid arguments by the example that stands in each docstring.
An example sees what `from lecturelib.<part> import *` gives, `torch`, and NumPy as `np`. A method may have its example
in the docstring of its class. Named tuples hold results and check nothing.

    def count_between(law: Law, low: Real, high: Real, *, width: Count) -> float:
        '''Expected number of breakpoints ...

        >>> count_between(weights_of("he", 40), -1, 1, width=40)
        20.0
        '''
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import functools
import importlib
import inspect
import math
import random
import re
import signal
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Positive, Real, Vector, checked, kinds_of
from lecturelib.core.kinds import Either, Kind, Number, Numbers, Pending

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 20  # of computing for one call; waiting for a busy machine does not count


@dataclass(frozen=True)
class Public:
    """A function, a class, or a method of a class, and where its examples are."""

    package: str
    name: str
    target: Any
    owner: type | None = None

    def __str__(self) -> str:
        where = f"{self.owner.__name__}." if self.owner else ""
        return f"{self.package.removeprefix('lecturelib.')}.{where}{self.name}"

    @property
    def parameters(self) -> list[inspect.Parameter]:
        found = list(inspect.signature(self.target).parameters.values())
        return found[1:] if self.owner and found and found[0].name == "self" else found

    @property
    def docs(self) -> list[str]:
        """Where an example may stand, nearest first."""
        return [inspect.getdoc(one) or "" for one in (self.target, self.owner) if one is not None]


def parts() -> list[str]:
    """Packages of the library with chapters in the table of contents, and core where it says what is public."""
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    folders = sorted(path.parent for path in (ROOT / "lecturelib").glob("*/__init__.py"))
    names = [
        one.name for one in folders if (ROOT / "chapters" / one.name).is_dir() and f"chapters/{one.name}/" in contents
    ]
    if hasattr(importlib.import_module("lecturelib.core"), "__all__"):
        names.append("core")
    return [f"lecturelib.{name}" for name in names]


def public(package: str) -> Iterator[Public]:
    """All functions and classes that a package exports, and the methods of these classes that take arguments."""
    module = importlib.import_module(package)
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isfunction(value):
            yield Public(package, name, value)
        elif inspect.isclass(value) and not issubclass(value, (tuple, BaseException)):
            yield Public(package, name, value)
            for method, function in vars(value).items():
                known = method == "__call__" or not method.startswith("_")
                if known and inspect.isfunction(function) and len(inspect.signature(function).parameters) > 1:
                    yield Public(package, method, function, value)


EVERYTHING = [one for package in parts() for one in public(package)]
CHECKED = [one for one in EVERYTHING if kinds_of(one.target) is not None]


def each(found: list[Public]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("one", found, ids=str)


# Examples, and the arguments they give.


class Hung(BaseException):
    """A call took longer than it may; nothing that catches Exception holds it up."""


@contextlib.contextmanager
def watchdog(seconds: float = SECONDS) -> Iterator[None]:
    def bark(*_: Any) -> None:
        raise Hung(f"still running after {seconds:g} seconds")

    before = signal.signal(signal.SIGPROF, bark)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@functools.cache
def run_example(one: Public) -> tuple[str, inspect.BoundArguments | None]:
    """What is wrong with the nearest example that calls it ("" if nothing), and the arguments of its first call."""
    signature, calls = inspect.signature(one.target), []

    def recorded(function: Any, bound: bool) -> Any:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with contextlib.suppress(TypeError):
                found = signature.bind(*args[bound:], **kwargs)
                found.apply_defaults()
                calls.append(kept(found))
            return function(*args, **kwargs)

        return call

    module, said = importlib.import_module(one.package), "no example calls it"
    names = {"torch": torch, "np": np} | {name: getattr(module, name) for name in module.__all__}
    if isinstance(one.target, type):
        patch: Any = mock.patch.object(one.target, "__init__", recorded(one.target.__init__, bound=True))
    elif one.owner:
        patch = mock.patch.object(one.owner, one.name, recorded(one.target, bound=False))
    else:
        names[one.name], patch = recorded(one.target, bound=False), contextlib.nullcontext()
    for text in one.docs:
        test = doctest.DocTestParser().get_doctest(text, dict(names), str(one), None, 0)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
        told: list[str] = []
        with patch, watchdog(6 * SECONDS):  # it may have to compile first
            runner.run(test, out=told.append)
        if told:
            return "".join(told), None
        if calls:
            return "", calls[0]
    return said, None


def kept(call: inspect.BoundArguments) -> inspect.BoundArguments:
    """The same call again: generators start where they started."""
    arguments = {
        name: value.clone_state() if isinstance(value, torch.Generator) else value
        for name, value in call.arguments.items()
    }
    return inspect.BoundArguments(call.signature, arguments)


# Bad values, and good ones in another form.

BAD = {
    "None": None, "NaN": math.nan, "infinity": math.inf, "-infinity": -math.inf, "-1": -1, "0": 0, "2.5": 2.5,
    "'text'": "text", "'1.4'": "1.4", "1j": 1j, "True": True, "[]": [], "{}": {}, "object()": object(),
    "[NaN]": [math.nan], "['1.4']": ["1.4"], "[1j]": [1j], "five dimensions": np.ones((1, 1, 1, 1, 1)),
}  # fmt: skip


def holds(kind: Kind, of: type) -> bool:
    """Does a kind take numbers, or arrays?"""
    if isinstance(kind, Either):
        return any(holds(one, of) for one in kind.kinds)
    return isinstance(kind, of)


def as_array(valid: Any) -> np.ndarray:
    """A copy of a valid array as NumPy has it."""
    return valid.detach().numpy().copy() if isinstance(valid, Tensor) else np.array(valid)


def variants(kind: Kind, valid: Any) -> Iterator[tuple[str, Any]]:
    """Values like a valid array, with one thing wrong, or unusual."""
    if holds(kind, Numbers) and not isinstance(valid, (str, type(None))):
        array = as_array(valid)
        if array.dtype.kind not in "fiu" or array.size == 0:
            return
        yield "all 0", np.zeros_like(array)
        yield "all -1", -np.ones_like(array)
        yield "one dimension more", array[None]
        if array.ndim:
            yield "one less", array[..., :-1]
            yield "none", array[:0]
            yield "one dimension less", array[0]
        for name, value in (("with NaN", math.nan), ("with infinity", math.inf)):
            spoilt = array.astype(np.float64)
            spoilt.flat[0] = value
            yield name, spoilt
        if array.dtype.kind == "f":
            yield "float32", torch.from_numpy(array.astype(np.float32))


def forms(kind: Kind, valid: Any) -> Iterator[tuple[str, Any]]:
    """The valid value in other forms, which have to work."""
    if holds(kind, Numbers) and isinstance(valid, (Tensor, np.ndarray, list)):
        array = as_array(valid)
        yield "as a list", array.tolist()
        yield "as an array", array
        yield "as a tensor", torch.from_numpy(array)
    if holds(kind, Number) and isinstance(valid, (int, float)):
        yield "as a NumPy number", np.array(valid)[()]
        yield "as a tensor", torch.tensor(valid, dtype=torch.float64 if isinstance(valid, float) else torch.int64)


def refused(kind: Kind, value: Any) -> bool:
    """Is a value outside of a kind, whatever the other arguments are?"""
    try:
        found = kind.read("x", value)
        if isinstance(found, Pending):
            found.kind.check("x", found.tensor)
    except (TypeError, ValueError):
        return True
    return False


def names(error: Exception, parameter: str) -> bool:
    return re.search(rf"""(^|['"`]){re.escape(parameter)}(\[\d+\])?(:|['"`])""", str(error)) is not None


def has_nan(value: Any) -> bool:
    if isinstance(value, (Tensor, np.ndarray)):
        return bool(torch.isnan(torch.as_tensor(value)).any())
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, dict):
        return any(map(has_nan, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_nan, value))
    return is_dataclass(value) and any(has_nan(getattr(value, field.name)) for field in fields(value))


def random_state() -> tuple:
    numpy = np.random.get_state()  # noqa: NPY002, it is the global one that has to stay
    return torch.get_rng_state().tolist(), random.getstate(), numpy[1].tolist(), numpy[2:]


def attempt(one: Public, call: inspect.BoundArguments, seconds: float) -> tuple[Any, Exception | None]:
    """What a call returns, or raises. Nothing may hang, or change the state of the global random generators."""
    before, result, raised = random_state(), None, None
    try:
        with watchdog(seconds):
            result = one.target(*call.args, **call.kwargs)
    except Hung as hung:
        raise AssertionError(str(hung)) from None
    except Exception as error:
        raised = error
    assert random_state() == before, "the state of a global random generator changed"
    return result, raised


def faults(one: Public, valid: inspect.BoundArguments, seconds: float = SECONDS) -> list[str]:
    """Everything that a function does wrong when one of its valid arguments is replaced."""
    found = []
    kinds = kinds_of(one.target) or {}
    for parameter in [name for name in valid.arguments if name != "self"]:
        kind = kinds.get(parameter, Kind())
        value = valid.arguments[parameter]
        other = [(label, new, False) for label, new in [*BAD.items(), *variants(kind, value)]]
        for label, new, has_to_work in [*other, *((label, new, True) for label, new in forms(kind, value))]:
            call = kept(valid)
            call.arguments[parameter] = new
            try:
                said = fault(one, call, parameter, refused(kind, new), has_to_work, seconds)
            except AssertionError as error:
                said = str(error)
            if said and not (said == "gave NaN" and getattr(kind, "missing", False)):  # it asked for it
                found.append(f"{parameter} = {label}: {said}")
    return found


def fault(one: Public, call: Any, parameter: str, outside: bool, has_to_work: bool, seconds: float) -> str:
    """What is wrong with one call, "" if nothing."""
    result, raised = attempt(one, call, seconds)
    if raised is None:
        said = "is outside of its kind, and was taken" if outside else ""
        return said or ("gave NaN" if has_nan(result) else "")
    told = f"{type(raised).__name__}: {str(raised)[:200]}"
    if has_to_work:
        return f"is valid, and raised {told}"
    if not isinstance(raised, (TypeError, ValueError)):
        return f"raised {told}"
    known = [parameter] if outside else list(call.arguments)
    return "" if any(names(raised, name) for name in known) else f"raised an error that names no argument, {told}"


# The contracts.


@each(EVERYTHING)
def test_it_is_checked(one):
    assert kinds_of(one.target) is not None, f"{one}: expected @checked, or a Record"


@each(EVERYTHING)
def test_its_example_runs(one):
    said, _ = run_example(one)
    assert not said, said


@each(EVERYTHING)
def test_every_parameter_is_annotated(one):
    bare = [parameter.name for parameter in one.parameters if parameter.annotation is parameter.empty]
    assert not bare, f"{one}: no annotation of {', '.join(bare)}"


@each(CHECKED)
def test_bad_arguments_are_refused_by_name(one):
    said, valid = run_example(one)
    assert valid is not None, said
    found = faults(one, valid)
    assert not found, f"{one}:\n" + "\n".join(found)


# Documentation. Errors about kinds need no words: `checked` documents them. Shapes of arguments stand in annotations.

SHAPE = re.compile(r"shapes? |\((\.\.\.|\d+|[A-Za-z]\w*)(, [^()]+)?,?\)|entry by entry")
FORMULA = re.compile(r"[=∫Σ√∏≈≤≥↦∂²]|\b(19|20)\d\d\b|[Tt]heorem|[Ll]ecture|[Ss]ee ")


def raises(function: Any) -> bool:
    """Does the body itself raise an error?"""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    return any(isinstance(node, ast.Raise) for node in ast.walk(tree))


@each(EVERYTHING)
def test_it_says_what_a_reader_needs(one):
    """The shape of a tensor it returns, an equation or a source for numbers it computes, and errors of its own."""
    text = inspect.getdoc(one.target) or ""
    assert text, f"{one}: no docstring"
    returned = "" if isinstance(one.target, type) else str(inspect.signature(one.target).return_annotation)
    if "Tensor" in returned:
        assert SHAPE.search(text), f"{one}: no shape of what it returns, such as (N,) or (..., H)"
    if re.search(r"Tensor|float|int\b", returned):
        module = importlib.import_module(inspect.unwrap(one.target).__module__)
        assert FORMULA.search(f"{text} {module.__doc__}"), f"{one}: neither an equation nor a source"
    if not isinstance(one.target, type) and raises(one.target):
        assert re.search(r"[Rr]aise|[Ee]rror|refuse", text), f"{one}: does not say which errors it raises"


# The tests tested: what each contract is about is found where it is broken.


def faults_of(function: Any, *args: Any, **kwargs: Any) -> str:
    valid = inspect.signature(function).bind(*args, **kwargs)
    valid.apply_defaults()
    return "\n".join(faults(Public("lecturelib.core", "function", function), valid, seconds=2.0))


def test_a_good_function_has_no_faults():
    @checked
    def mean(x: Vector, scale: Positive, count: Count | None = None):
        return x.mean() * scale

    assert faults_of(mean, [1.0, 2.0], 2.0) == ""


def test_unchecked_arguments_are_found():
    def scaled(x, scale):
        return scale * torch.as_tensor(x)

    said = faults_of(scaled, [1.0], 2.0)
    assert "scale = NaN: gave NaN" in said
    assert "x = 'text': raised an error that names no argument, TypeError" in said


def test_errors_without_a_name_are_found():
    @checked
    def root(x: Real):
        return math.sqrt(x)

    assert "x = -1: raised an error that names no argument" in faults_of(root, 4.0)


def test_nan_is_found():
    @checked
    def share(x: Array):
        return {"of": [x / x.sum()]}

    assert "x = all 0: gave NaN" in faults_of(share, [1.0, 2.0])


def test_what_does_not_return_is_found():
    @checked
    def slow(x: Real):
        while x < 0:
            pass

    assert "x = -1: still running after 2 seconds" in faults_of(slow, 1.0)


@pytest.mark.parametrize(
    "draw", [lambda: torch.rand(1), random.random, np.random.rand], ids=["torch", "python", "numpy"]
)
def test_global_random_numbers_are_found(draw):
    @checked
    def noise(x: Real):
        draw()

    assert "x = -1: the state of a global random generator changed" in faults_of(noise, 1.0)


def test_a_form_that_does_not_work_is_found():
    @checked
    def single(x: Vector, count: Count):
        assert x.dtype == torch.float64
        if not isinstance(count, bool):
            raise OSError("nothing works")

    said = faults_of(single, [1.0], 2)
    assert "x = as a list: is valid, and raised OSError" in said
    assert "count = as a NumPy number: is valid, and raised OSError" in said


def test_the_parts_are_found():
    assert {"lecturelib.kernels", "lecturelib.splines"} <= set(parts())
    assert len(EVERYTHING) > 100
