"""Part III: shallow ReLU networks of one input as splines."""

from lecturelib.splines.breakpoints import (
    Network,
    Pieces,
    Spikes,
    Spline,
    balance,
    flip,
    pieces,
    rescale,
    same_function,
    signature,
    spikes,
    to_network,
    to_spline,
)
from lecturelib.splines.dynamics import Trajectory, descend
from lecturelib.splines.expansion import curvature_density, from_curvature, sample, sampling_error, sine, spread
from lecturelib.splines.flatness import degenerate_cases, flatness, settle
from lecturelib.splines.hessian import gram, gram_rank, hessian, jacobian, zero_count
from lecturelib.splines.initialization import initialize
from lecturelib.splines.loss_surface import LossSlice, knot_counts, slice_loss
from lecturelib.splines.partitions import alone, loneliness
from lecturelib.splines.prefix_sums import gradient

__all__ = [
    "LossSlice",
    "Network",
    "Pieces",
    "Spikes",
    "Spline",
    "Trajectory",
    "alone",
    "balance",
    "curvature_density",
    "degenerate_cases",
    "descend",
    "flatness",
    "flip",
    "from_curvature",
    "gradient",
    "gram",
    "gram_rank",
    "hessian",
    "initialize",
    "jacobian",
    "knot_counts",
    "loneliness",
    "pieces",
    "rescale",
    "same_function",
    "sample",
    "sampling_error",
    "settle",
    "signature",
    "sine",
    "slice_loss",
    "spikes",
    "spread",
    "to_network",
    "to_spline",
    "zero_count",
]
