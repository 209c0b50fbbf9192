"""Features, kernels and ridge regression: cases worked by hand, hard inputs, errors."""

import math

import pytest
import torch

from lecturelib.kernels import (
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

X = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]], dtype=torch.float64)
Y = torch.tensor([1.0, -1.0, 2.0], dtype=torch.float64)


def test_features_of_degree_two_by_hand():
    root = math.sqrt(2)
    found = polynomial_features(X[:1], 2)
    # 1, x1, x2, x1², x1 x2, x2² at (1, 2), with their weights
    assert found[0].tolist() == pytest.approx([1, root, 2 * root, 1, 2 * root, 4])


@pytest.mark.parametrize(("inputs", "degree"), [(1, 1), (1, 5), (3, 2), (4, 3)])
def test_number_of_features(inputs, degree):
    assert polynomial_features(torch.ones(2, inputs), degree).shape[1] == math.comb(inputs + degree, degree)


def test_gaussian_kernel_by_hand_and_near_duplicates():
    found = gaussian_kernel(X[:2], X[:2], 2.0)
    assert found.tolist() == [[1.0, pytest.approx(math.exp(-10 / 8))], [pytest.approx(math.exp(-10 / 8)), 1.0]]
    far = torch.tensor([[1e8]], dtype=torch.float64)
    assert float(gaussian_kernel(far, far + 1.0, 1.0)) == pytest.approx(math.exp(-0.5))


def test_kernel_model_is_the_ridge_model():
    model = fit_kernel(X, Y, lambda one, two: polynomial_kernel(one, two, 2), 0.01)
    w = ridge_weights(polynomial_features(X, 2), Y, 0.01)
    at = torch.tensor([[0.3, -0.7], [2.0, 2.0]], dtype=torch.float64)
    torch.testing.assert_close(model(at), polynomial_features(at, 2) @ w)


def test_ridge_of_one_feature_by_hand():
    # (Σ φ² + λ) w = Σ φ y: (5 + 1) w = 2 · 1 + 1 · 4
    w = ridge_weights([[2.0], [1.0]], [1.0, 4.0], 1.0)
    assert float(w) == pytest.approx(1.0)
    c = kernel_weights([[4.0, 2.0], [2.0, 1.0]], [1.0, 4.0], 1.0)
    assert float(torch.tensor([2.0, 1.0], dtype=torch.float64) @ c) == pytest.approx(1.0)


def test_features_of_a_singular_gram_matrix():
    gram = X @ X.T
    torch.testing.assert_close(features_of(gram) @ features_of(gram).T, gram)
    assert float(features_of(torch.zeros(2, 2)).abs().max()) == 0
    twice = torch.cat([X, X])  # a kernel of duplicates is no error
    assert (
        fit_kernel(twice, torch.cat([Y, Y]), lambda one, two: gaussian_kernel(one, two, 1.0), 0.1)(X).shape == Y.shape
    )


def test_rings_have_their_radii_and_noise():
    x, y = two_rings(1000, generator=torch.Generator().manual_seed(0), noise=0.0)
    assert x.norm(dim=1)[y < 0].tolist() == pytest.approx([1.0] * 500)
    assert x.norm(dim=1)[y > 0].tolist() == pytest.approx([2.0] * 500)
    assert x.mean(0).tolist() == pytest.approx([0, 0], abs=0.15)
    assert y[:3].tolist() == [-1, 1, -1]
    x, y = two_rings(4000, generator=torch.Generator().manual_seed(0))
    radii = x.norm(dim=1) - 1.5 - 0.5 * y
    assert (float(radii.mean()), float(radii.std())) == pytest.approx((0, 0.12), abs=0.01)


def test_rings_take_angles_and_then_noise_from_the_generator():
    x, _ = two_rings(4, generator=torch.Generator().manual_seed(0), noise=0.5)
    generator = torch.Generator().manual_seed(0)
    angles = 2 * math.pi * torch.rand(4, generator=generator, dtype=torch.float64)
    radii = torch.tensor([1, 2, 1, 2]) + 0.5 * torch.randn(4, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(x, torch.stack([radii * angles.cos(), radii * angles.sin()], 1))


GENERATOR = torch.Generator().manual_seed(0)
MANY = torch.randn(2, 3, 4, generator=GENERATOR, dtype=torch.float64)  # two ensembles of three inputs
TARGETS = torch.randn(2, 3, generator=GENERATOR, dtype=torch.float64)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (polynomial_features, (MANY, 2)),
        (polynomial_kernel, (MANY, MANY[:, :2], 3)),
        (gaussian_kernel, (MANY, MANY[:, :2], 1.5)),
        (features_of, (MANY @ MANY.mT,)),
        (ridge_weights, (MANY, TARGETS, 0.1)),
        (ridge_weights, (MANY, TARGETS[0], 0.1)),
        (ridge_weights, (MANY[0], TARGETS, 0.1)),
        (kernel_weights, (MANY @ MANY.mT, TARGETS, 0.1)),
        (kernel_weights, (MANY[0] @ MANY[0].T, TARGETS, 0.1)),
    ],
)
def test_ensembles_are_their_members_in_either_precision(function, arguments):
    found = function(*arguments)
    single = [
        one[1] if isinstance(one, torch.Tensor) and one.ndim + (one is TARGETS) == 3 else one for one in arguments
    ]
    torch.testing.assert_close(found[1], function(*single))
    low = function(*[one.float() if isinstance(one, torch.Tensor) else one for one in arguments])
    assert low.dtype == torch.float32
    torch.testing.assert_close(low.double(), found, rtol=1e-3, atol=1e-3)


def test_precisions_mix():
    assert polynomial_kernel(X, X.float(), 2).dtype == torch.float64
    assert ridge_weights(torch.eye(3), [1.0, 2.0, 3.0], 0.1).dtype == torch.float32
    assert kernel_weights(torch.eye(3), Y, 0.1).dtype == torch.float64
    low = X.float() @ X.T.float()
    low[0, 1] *= 1 + 1e-6  # as rounding leaves it
    assert kernel_weights(low, Y.float(), 0.1).dtype == torch.float32


def test_a_kernel_model_is_a_record():
    model = fit_kernel(X, Y, linear, 0.1)
    assert model.to(torch.float32)(X.float()).dtype == torch.float32
    assert model == KernelModel(X, model.coefficients, linear)
    with pytest.raises(ValueError, match="^x: expected"):
        model([[1.0]])


def linear(x1, x2):
    return x1 @ x2.T


def test_a_matrix_is_refused_for_more_than_rounding():
    eye = torch.eye(3, dtype=torch.float64)
    nearly = eye.clone()
    nearly[2, 2] = -1e-14
    assert features_of(nearly)[2].abs().max() == 0
    nearly[2, 2] = -1e-12
    with pytest.raises(ValueError, match="^gram: expected no negative eigenvalue beyond rounding, found -1e-12"):
        features_of(nearly)
    for off, fine in ((0.9e-9, True), (1.1e-9, False)):
        skewed = eye.clone()
        skewed[0, 1] = off
        if fine:
            kernel_weights(skewed, Y, 0.1)
        else:
            with pytest.raises(ValueError, match="^gram: expected a symmetric matrix"):
                kernel_weights(skewed, Y, 0.1)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("x", lambda: polynomial_features([1.0, 2.0], 2)),
        ("x", lambda: polynomial_features([[math.nan]], 2)),
        ("degree", lambda: polynomial_features(X, 0)),
        ("degree", lambda: polynomial_kernel(X, X, -1)),
        ("x2", lambda: polynomial_kernel(X, X[:, :1], 2)),
        ("bandwidth", lambda: gaussian_kernel(X, X, 0.0)),
        ("bandwidth", lambda: gaussian_kernel(X, X, math.nan)),
        ("gram", lambda: features_of([[1.0, 2.0], [2.0, 1.0]])),
        ("gram", lambda: features_of([[1.0, 2.0], [0.0, 1.0]])),
        ("gram", lambda: kernel_weights([[1.0, 2.0]], [1.0], 0.1)),
        ("gram", lambda: kernel_weights([[1.0, 2.0], [2.0, 1.0]], [1.0, 1.0], 0.1)),
        ("gram", lambda: fit_kernel(X, Y, lambda one, two: -one @ two.T, 0.1)),
        ("count", lambda: two_rings(0, generator=torch.Generator())),
        ("penalty", lambda: ridge_weights(X, Y, math.inf)),
        ("gram", lambda: features_of([1.0, 2.0])),
        ("gram", lambda: features_of(torch.zeros(0, 0))),
        ("gram", lambda: features_of(torch.stack([torch.eye(2), -torch.eye(2)]))),
        ("noise", lambda: two_rings(3, generator=torch.Generator(), noise=-1.0)),
        ("penalty", lambda: ridge_weights(X, Y, 0.0)),
        ("penalty", lambda: kernel_weights(X @ X.T, Y, -1.0)),
        ("y", lambda: ridge_weights(X, Y[:2], 0.1)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
