"""Part IV: equivariance."""

# A line takes as many names as it holds.
# fmt: off
# isort: off
from lecturelib.equivariance.augmentation.adversarial import attack
from lecturelib.equivariance.augmentation.symmetry import (Forbidden, asymmetry, augmented_loss, forbidden_directions,
    symmetrize)
from lecturelib.equivariance.convolution.errors import ShiftError, shift_equivariance_error
from lecturelib.equivariance.convolution.signals import (circulant, correlate, low_pass, receptive_field,
    shift_equivariant_part, shift_signal)
from lecturelib.equivariance.groups.actions import (Action, Group, cyclic, dihedral, octahedral, rotations, symmetric,
    translations)
from lecturelib.equivariance.groups.layers import DeepSets, GroupConvolution, turned
from lecturelib.equivariance.groups.maps import (EquivariantLinear, assert_equivariant, average, dimension,
    equivariant_basis)
# isort: on

__all__ = [
    "Action", "DeepSets", "EquivariantLinear", "Forbidden", "Group", "GroupConvolution", "ShiftError",
    "assert_equivariant", "asymmetry", "attack", "augmented_loss", "average", "circulant", "correlate", "cyclic",
    "dihedral", "dimension", "equivariant_basis", "forbidden_directions", "low_pass", "octahedral", "receptive_field",
    "rotations", "shift_equivariance_error", "shift_equivariant_part", "shift_signal", "symmetric", "symmetrize",
    "translations", "turned",
]
# fmt: on


def __getattr__(name: str):
    """Explorers are fetched when asked for: they draw, and whoever only computes need not wait for that."""
    if name == "FiltersExplorer":
        from lecturelib.equivariance.augmentation.explorer import FiltersExplorer

        return FiltersExplorer
    if name == "SlidingExplorer":
        from lecturelib.equivariance.convolution.explorer import SlidingExplorer

        return SlidingExplorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
