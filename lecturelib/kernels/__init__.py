"""Part I: from feature maps to the tangent kernel."""

from lecturelib.core.later import later

# A line takes as many names as it holds.
# fmt: off
# isort: off
from lecturelib.kernels.approximation.hinges import HingeNetwork, hinge_approximation
from lecturelib.kernels.approximation.waves import (RidgeNetwork, Waves, barron_norm, fixed_basis_error, maurey,
    neuron_mass)
from lecturelib.kernels.initialization.signals import Signals, simulate
from lecturelib.kernels.initialization.variances import (Variances, backward_moments, death_chance,
    equal_variances, forward_moments, fourth_moments, log_step, mean_error, scheme_variances)
from lecturelib.kernels.lazy_or_feature.scaled import (Flow, Scaled, chain_kernel, chain_time, soft_hinge,
    soft_hinge_slope, train_scaled)
from lecturelib.kernels.models.activations import Activation, elu, identity, leaky_relu, relu, sigmoid, tanh
from lecturelib.core.least_squares import (LeastSquares, descent_path, expected_path, flow_path, largest_rate,
    stochastic_descent)
from lecturelib.kernels.models.features import (KernelModel, features_of, fit_kernel, gaussian_kernel, kernel_weights,
    polynomial_features, polynomial_kernel, ridge_weights, two_rings)
from lecturelib.kernels.models.layered import LayeredGradient, LayeredNetwork, backpropagate, random_network
from lecturelib.kernels.models.losses import (cross_entropy, cross_entropy_gradient, logistic, logistic_slope,
    summed_binary_entropy)
from lecturelib.kernels.spectral_bias.prediction import Modes, Prediction, decompose, predict
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.limit import infinite_kernel
from lecturelib.kernels.tangent_kernel.moments import GaussianMoments, gaussian_moments
from lecturelib.kernels.tangent_kernel.wide_networks import Training, WideNetwork, draw_wide, train_wide
# isort: on

__all__ = [
    "Activation", "Flow", "GaussianMoments", "HingeNetwork", "KernelModel", "LayeredGradient", "LayeredNetwork",
    "LeastSquares", "Modes", "Prediction", "RidgeNetwork", "Scaled", "Signals", "Training", "Variances", "Waves",
    "WideNetwork", "backpropagate", "backward_moments", "barron_norm", "chain_kernel", "chain_time", "cross_entropy",
    "cross_entropy_gradient", "death_chance", "decompose", "descent_path", "draw_wide", "elu", "empirical_kernel",
    "equal_variances", "expected_path", "features_of", "fit_kernel", "fixed_basis_error", "flow_path",
    "forward_moments", "fourth_moments", "gaussian_kernel", "gaussian_moments", "hinge_approximation", "identity",
    "infinite_kernel", "kernel_weights", "largest_rate", "leaky_relu", "log_step", "logistic", "logistic_slope",
    "maurey", "mean_error", "neuron_mass", "polynomial_features", "polynomial_kernel", "predict", "random_network",
    "relu", "ridge_weights", "scheme_variances", "sigmoid", "simulate", "soft_hinge", "soft_hinge_slope",
    "stochastic_descent", "summed_binary_entropy", "tanh", "train_scaled", "train_wide", "two_rings",
]
# fmt: on

__getattr__ = later(
    __name__,
    {
        "HingesExplorer": "approximation.explorer",
        "ModesExplorer": "spectral_bias.explorer",
        "WidthsExplorer": "tangent_kernel.explorer",
    },
)
