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
    "GaussianWeights",
    "LossSlice",
from lecturelib.splines.fitting import (
    ContinuousFit,
    bridge,
    descend_knots,
    fit_continuous,
    fit_knots,
    quadratic_loss,
    smooth_error,
)
from lecturelib.splines.initialization import initialize
from lecturelib.splines.merging import greedy_merge
from lecturelib.splines.prefix_sums import gradient
from lecturelib.splines.relocation import Relocated, census, descend_relocating, relocate
from lecturelib.splines.segmentation import Segmentation, segment, segment_losses

__all__ = [
    "ContinuousFit",
    "Network",
    "Pieces",
    "Relocated",
    "Segmentation",
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
    "bridge",
    "census",
    "curvature_density",
    "degenerate_cases",
    "descend",
    "flatness",
    "cubic_limit",
    "curvature_density",
    "cut_corner",
    "descend",
    "evenly_spread",
    "first_gap",
    "descend_knots",
    "descend_relocating",
    "fit_continuous",
    "fit_knots",
    "flip",
    "flow",
    "from_curvature",
    "gaussian_kernel",
    "gradient",
    "gram",
    "gram_rank",
    "hessian",
    "greedy_merge",
    "initialize",
    "move_the_bump",
    "jacobian",
    "knot_counts",
    "loneliness",
    "kernel_flow",
    "kernel_interpolant",
    "limit_flow",
    "linear_interpolant",
    "natural_cubic",
    "orbit_speeds",
    "pieces",
    "place_breakpoints",
    "imbalance",
    "initialize",
    "moments",
    "pieces",
    "potential",
    "psi",
    "quadratic_loss",
    "relocate",
    "rescale",
    "roughness",
    "roughness_moments",
    "roughness_tail",
    "roughness_between",
    "same_function",
    "sample",
    "sampling_error",
    "sharpest_bend",
    "sharpest_bend_mean",
    "settle",
    "signature",
    "sine",
    "slice_loss",
    "segment",
    "segment_losses",
    "signature",
    "sine",
    "smooth_error",
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
    "stable_rate",
    "to_network",
    "to_spline",
    "uniform_kernel",
]
