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

__all__ = [
    "Network",
    "Pieces",
    "Spikes",
    "Spline",
    "balance",
    "flip",
    "from_curvature",
    "pieces",
    "rescale",
    "same_function",
    "spikes",
    "to_network",
    "to_spline",
]
