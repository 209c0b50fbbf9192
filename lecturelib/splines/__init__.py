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
from lecturelib.splines.densities import GaussianWeights, UniformWeights, count_between, weights_of
from lecturelib.splines.dynamics import Trajectory, descend
from lecturelib.splines.expansion import curvature_density, from_curvature, sample, sampling_error, sine, spread
from lecturelib.splines.flatness import degenerate_cases, flatness, settle
from lecturelib.splines.hessian import gram, gram_rank, hessian, jacobian, zero_count
from lecturelib.splines.initialization import initialize
from lecturelib.splines.placement import compare_starts, move_the_bump, place_breakpoints
from lecturelib.splines.loss_surface import LossSlice, knot_counts, slice_loss
from lecturelib.splines.partitions import alone, loneliness
from lecturelib.splines.hinge_kernel import apply_kernel, tangent_kernel
from lecturelib.splines.initialization import initialize
from lecturelib.splines.motion import flow, imbalance, moments, speeds
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
    "LossSlice",
    "Network",
    "Pieces",
    "Spikes",
    "Spline",
    "Trajectory",
    "UniformWeights",
    "alone",
    "apply_kernel",
    "attractors",
    "balance",
    "compare_starts",
    "count_between",
    "curvature_density",
    "degenerate_cases",
    "descend",
    "flatness",
    "flip",
    "flow",
    "from_curvature",
    "gradient",
    "gram",
    "gram_rank",
    "hessian",
    "initialize",
    "move_the_bump",
    "jacobian",
    "knot_counts",
    "loneliness",
    "pieces",
    "place_breakpoints",
    "imbalance",
    "initialize",
    "moments",
    "pieces",
    "potential",
    "psi",
    "rescale",
    "roughness",
    "roughness_moments",
    "roughness_tail",
    "same_function",
    "sample",
    "sampling_error",
    "sharpest_bend",
    "sharpest_bend_mean",
    "settle",
    "signature",
    "sine",
    "slice_loss",
    "spikes",
    "spread",
    "tail_bound",
    "speeds",
    "spikes",
    "spread",
    "tangent_kernel",
    "to_network",
    "to_spline",
    "total_bend",
    "value_variance",
    "weights_of",
    "zero_count",
]
