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
from lecturelib.splines.interpolants import (
    cubic_limit,
    cut_corner,
    first_gap,
    gaussian_kernel,
    kernel_interpolant,
    linear_interpolant,
    natural_cubic,
    uniform_kernel,
)
from lecturelib.splines.prefix_sums import gradient
from lecturelib.splines.regimes import (
    evenly_spread,
    kernel_flow,
    limit_flow,
    orbit_speeds,
    roughness_between,
    stable_rate,
)

__all__ = [
    "Network",
    "Pieces",
    "Spikes",
    "Spline",
    "Trajectory",
    "balance",
    "cubic_limit",
    "curvature_density",
    "cut_corner",
    "descend",
    "evenly_spread",
    "first_gap",
    "flip",
    "from_curvature",
    "gaussian_kernel",
    "gradient",
    "initialize",
    "kernel_flow",
    "kernel_interpolant",
    "limit_flow",
    "linear_interpolant",
    "natural_cubic",
    "orbit_speeds",
    "pieces",
    "rescale",
    "roughness_between",
    "same_function",
    "sample",
    "sampling_error",
    "signature",
    "sine",
    "spikes",
    "spread",
    "stable_rate",
    "to_network",
    "to_spline",
    "uniform_kernel",
]
