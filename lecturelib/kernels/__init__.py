"""Part I: from feature maps to the tangent kernel."""

from lecturelib.kernels.activations import Activation, elu, leaky_relu, maxout
from lecturelib.kernels.descent import LeastSquares, descend, descent_path, expected_path, flow_path, largest_rate
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

__all__ = [
    "Activation",
    "KernelModel",
    "LayeredNetwork",
    "LeastSquares",
    "backpropagate",
    "cross_entropy",
    "descend",
    "descent_path",
    "elu",
    "expected_path",
    "features_of",
    "fit_kernel",
    "flow_path",
    "gaussian_kernel",
    "kernel_weights",
    "largest_rate",
    "leaky_relu",
    "maxout",
    "polynomial_features",
    "polynomial_kernel",
    "random_network",
    "ridge_weights",
    "softmax",
    "summed_binary_entropy",
    "two_rings",
]
