"""Part II: where training goes when it could go anywhere."""

from lecturelib.core.later import later

# A line takes as many names as it holds.
# fmt: off
# isort: off
from lecturelib.bias.complexity.freedom import degrees_of_freedom, ridge_freedom
from lecturelib.bias.complexity.growing import growing_fits
from lecturelib.core.manifold import intrinsic_dimension
from lecturelib.bias.complexity.penalties import dropout_penalty, noise_penalty, shrink
from lecturelib.bias.complexity.polynomials import fit_polynomial
from lecturelib.bias.complexity.risk import Risk, best_ridge, risk_curve, sampled_risk
from lecturelib.bias.minimum_norm.diagonal import diagonal_cost, diagonal_flow, diagonal_limit
from lecturelib.bias.minimum_norm.memory import kicked_descent
from lecturelib.bias.stability.conjugacy import straighten
from lecturelib.bias.stability.curvature import Spectrum, hessian_spectrum, sharpness
from lecturelib.bias.stability.descent import descend, follow_flow, settle
from lecturelib.bias.stability.multilayer import Multilayer, random_network, square_loss
from lecturelib.bias.stability.rates import squared_error, stationary_error
from lecturelib.bias.stability.symmetries import FlatDirections, flat_directions
from lecturelib.bias.maximum_margin.descent import margin_descent, regularization_path
from lecturelib.bias.maximum_margin.flow import loss_minimum, margin_flow
from lecturelib.bias.maximum_margin.homogeneous import convolution_flow, homogeneous_flow
from lecturelib.bias.maximum_margin.margins import HardMargin, hard_margin, leave_one_out, margin, smooth_margin
from lecturelib.bias.matrix_factorization.completion import Completion, complete, factor_flow
from lecturelib.bias.matrix_factorization.factors import Factors, balanced_factors, start_factors
from lecturelib.bias.matrix_factorization.nuclear import NuclearCompletion, effective_rank, nuclear_completion
from lecturelib.bias.matrix_factorization.planted import low_rank_matrix, matrix_with_spectrum, observe
from lecturelib.bias.early_stopping.stopping import (StoppingRisk, descent_penalties, flow_penalties, ridge_risk,
    scheduled_path, stopping_risk)
from lecturelib.bias.discretization.modified import gradient_field, modified_field, modified_loss, sgd_modified_loss
from lecturelib.bias.discretization.paths import euler_path, field_flow, shuffle_mean
from lecturelib.bias.discretization.schedules import schedule_penalty
from lecturelib.core.least_squares import descent_path, flow_path, largest_rate, least_norm, ridge_path
# isort: on

__all__ = [
    "Completion", "Factors", "FlatDirections", "HardMargin", "Multilayer", "NuclearCompletion", "Risk", "Spectrum",
    "StoppingRisk", "balanced_factors", "best_ridge", "complete", "convolution_flow", "degrees_of_freedom", "descend",
    "descent_path", "descent_penalties", "diagonal_cost", "diagonal_flow", "diagonal_limit", "dropout_penalty",
    "effective_rank", "euler_path", "factor_flow", "field_flow", "fit_polynomial", "flat_directions", "flow_path",
    "flow_penalties", "follow_flow", "gradient_field", "growing_fits", "hard_margin", "hessian_spectrum",
    "homogeneous_flow", "intrinsic_dimension", "kicked_descent", "largest_rate", "least_norm", "leave_one_out",
    "loss_minimum", "low_rank_matrix", "margin", "margin_descent", "margin_flow", "matrix_with_spectrum",
    "modified_field", "modified_loss", "noise_penalty", "nuclear_completion", "observe", "random_network",
    "regularization_path", "ridge_freedom", "ridge_path", "ridge_risk", "risk_curve", "sampled_risk",
    "schedule_penalty", "scheduled_path", "settle", "sgd_modified_loss", "sharpness", "shrink", "shuffle_mean",
    "smooth_margin", "square_loss", "squared_error", "start_factors", "stationary_error", "stopping_risk",
    "straighten",
]
# fmt: on

__getattr__ = later(
    __name__,
    {
        "DescentExplorer": "discretization.explorer",
        "MarginExplorer": "maximum_margin.explorer",
        "PlaneExplorer": "minimum_norm.explorer",
        "RiskExplorer": "complexity.explorer",
        "StoppingExplorer": "early_stopping.explorer",
        "ValleyExplorer": "stability.valley",
    },
)
