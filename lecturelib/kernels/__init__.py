"""Part I: from feature maps to the tangent kernel."""

from lecturelib.kernels.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel import infinite_kernel
from lecturelib.kernels.wide_networks import WideNetwork, draw_wide, train_wide

__all__ = ["WideNetwork", "draw_wide", "empirical_kernel", "infinite_kernel", "train_wide"]
