"""Naive Bayes and logistic regression: by hand, against scikit-learn, and their exact errors by counting."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from lecturelib.generative import LinearClassifier, gaussian_error, logistic_regression, naive_bayes


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def labelled(seed, *shape):
    y = (torch.arange(shape[-2]) % 2).double().expand(shape[:-1])
    return normal(seed, *shape) + 0.8 * y[..., None], y


def test_naive_bayes_by_hand():
    # class 0 at 0 ± 1, class 1 at 4 ± 1; three of four data in class 1
    found = naive_bayes([[-1.0], [1.0], [3.0], [5.0], [3.0], [5.0], [3.0], [5.0]], [0, 0, 1, 1, 1, 1, 1, 1])
    assert found.weights.tolist() == [4.0]
    assert float(found.bias) == pytest.approx(torch.logit(torch.tensor(0.75)).item() - 8)
    halved = naive_bayes([[-1.0], [1.0], [3.0], [5.0]], [0, 0, 1, 1], smoothing=1.0)
    assert halved.weights.tolist() == [2.0]
    assert float(found([[2.0]])) == pytest.approx(0.75)


@pytest.mark.parametrize("penalty", [1e-3, 1.0])
def test_logistic_regression_as_scikit_learn_has_it(penalty):
    x, y = labelled(0, 50, 3)
    theirs = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000).fit(x.numpy(), y.numpy())
    found = logistic_regression(x, y, penalty=penalty)
    torch.testing.assert_close(found.weights, torch.tensor(theirs.coef_[0]), rtol=1e-4, atol=1e-5)
    assert float(found.bias) == pytest.approx(theirs.intercept_[0], rel=1e-4)


def test_separable_data_and_ensembles():
    x, y = labelled(1, 4, 20, 2)
    x[2] += 10 * y[2, :, None]  # this member is separable
    both = logistic_regression(x, y, penalty=1e-3)
    for n in range(4):
        alone = logistic_regression(x[n], y[n], penalty=1e-3)
        torch.testing.assert_close(both[n].weights, alone.weights, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(naive_bayes(x, y)[n].weights, naive_bayes(x[n], y[n]).weights)


def test_exact_errors_are_what_counting_finds():
    means, covariance = torch.tensor([[0.0, 0.0], [1.0, 2.0]]).double(), torch.tensor([[1.0, 0.5], [0.5, 2.0]]).double()
    classifier = LinearClassifier([1.0, 0.3], -0.7)
    factor, draws = torch.linalg.cholesky(covariance), 200_000
    errors = [
        float(((classifier(mean + normal(k, draws, 2) @ factor.mT) > 0.5) != bool(k)).double().mean())
        for k, mean in enumerate(means)
    ]
    assert float(gaussian_error(classifier, means, covariance)) == pytest.approx(sum(errors) / 2, abs=0.005)
    with pytest.raises(ValueError, match="^covariance: expected a positive definite"):
        gaussian_error(classifier, means, 0 * covariance)


def test_classes_that_do_not_fit_are_refused():
    for method in (naive_bayes, lambda x, y: logistic_regression(x, y, penalty=1.0)):
        with pytest.raises(ValueError, match="^y: expected classes, 0 and 1"):
            method([[1.0], [2.0]], [0, 2])
        with pytest.raises(ValueError, match="^y: expected data of both classes"):
            method([[1.0], [2.0]], [1, 1])
    with pytest.raises(ValueError, match="^x: expected features that vary"):
        naive_bayes([[1.0], [1.0], [2.0]], [0, 0, 1])
