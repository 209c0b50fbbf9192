"""Class activation maps: what each place adds to the score of a class, and whether that is where the object is."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, NonNegativeArray, checked


class Localization(NamedTuple):
    """How well maps say where an object is, each (...): the share of what is positive in a map that lies in the place,
    whether the largest value lies there, and the share of the area that the place has, which is what chance gives."""

    inside: Tensor
    hit: Tensor
    area: Tensor


@checked
def class_activation_map(features: Annotated[Array, "... C h w"], head: Annotated[Array, "K C"]) -> Tensor:
    """What each place adds to the scores of K classes that are `head` times the means of C channels: (..., K, h, w).

    The mean of a map is the score without its bias. No part is cut off and nothing is rescaled.

    >>> class_activation_map([[[1.0, 2.0]], [[0.0, 4.0]]], [[1.0, 0.5]])
    tensor([[[1., 4.]]], dtype=torch.float64)
    """
    return torch.einsum("kc,...chw->...khw", head, features)


@checked
def localization(map: Annotated[Array, "... h w"], place: Annotated[NonNegativeArray, "... h w"]) -> Localization:
    """Compare maps with the place of the object, 1 where it is and 0 elsewhere.

    A map without positive values has nothing inside, and hits nothing.

    >>> localization([[1.0, 3.0, -5.0]], [[0.0, 1.0, 1.0]]).inside
    tensor(0.7500, dtype=torch.float64)
    """
    positive = map.clamp(min=0)
    total = positive.sum((-2, -1))
    there = (place > 0).to(map.dtype)
    inside = (positive * there).sum((-2, -1)) / torch.where(total > 0, total, 1)
    peak = there.flatten(-2).gather(-1, map.flatten(-2).argmax(-1, keepdim=True))[..., 0]
    return Localization(inside, torch.where(total > 0, peak, 0), there.mean((-2, -1)))
