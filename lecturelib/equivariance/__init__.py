"""Part IV: equivariance."""

# A line takes as many names as it holds.
# fmt: off
# isort: off
from lecturelib.equivariance.convolution.errors import ShiftError, shift_equivariance_error
from lecturelib.equivariance.convolution.signals import (circulant, correlate, low_pass, receptive_field,
    shift_equivariant_part, shift_signal)
from lecturelib.equivariance.groups.actions import (Action, Group, cyclic, dihedral, octahedral, rotations, symmetric,
    translations)
from lecturelib.equivariance.groups.layers import DeepSets, GroupConvolution, turned
from lecturelib.equivariance.groups.maps import (EquivariantLinear, assert_equivariant, average, dimension,
    equivariant_basis)
from lecturelib.equivariance.interpretability.equations import Equation, derivative_filter, dictionary, find_equation
from lecturelib.equivariance.interpretability.maps import Localization, class_activation_map, localization
from lecturelib.equivariance.interpretability.masks import FourierMask, even_part, fourier_mask, masked
# isort: on

__all__ = [
    "Action", "DeepSets", "Equation", "EquivariantLinear", "FourierMask", "Group", "GroupConvolution", "Localization",
    "ShiftError", "assert_equivariant", "average", "circulant", "class_activation_map", "correlate", "cyclic",
    "derivative_filter", "dictionary", "dihedral", "dimension", "equivariant_basis", "even_part", "find_equation",
    "fourier_mask", "localization", "low_pass", "masked", "octahedral", "receptive_field", "rotations",
    "shift_equivariance_error", "shift_equivariant_part", "shift_signal", "symmetric", "translations", "turned",
]
# fmt: on


def __getattr__(name: str):
    """Explorers are fetched when asked for: they draw, and whoever only computes need not wait for that."""
    if name == "SlidingExplorer":
        from lecturelib.equivariance.convolution.explorer import SlidingExplorer

        return SlidingExplorer
    if name == "WaveExplorer":
        from lecturelib.equivariance.interpretability.explorer import WaveExplorer

        return WaveExplorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
