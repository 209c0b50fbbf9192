"""Part IV: equivariance."""

from lecturelib.core.later import later

# A line takes as many names as it holds.
# fmt: off
# isort: off
from lecturelib.equivariance.composition.classifier import (draw_points, plane_features, start_classifier,
    train_classifier)
from lecturelib.equivariance.composition.parts import exciting_images
from lecturelib.equivariance.composition.trees import (count_tree_functions, flat_product, parity, product_units,
    tree_product)
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
from lecturelib.equivariance.interpretability.equations import Equation, derivative_filter, dictionary, find_equation
from lecturelib.equivariance.interpretability.maps import Localization, class_activation_map, localization
from lecturelib.equivariance.interpretability.masks import FourierMask, even_part, fourier_mask, masked
# isort: on

__all__ = [
    "Action", "DeepSets", "Equation", "EquivariantLinear", "Forbidden", "FourierMask", "Group", "GroupConvolution",
    "Localization", "ShiftError", "assert_equivariant", "asymmetry", "attack", "augmented_loss", "average",
    "circulant", "class_activation_map", "correlate", "count_tree_functions", "cyclic", "derivative_filter",
    "dictionary", "dihedral", "dimension", "draw_points", "equivariant_basis", "even_part", "exciting_images",
    "find_equation", "flat_product", "forbidden_directions", "fourier_mask", "localization", "low_pass", "masked",
    "octahedral", "parity", "plane_features", "product_units", "receptive_field", "rotations",
    "shift_equivariance_error", "shift_equivariant_part", "shift_signal", "start_classifier", "symmetric",
    "symmetrize", "train_classifier", "translations", "tree_product", "turned",
]
# fmt: on

__getattr__ = later(
    __name__,
    {
        "ClassifierExplorer": "composition.explorer",
        "FiltersExplorer": "augmentation.explorer",
        "LayerExplorer": "groups.explorer",
        "SlidingExplorer": "convolution.explorer",
        "WaveExplorer": "interpretability.explorer",
    },
)
