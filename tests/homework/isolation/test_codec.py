"""Data between processes: what goes through comes out the same, and nothing that is sent can do more than be data."""

import collections
import enum
import json
import math
import struct
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lecturelib.homework.isolation import codec
from lecturelib.splines.breakpoints.network import Network

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def through(value):
    return codec.decode(codec.encode(value))


def message(tree, blobs=b""):
    text = json.dumps(tree).encode()
    return struct.pack("<I", len(text)) + text + blobs


@settings(max_examples=60, deadline=None)
@given(plain)
def test_plain_data_go_through(value):
    assert through(value) == value
    assert type(through(value)) is type(value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_value_or_an_error(data):
    for one in (data, struct.pack("<I", len(data)) + data):
        try:
            codec.decode(one)
        except codec.CodecError:
            continue


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "u1", "?", "c16", ">f8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_arrays_go_through(dtype, shape):
    value = np.ones(shape, dtype=dtype)
    back = through(value)
    assert isinstance(back, np.ndarray)
    assert (back.dtype, back.shape) == (value.dtype, value.shape)
    np.testing.assert_array_equal(back, value)
    back[...] = 0  # it can be written, and the one that was sent stays
    assert value.all()


def test_numbers_of_numpy_stay_what_they_are():
    for value in (np.float64(1.5), np.int32(-2), np.bool_(True), np.complex128(1j)):
        assert through(value) == value
        assert type(through(value)) is type(value)
    assert math.isnan(through(float("nan")))
    assert np.isnan(through(np.array([np.nan]))).all()
    assert through(1 + 2j) == 1 + 2j
    assert through(-math.inf) == -math.inf
    np.testing.assert_array_equal(through(np.arange(12).reshape(3, 4)[:, ::-2]), [[3, 1], [7, 5], [11, 9]])


DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.complex64]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensors_go_through(dtype):
    for value in (torch.ones(2, 3).to(dtype), torch.ones(()).to(dtype), torch.ones(0).to(dtype)):
        back = through(value)
        assert back.dtype == value.dtype
        assert torch.equal(back, value)
    assert torch.equal(through(torch.ones(2, requires_grad=True)), torch.ones(2))
    assert torch.equal(through((torch.ones(2) * 1j).conj()), -1j * torch.ones(2))


def test_generators_and_dataclasses_go_through():
    generator = torch.Generator().manual_seed(3)
    back = through(generator)
    assert torch.equal(torch.rand(3, generator=back), torch.rand(3, generator=torch.Generator().manual_seed(3)))
    one = Network(*(torch.ones(3, dtype=torch.float64) for _ in range(3)), torch.zeros(()))
    assert torch.equal(vars(through([one])[0])["w"], vars(one)["w"])


def test_kinds_of_plain_data_go_as_these():
    class Colour(enum.IntEnum):
        RED = 3

    pair = collections.namedtuple("pair", "a b")
    assert through(Colour.RED) == 3
    assert type(through(Colour.RED)) is int
    assert through(pair(1, 2)) == (1, 2)
    assert through(collections.OrderedDict(a=1)) == {"a": 1}


@pytest.mark.parametrize(
    "value",
    [object(), print, b"bytes", np.array(["a"]), np.array([object()]), np.zeros(2, "f8,f8"), "\ud800"],
    ids=["object", "function", "bytes", "texts", "objects", "records", "half a letter"],
)
def test_what_cannot_be_handed_over(value):
    with pytest.raises(codec.CodecError):
        codec.encode(value)


def test_depth_and_number_are_limited():
    loop = []
    loop.append(loop)
    with pytest.raises(codec.CodecError, match="contains itself"):
        codec.encode(loop)
    with pytest.raises(codec.CodecError, match="use an array"):
        codec.encode([0] * (codec.MOST_NODES + 1))
    with pytest.raises(codec.CodecError):
        codec.decode(message({"is": "list", "items": [0] * (codec.MOST_NODES + 1)}))
    deep = "[" * 100_000
    with pytest.raises(codec.CodecError):
        codec.decode(struct.pack("<I", len(deep)) + deep.encode())


ARRAY = {"is": "numpy", "dtype": "<f8", "shape": [2]}
LIES = {
    "more than there is": ARRAY | {"shape": [10**10]},
    "a product that runs over": ARRAY | {"shape": [2**32, 2**32]},
    "negative": ARRAY | {"shape": [-1]},
    "not whole": ARRAY | {"shape": [1.5]},
    "true": ARRAY | {"shape": [True]},
    "objects": ARRAY | {"dtype": "O"},
    "a structure": ARRAY | {"dtype": "i4,O"},
    "no dtype": ARRAY | {"dtype": "nonsense"},
    "too many dimensions": ARRAY | {"shape": [1] * 100},
    "unknown kind": {"is": "pickle", "data": "x"},
    "no kind": {},
    "a list": [1, 2],
    "a tensor of no dtype": {"is": "torch", "dtype": "load", "shape": [0]},
    "a tensor of a module": {"is": "torch", "dtype": "nn", "shape": [0]},
    "a generator": {"is": "generator", "state": {"is": "numpy", "dtype": "|u1", "shape": [0]}},
    "an unhashable key": {"is": "dict", "items": [[{"is": "list", "items": []}, 1]]},
    "a process": {"is": "dataclass", "of": ["subprocess", "Popen"], "fields": {"args": "id"}},
    "a class that is none": {"is": "dataclass", "of": ["lecturelib.core.claims", "Path"], "fields": {}},
    "a module not there": {"is": "dataclass", "of": ["lecturelib.nothing", "X"], "fields": {}},
    "the grader": {"is": "dataclass", "of": ["lecturelib.homework.isolation.limits", "Limits"], "fields": {}},
    "other fields": {
        "is": "dataclass",
        "of": ["lecturelib.splines.breakpoints.network", "Network"],
        "fields": {"x": 1},
    },
    "a name of a list": {"is": "dataclass", "of": [["lecturelib"], "X"], "fields": {}},
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_found(name):
    with pytest.raises(codec.CodecError):
        codec.decode(message(LIES[name], bytes(8)))


def test_torch_is_not_needed(monkeypatch):
    values = [torch.ones(2, 3).to(dtype) * 3 for dtype in (*DTYPES, torch.uint8, torch.float16)]
    sent, generator = codec.encode(values), codec.encode(torch.Generator())
    unknown = message({"is": "torch", "dtype": "object", "shape": [0]})
    monkeypatch.delitem(sys.modules, "torch")
    for value, back in zip(values, codec.decode(sent), strict=True):
        assert isinstance(back, np.ndarray)
        np.testing.assert_array_equal(back, value.to(torch.complex128).numpy())
    for other, words in ((generator, "torch is not in use"), (unknown, "unknown dtype")):
        with pytest.raises(codec.CodecError, match=words):
            codec.decode(other)
    assert through([1, np.ones(2)])[0] == 1


def test_numbers_and_sets_of_other_kinds_go_through():
    class Column:
        def __array__(self, dtype=None, copy=None):
            return np.arange(3.0)

    found = through([Fraction(1, 4), Decimal("0.5"), sympy.Rational(1, 3), sympy.sqrt(2), range(3), np.str_("a")])
    assert found == [0.25, 0.5, float(sympy.Rational(1, 3)), math.sqrt(2), [0, 1, 2], "a"]
    assert sorted(through({(1, 2), (0, 1)})) == [(0, 1), (1, 2)]
    np.testing.assert_array_equal(through(Column()), [0.0, 1.0, 2.0])
    for value in (sympy.Symbol("x"), type("Liar", (), {"__float__": lambda self: "no"})()):
        with pytest.raises(codec.CodecError, match="that is no number"):
            codec.encode(value)
