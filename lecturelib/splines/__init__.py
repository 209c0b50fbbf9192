"""Part III: shallow ReLU networks of one input as splines."""

from lecturelib.splines.attraction import attractors, potential, psi
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
from lecturelib.splines.hinge_kernel import apply_kernel, tangent_kernel
from lecturelib.splines.initialization import initialize
from lecturelib.splines.motion import flow, imbalance, moments, speeds
from lecturelib.splines.prefix_sums import gradient

__all__ = [
    "Network",
    "Pieces",
    "Spikes",
    "Spline",
    "Trajectory",
    "apply_kernel",
    "attractors",
    "balance",
    "curvature_density",
    "descend",
    "flip",
    "flow",
    "from_curvature",
    "gradient",
    "imbalance",
    "initialize",
    "moments",
    "pieces",
    "potential",
    "psi",
    "rescale",
    "same_function",
    "sample",
    "sampling_error",
    "signature",
    "sine",
    "speeds",
    "spikes",
    "spread",
    "tangent_kernel",
    "to_network",
    "to_spline",
]
