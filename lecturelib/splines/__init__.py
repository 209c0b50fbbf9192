"""Part III: ReLU networks as splines, of one input and of several, shallow and deep."""

from lecturelib.core.later import later

# A line takes as many names as it holds.
# fmt: off
# isort: off
from lecturelib.core.lines import LineBreakpoints, breakpoints_on_line, breakpoints_on_lines
from lecturelib.splines.breakpoints.expansion import Target, curvature_density, sample, sampling_error, sine, spread
from lecturelib.splines.breakpoints.network import (Network, Pieces, Spikes, Spline, balance, flip, pieces, rescale,
    same_function, spikes, to_network, to_spline)
from lecturelib.splines.dimensions.fitting import fit_units, unit_spline
from lecturelib.splines.dimensions.gap import train_planes
from lecturelib.splines.dimensions.planes import BreakPlanes
from lecturelib.splines.dimensions.radon import (Coefficients, coefficients_of, dual_radon, infinite_network,
    radon_norm, sphere)
from lecturelib.splines.depth.counting import (breakpoints_of, count_pieces, expected_breakpoints,
    expected_by_layer, most_pieces, start_deep, zigzag)
from lecturelib.splines.depth.moving import (DeepRun, Turnover, births_and_deaths, breakpoint_speed,
    curvature_correlation, descent, train_deep)
from lecturelib.splines.dynamics.attraction import attractors, potential, psi
from lecturelib.splines.dynamics.hinge_kernel import tangent_kernel
from lecturelib.splines.dynamics.motion import flow, imbalance, moments, speeds
from lecturelib.splines.fitting.continuous import ContinuousFit, descend_knots, fit_continuous, fit_knots, smooth_error
from lecturelib.splines.fitting.relocation import Census, Interleaved, Relocated, census, descend_relocating, relocate
from lecturelib.splines.fitting.segmentation import Segmentation, greedy_merge, segment, segment_losses
from lecturelib.splines.initialization.densities import GaussianWeights, UniformWeights, count_between, weight_law
from lecturelib.splines.initialization.placement import Comparison, compare_starts, move_the_bump, place_breakpoints
from lecturelib.splines.initialization.roughness import (RoughnessMoments, flatness, roughness, roughness_moments,
    roughness_tail, sharpest_bend, sharpest_bend_mean, tail_bound, total_bend)
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.loss_surface.flatness import degenerate_cases, flat_share, settle
from lecturelib.splines.loss_surface.hessian import ZeroCount, gram, gram_rank, hessian, jacobian, zero_count
from lecturelib.splines.loss_surface.partitions import alone, loneliness
from lecturelib.splines.loss_surface.slices import LossSlice, knot_counts, slice_loss
from lecturelib.splines.loss_surface.unseen import trade, turn
from lecturelib.splines.regimes.flows import evenly_spread, kernel_flow, limit_flow, roughness_between, stable_rate
from lecturelib.splines.regimes.interpolants import (CubicLimit, cubic_limit, cut_corner,
    first_gap, hinge_kernel, linear_interpolant, natural_cubic)
from lecturelib.splines.training.descend import Trajectory, descend
from lecturelib.splines.training.prefix_sums import gradient
# isort: on

__all__ = [
    "BreakPlanes", "Census", "Coefficients", "Comparison", "ContinuousFit", "CubicLimit", "DeepRun",
    "GaussianWeights", "Interleaved", "LineBreakpoints", "LossSlice", "Network", "Pieces", "Relocated",
    "RoughnessMoments", "Segmentation", "Spikes", "Spline", "Target", "Trajectory", "Turnover", "UniformWeights",
    "ZeroCount", "alone", "attractors", "balance", "births_and_deaths", "breakpoint_speed", "breakpoints_of",
    "breakpoints_on_line", "breakpoints_on_lines", "census", "coefficients_of", "compare_starts", "count_between",
    "count_pieces", "cubic_limit", "curvature_correlation", "curvature_density", "cut_corner", "degenerate_cases",
    "descend", "descend_knots", "descend_relocating", "descent", "dual_radon", "evenly_spread",
    "expected_breakpoints", "expected_by_layer", "first_gap", "fit_continuous", "fit_knots", "fit_units",
    "flat_share", "flatness", "flip", "flow", "gradient", "gram", "gram_rank", "greedy_merge", "hessian",
    "hinge_kernel", "imbalance", "infinite_network", "initialize", "jacobian", "kernel_flow", "knot_counts",
    "limit_flow", "linear_interpolant", "loneliness", "moments", "most_pieces", "move_the_bump", "natural_cubic",
    "pieces", "place_breakpoints", "potential", "psi", "radon_norm", "relocate", "rescale", "roughness",
    "roughness_between", "roughness_moments", "roughness_tail", "same_function", "sample", "sampling_error",
    "segment", "segment_losses", "settle", "sharpest_bend", "sharpest_bend_mean", "sine", "slice_loss",
    "smooth_error", "speeds", "sphere", "spikes", "spread", "stable_rate", "start_deep", "tail_bound",
    "tangent_kernel", "to_network", "to_spline", "total_bend", "trade", "train_deep", "train_planes", "turn",
    "unit_spline", "weight_law", "zero_count", "zigzag",
]
# fmt: on

__getattr__ = later(
    __name__,
    {
        "DepthExplorer": "depth.explorer",
        "NeuronExplorer": "breakpoints.neuron",
        "PlanesExplorer": "dimensions.explorer",
        "ScalesExplorer": "regimes.explorer",
        "SliceExplorer": "loss_surface.explorer",
    },
)
