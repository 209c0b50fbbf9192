"""Records of tensors: ensembles, devices, precision, equality, saving."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Annotated, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Counts, Positive, Vector, checked
from lecturelib.core.records import Record


class Line(Record):
    """Many lines."""

    slopes: Annotated[Array, "... H"]
    offset: Annotated[Array, "..."]

    def __post_init__(self) -> None:
        if bool((self.offset > 100).any()):
            raise ValueError("offset: expected at most 100")

    @checked
    def __call__(self, x: Annotated[Vector, "N"]) -> Tensor:
        return self.slopes.sum(-1)[..., None] * x + self.offset[..., None]


class Deep(Record):
    """Layers."""

    weights: tuple[Annotated[Array, "... _out _in"], ...]
    activation: Literal["relu", "erf"]
    scale: Positive = 1.0


class Pair(Record):
    """A record of records: `start` belongs to each member of the ensemble, `common` to all."""

    start: Annotated[Deep, "..."]
    alpha: Annotated[Array, "..."]
    common: Line
    steps: Counts
    wrapped: Callable[[Tensor], Tensor] | None = None


LINES = Line(np.arange(24.0).reshape(4, 3, 2), np.arange(12.0).reshape(4, 3))
ONE = Line([1, 2], 3)
DEEP = Deep((torch.rand(4, 3, 1), torch.rand(4, 1, 3)), "relu")
PAIR = Pair(DEEP, [1, 2, 3, 4], ONE, [5, 6])


def test_a_record_keeps_numbers_of_its_own():
    slopes = np.ones((2, 3))
    line = Line(slopes[::-1], np.zeros(2))
    slopes[:] = 5.0
    assert line.slopes.unique().tolist() == [1.0]


def test_numbers_do_not_become_integers():
    with pytest.raises(TypeError, match="^dtype: expected a floating"):
        ONE.to(torch.int32)


def test_fields_are_checked():
    assert ONE.slopes.dtype == torch.float64
    with pytest.raises(ValueError, match=r"^offset: expected shape \(4, 3\), to fit slopes, got \(\)"):
        Line(LINES.slopes, 1.0)
    with pytest.raises(ValueError, match="^offset: expected at most 100"):
        Line([1, 2], 101)
    with pytest.raises(ValueError, match=r"^alpha: expected shape \(4,\), as start has, got \(3,\)"):
        Pair(DEEP, [1, 2, 3], ONE, [5])
    with pytest.raises(TypeError, match="^start: expected a Deep, got Line"):
        Pair(ONE, [1], ONE, [5])
    with pytest.raises(FrozenInstanceError):
        ONE.offset = torch.zeros(())


def test_shapes():
    assert (LINES.shape, ONE.shape, DEEP.shape, PAIR.shape) == ((4, 3), (), (4,), (4,))
    assert LINES.sizes == {"...": (4, 3), "H": 2}


@pytest.mark.parametrize(
    "index",
    [1, -1, slice(1, 3), (1, 2), (slice(None), 0), ..., (..., 1), [0, 2], torch.tensor([1, 1]), None, (1, None)],
)
def test_index_of_an_ensemble(index):
    found, x = LINES[index], [1.0, 2.0, 5.0]
    assert torch.equal(found.offset, LINES.offset[index])
    assert torch.equal(
        found(x),
        LINES(x).movedim(-1, 0)[(slice(None), *(index if isinstance(index, tuple) else (index,)))].movedim(0, -1),
    )


def test_index_by_a_mask_and_over_records_within():
    mask = torch.tensor([True, False, True, False])
    assert LINES[mask].shape == (2, 3)
    assert PAIR[mask].alpha.tolist() == [1, 3]
    assert PAIR[1].start == DEEP[1]
    assert PAIR[1].common is ONE
    assert PAIR[1].steps is PAIR.steps


def test_only_the_ensemble_is_indexed():
    for record, index in ((LINES, 4), (LINES, (0, 0, 0)), (LINES[0, 0], 0), (ONE, 0)):
        with pytest.raises(IndexError):
            record[index]


def test_members_one_by_one():
    assert [line.shape for line in LINES] == [(3,)] * 4
    with pytest.raises(TypeError, match="no ensemble"):
        iter(ONE)


def test_precision_and_device():
    single = PAIR.to(torch.float32)
    assert single.dtype == single.start.weights[1].dtype == single.common.offset.dtype == torch.float32
    assert single.steps.dtype == torch.int64
    assert PAIR.to("meta").device == PAIR.to(device="meta").steps.device == torch.device("meta")
    assert ONE.to("cpu", torch.float32).dtype == torch.float32
    assert ONE.to(torch.zeros(2)).dtype == torch.float32
    assert ONE.device == torch.device("cpu")


def test_arguments_follow_a_record():
    assert LINES.to(torch.float32)([1, 2]).dtype == torch.float32
    assert LINES.to(torch.float32)(np.ones(2)).dtype == torch.float32
    assert LINES(torch.ones(2)).dtype == torch.float64
    meta = LINES.to("meta")
    with pytest.raises(ValueError, match="^x: expected a tensor on meta, as the library object is, got one on cpu"):
        meta(torch.ones(2))


def test_a_single_record_or_an_ensemble_as_argument():
    @checked
    def spikes(line: Annotated[Line, "H"], q: Annotated[Vector, "H"] | None = None):
        return line

    @checked
    def all_of(line: Annotated[Line, "... H"], q: Annotated[Array, "... H"]):
        return line

    assert spikes(ONE) is ONE
    all_of(LINES, np.ones((4, 3, 2)))
    with pytest.raises(ValueError, match=r"^line: expected a single Line, got an ensemble of shape \(4, 3\)"):
        spikes(LINES)
    with pytest.raises(ValueError, match=r"^q: expected shape \(2,\), as line has, got \(3,\)"):
        spikes(ONE, [1, 2, 3])
    with pytest.raises(ValueError, match=r"^q: expected shape \(4, 3, 2\), as line has"):
        all_of(LINES, [1, 2])


def test_equality_is_one_answer():
    assert LINES.clone() == LINES
    assert PAIR.clone() == PAIR
    assert hash(PAIR) == hash(PAIR.clone())
    assert replace(ONE, offset=4) != ONE
    assert LINES[0] != LINES
    assert replace(DEEP, activation="erf") != DEEP
    assert replace(DEEP, weights=DEEP.weights[:1]) != DEEP
    assert ONE.to(torch.float32) == ONE
    assert ONE != 3


@pytest.mark.filterwarnings("ignore:`torch.jit.script`")  # torch itself, in forward mode
def test_gradients():
    w = torch.ones(2, requires_grad=True)
    line = Line(w, 0.0)
    line([1.0]).sum().backward()
    assert w.grad is not None
    assert not line.detach().slopes.requires_grad
    assert line.clone().slopes.requires_grad
    assert torch.func.jacfwd(lambda offset: replace(ONE, offset=offset)([1, 2]))(ONE.offset).tolist() == [1, 1]


@pytest.mark.parametrize(
    "record", [LINES, DEEP, PAIR, replace(PAIR, wrapped=torch.relu)], ids=["line", "deep", "pair", "function"]
)
def test_copies(record):
    assert record.shape  # whatever was worked out before is left behind
    for twin in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert twin == record
        assert type(twin) is type(record)
        assert twin.shape == record.shape
    assert record.__replace__() == record  # copy.replace, from Python 3.13 on


@pytest.mark.parametrize("record", [LINES, DEEP, PAIR], ids=["line", "deep", "pair"])
def test_saving(record):
    file = io.BytesIO()
    torch.save({"all": [record]}, file)
    file.seek(0)
    assert torch.load(file)["all"][0] == record


def test_shown_in_a_line():
    assert repr(ONE) == "Line(slopes=[1.0, 2.0], offset=3.0)"
    assert repr(DEEP) == "Deep(weights=tensor (4, 3, 1), (4, 1, 3), activation='relu', scale=1.0)"
