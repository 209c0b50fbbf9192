"""Part I: from feature maps to the tangent kernel."""

from lecturelib.kernels.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel import infinite_kernel
from lecturelib.kernels.wide_networks import WideNetwork, descend, draw

__all__ = ["WideNetwork", "descend", "draw", "empirical_kernel", "infinite_kernel"]
