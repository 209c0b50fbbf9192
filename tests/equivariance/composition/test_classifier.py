"""The small classifier: points, features, gradients, and that each network of an ensemble is trained alone."""

import math

import pytest
import torch

from lecturelib.equivariance import draw_points, plane_features, start_classifier, train_classifier
from lecturelib.equivariance.composition.classifier import FORMULAS, Points, gradient, outputs


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_where_points_lie():
    x, y = draw_points("circle", 300, generator=seeded(), members=4)
    assert x.shape == (4, 300, 2)
    distance = x.norm(dim=-1)
    assert float(distance[y > 0].max()) <= 2.5 < 3.5 <= float(distance[y < 0].min())
    assert float(distance.max()) <= 5
    assert int((y > 0).sum()) == 600
    assert len(set(y[0, :20].tolist())) == 2  # mixed
    x, y = draw_points("xor", 300, generator=seeded())
    assert bool((x.prod(-1) * y > 0).all())
    assert 0.3 <= float(x.abs().min()) < 0.35
    assert 5.2 < float(x.abs().max()) <= 5.3
    x, y = draw_points("gauss", 4000, generator=seeded(), noise=0.5)
    for label in (1, -1):
        assert x[y == label].mean(0).tolist() == pytest.approx([2 * label] * 2, abs=0.2)
        assert x[y == label].var(0).tolist() == pytest.approx([4, 4], rel=0.1)
    x, y = draw_points("spiral", 200, generator=seeded())
    radius = x.norm(dim=-1)
    angle = 3.5 * math.pi * radius / 5 + torch.where(y > 0, 0.0, math.pi)
    assert torch.allclose(x, torch.stack([radius * angle.sin(), radius * angle.cos()], -1))


def test_noise_moves_the_border_and_not_the_points():
    x, y = draw_points("circle", 4000, generator=seeded(), noise=0.2)
    inside = x.norm(dim=-1) < 2.5
    wrong = (inside != (y > 0)).double()
    assert float(x.norm(dim=-1).max()) <= 5
    assert 0.02 < float(wrong.mean()) < 0.3
    with pytest.raises(ValueError, match="noise"):
        draw_points("circle", 10, generator=seeded(), noise=-1.0)


def test_features_by_hand():
    found = plane_features([[2.0, -3.0]], list(FORMULAS))
    assert found[0].tolist() == pytest.approx([2, -3, 4, 9, -6, math.sin(2), math.sin(-3)])
    with pytest.raises(ValueError, match="names"):
        plane_features([[2.0, -3.0]], [])
    with pytest.raises(ValueError, match="names"):
        plane_features([[2.0, -3.0]], ["x3"])


def test_starts():
    theta = start_classifier(2, [3], members=500, generator=seeded())
    assert theta.shape == (500, 13)
    weights = torch.cat([theta[:, :6], theta[:, 9:12]], 1)
    assert float(weights.min()) == pytest.approx(-0.5, abs=0.01)
    assert float(weights.max()) == pytest.approx(0.5, abs=0.01)
    assert set(theta[:, [6, 7, 8, 12]].flatten().tolist()) == {0.1}


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
@pytest.mark.parametrize("hidden", [[], [3], [4, 2, 3]])
def test_gradients_are_those_of_autograd(activation, hidden):
    generator = seeded(3)
    sizes = (2, *hidden, 1)
    theta = 3 * start_classifier(2, hidden, members=2, generator=generator)
    x, y = draw_points("circle", 11, generator=generator, members=2)
    moving = theta.clone().requires_grad_()
    loss = 0.5 * (outputs(moving, x, sizes, activation)[-1][..., 0] - y).square().mean(-1).sum()
    assert torch.allclose(gradient(theta, x, y, sizes, activation), torch.autograd.grad(loss, moving)[0], atol=1e-12)


def test_networks_of_an_ensemble_are_trained_alone():
    generator = seeded(1)
    drawn = draw_points("xor", 60, generator=generator, members=3)
    seen, held = (Points(drawn.x[:, part], drawn.y[:, part]) for part in (slice(40), slice(40, None)))
    theta = start_classifier(1, [2], members=3, generator=generator)
    options = {"hidden": [2], "names": ["x1x2"], "epochs": 4, "learning_rate": 0.1}
    whole = train_classifier(theta, seen, held, **options)
    one = train_classifier(theta[1:2], Points(seen.x[1:2], seen.y[1:2]), Points(held.x[1:2], held.y[1:2]), **options)
    assert torch.allclose(whole.theta[1], one.theta[0])
    assert whole.train.shape == whole.test.shape == whole.wrong.shape == (3, 5)
    assert torch.equal(whole.theta[:, -1] == theta[:, -1], torch.zeros(3, dtype=torch.bool))
    for wrong, message in (({"names": ["x1", "x2"]}, "theta"), ({"batch": 41}, "batch"), ({"hidden": [0]}, "hidden")):
        with pytest.raises(ValueError, match=message):
            train_classifier(theta, seen, held, **(options | wrong))


def test_one_step_by_hand():
    """f = tanh(0.5 x1 + 0.1) at (1, 0) with label −1: slope (f + 1)(1 − f²)."""
    theta = torch.tensor([[0.5, 0.0, 0.1]], dtype=torch.float64)
    point = Points(torch.tensor([[[1.0, 0.0]]]).double(), torch.tensor([[-1.0]]).double())
    f = math.tanh(0.6)
    step = 0.2 * (f + 1) * (1 - f * f)
    run = train_classifier(theta, point, point, hidden=[], names=["x1", "x2"], learning_rate=0.2, batch=1, epochs=1)
    assert run.theta[0].tolist() == pytest.approx([0.5 - step, 0, 0.1 - step])
    assert run.train[0].tolist()[0] == pytest.approx(0.5 * (f + 1) ** 2)
    assert run.wrong[0, 0] == 1
