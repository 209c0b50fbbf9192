"""Maps against captum's, and fits against pysindy's, on the same features and the same terms."""

import pysindy
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

from lecturelib.equivariance import class_activation_map, dictionary
from lecturelib.equivariance.interpretability import glyphs, solvers, trained
from lecturelib.equivariance.interpretability.equations import columns, fit, jets


class Network(nn.Module):
    """A stored network, as modules."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights
        self.last = nn.Identity()

    def forward(self, x):
        found = self.last(glyphs.features(self.weights, x))
        return nn.functional.linear(found.mean((2, 3)), self.weights[-2], self.weights[-1])


@pytest.mark.parametrize("cues", ["agree", "shape"])
def test_maps_are_those_of_captum_times_the_number_of_places(cues):
    weights = trained.networks()[cues][0]
    x = glyphs.draw_pictures(5, torch.Generator().manual_seed(2)).x
    model = Network(weights)
    assert torch.equal(model(x), glyphs.scores(weights, x))
    features = glyphs.features(weights, x)
    maps = class_activation_map(features, weights[-2])
    peer = LayerGradCam(model, model.last)
    for label in range(4):
        theirs = peer.attribute(x.requires_grad_(), target=label)[:, 0] * features[0, 0].numel()
        torch.testing.assert_close(maps[:, label], theirs.detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "powers", "tolerance", "threshold"),
    [(solvers.burgers, 3, 0.2, 0.05), (solvers.korteweg_de_vries, 2, 0.2, 0.5)],
)
def test_fits_are_those_of_pysindy(make, powers, tolerance, threshold):
    """On the same terms: its thresholds are those of coefficients, ours of shares; what is left is least squares."""
    flow = make()
    steps = float(flow.x[1] - flow.x[0]), float(flow.t[1] - flow.t[0])
    values, y = jets(flow.u[0], steps, 3, None, (4, 4))
    library = dictionary(powers, 3)
    theta, y = columns(library, values), y.flatten()
    ours = fit(theta, y, library, tolerance)
    theirs = pysindy.STLSQ(threshold=threshold, alpha=1e-5).fit(theta.numpy(), y[:, None].numpy()).coef_[0]
    assert {library[k] for k in theirs.nonzero()[0]} == set(ours.terms)
    assert len(ours.terms) == 2
    torch.testing.assert_close(ours.dense, torch.as_tensor(theirs), rtol=1e-8, atol=1e-12)
