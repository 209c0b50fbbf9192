"""Features, kernels and ridge regression: cases worked by hand, hard inputs, errors."""

import math

import pytest
import torch

from lecturelib.kernels import (
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
    assert model.norm_squared == pytest.approx(float(w @ w))


def test_ridge_of_one_feature_by_hand():
    # (Σ φ² + λ N) w = Σ φ y: (5 + 0.5 · 2) w = 2 · 1 + 1 · 4
    w = ridge_weights([[2.0], [1.0]], [1.0, 4.0], 0.5)
    assert float(w) == pytest.approx(1.0)
    c = kernel_weights([[4.0, 2.0], [2.0, 1.0]], [1.0, 4.0], 0.5)
    assert float(torch.tensor([2.0, 1.0], dtype=torch.float64) @ c) == pytest.approx(1.0)


def test_features_of_a_singular_gram_matrix():
    gram = X @ X.T
    torch.testing.assert_close(features_of(gram) @ features_of(gram).T, gram)
    assert float(features_of(torch.zeros(2, 2)).abs().max()) == 0
    twice = torch.cat([X, X])  # a kernel of duplicates is no error
    assert (
        fit_kernel(twice, torch.cat([Y, Y]), lambda one, two: gaussian_kernel(one, two, 1.0), 0.1)(X).shape == Y.shape
    )


def test_rings_have_their_radii():
    x, y = two_rings(1000, generator=torch.Generator().manual_seed(0), noise=0.0)
    assert x.norm(dim=1)[y < 0].tolist() == pytest.approx([1.0] * 500)
    assert x.norm(dim=1)[y > 0].tolist() == pytest.approx([2.0] * 500)
    assert float(x.mean()) == pytest.approx(0, abs=0.15)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("x", lambda: polynomial_features([1.0, 2.0], 2)),
        ("x", lambda: polynomial_features([[math.nan]], 2)),
        ("degree", lambda: polynomial_features(X, 0)),
        ("degree", lambda: polynomial_kernel(X, X, 1.5)),
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
        ("gram", lambda: features_of(torch.ones(2, 2, 2))),
        ("penalty", lambda: ridge_weights(X, Y, 0.0)),
        ("penalty", lambda: kernel_weights(X @ X.T, Y, -1.0)),
        ("y", lambda: ridge_weights(X, Y[:2], 0.1)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
