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
from lecturelib.splines.densities import GaussianWeights, UniformWeights, count_between, weights_of
from lecturelib.splines.dynamics import Trajectory, descend
from lecturelib.splines.expansion import curvature_density, from_curvature, sample, sampling_error, sine, spread
from lecturelib.splines.initialization import initialize
from lecturelib.splines.placement import compare_starts, move_the_bump, place_breakpoints
from lecturelib.splines.prefix_sums import gradient
from lecturelib.splines.roughness import (
    flatness,
    roughness,
    roughness_moments,
    roughness_tail,
    sharpest_bend,
    sharpest_bend_mean,
    tail_bound,
    total_bend,
    value_variance,
)

__all__ = [
    "GaussianWeights",
    "Network",
    "Pieces",
    "Spikes",
    "Spline",
    "Trajectory",
    "UniformWeights",
    "balance",
    "compare_starts",
    "count_between",
    "curvature_density",
    "descend",
    "flatness",
    "flip",
    "from_curvature",
    "gradient",
    "initialize",
    "move_the_bump",
    "pieces",
    "place_breakpoints",
    "rescale",
    "roughness",
    "roughness_moments",
    "roughness_tail",
    "same_function",
    "sample",
    "sampling_error",
    "sharpest_bend",
    "sharpest_bend_mean",
    "signature",
    "sine",
    "spikes",
    "spread",
    "tail_bound",
    "to_network",
    "to_spline",
    "total_bend",
    "value_variance",
    "weights_of",
]
