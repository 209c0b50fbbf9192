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
from lecturelib.splines.initialization import initialize
from lecturelib.splines.prefix_sums import gradient

__all__ = [
    "Network",
    "Pieces",
    "Spikes",
    "Spline",
    "Trajectory",
    "balance",
    "curvature_density",
    "descend",
    "flip",
    "from_curvature",
    "gradient",
    "initialize",
    "pieces",
    "rescale",
    "same_function",
    "sample",
    "sampling_error",
    "signature",
    "sine",
    "spikes",
    "spread",
    "to_network",
    "to_spline",
]
