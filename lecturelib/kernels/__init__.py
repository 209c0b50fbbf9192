"""Part I: from feature maps to the tangent kernel."""

from lecturelib.kernels.activations import Activation, elu, leaky_relu, maxout
from lecturelib.kernels.descent import LeastSquares, descend, descent_path, expected_path, flow_path, largest_rate
from lecturelib.kernels.initialization import (
    Variances,
    backward_moments,
    equal_variances,
    forward_moments,
    fourth_moments,
    gradient_moments,
    scheme_variances,
)
from lecturelib.kernels.layered import LayeredNetwork, backpropagate, random_network
from lecturelib.kernels.losses import cross_entropy, softmax, summed_binary_entropy
from lecturelib.kernels.models import (
    KernelModel,
    features_of,
    fit_kernel,
    gaussian_kernel,
    kernel_weights,
    polynomial_features,
    polynomial_kernel,
    ridge_weights,
    two_rings,
)
from lecturelib.kernels.signals import Signals, simulate

__all__ = [
    "Activation",
    "KernelModel",
    "LayeredNetwork",
    "LeastSquares",
    "Signals",
    "Variances",
    "backpropagate",
    "backward_moments",
    "cross_entropy",
    "descend",
    "descent_path",
    "elu",
    "equal_variances",
    "expected_path",
    "features_of",
    "fit_kernel",
    "flow_path",
    "forward_moments",
    "fourth_moments",
    "gaussian_kernel",
    "gradient_moments",
    "kernel_weights",
    "largest_rate",
    "leaky_relu",
    "maxout",
    "polynomial_features",
    "polynomial_kernel",
    "random_network",
    "ridge_weights",
    "scheme_variances",
    "simulate",
    "softmax",
    "summed_binary_entropy",
    "two_rings",
]
