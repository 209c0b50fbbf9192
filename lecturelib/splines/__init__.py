"""Part III: shallow ReLU networks of one input as splines."""

from lecturelib.splines.breakpoints import (
    Network,
    Pieces,
    Spikes,
    Spline,
    balance,
    flip,
    from_curvature,
    pieces,
    rescale,
    same_function,
    spikes,
    to_network,
    to_spline,
)
from lecturelib.splines.dynamics import Trajectory, descend
from lecturelib.splines.prefix_sums import gradient

__all__ = [
    "Network",
    "Pieces",
    "Spikes",
    "Spline",
    "Trajectory",
    "balance",
    "descend",
    "flip",
    "from_curvature",
    "gradient",
    "pieces",
    "rescale",
    "same_function",
    "spikes",
    "to_network",
    "to_spline",
]
