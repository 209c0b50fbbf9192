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
    "balance",
    "bridge",
    "census",
    "curvature_density",
    "descend",
    "descend_knots",
    "descend_relocating",
    "fit_continuous",
    "fit_knots",
    "flip",
    "from_curvature",
    "gradient",
    "greedy_merge",
    "initialize",
    "pieces",
    "quadratic_loss",
    "relocate",
    "rescale",
    "same_function",
    "sample",
    "sampling_error",
    "segment",
    "segment_losses",
    "signature",
    "sine",
    "smooth_error",
    "spikes",
    "spread",
    "to_network",
    "to_spline",
]
