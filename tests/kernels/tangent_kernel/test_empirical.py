"""Tangent kernels of networks as they are, with and without Jacobians, against torch.func."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev

from lecturelib.kernels import draw_wide, empirical_kernel
from lecturelib.kernels.tangent_kernel import jacobians


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def settle(model, seed=0):
    """The module in float64 with parameters that a generator draws."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.double().parameters():
        parameter.data = 0.7 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return model


def by_jacobian(model, x1, x2):
    """(N, M, K, K) from all Jacobians at once; of a copy, as torch breaks what it is given if a part is used twice."""
    model = copy.deepcopy(model)
    parameters = {name: part.detach() for name, part in model.named_parameters() if part.requires_grad}

    def rows(x):
        found = jacrev(lambda p: functional_call(model, p, (x.clone(),)).flatten(1))(parameters)
        return torch.cat([part.flatten(2) for part in found.values()], dim=2)

    return torch.einsum("nkp,mjp->nmkj", rows(x1), rows(x2))


class Wrapped(nn.Module):
    """A linear layer with something before it."""

    def __init__(self, before):
        super().__init__()
        self.before, self.out = before, nn.Linear(4, 1)

    def forward(self, x):
        return self.out(self.before(x))


class Residual(nn.Module):
    """What no sequence of layers says."""

    def __init__(self):
        super().__init__()
        self.inside, self.out = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(x + torch.tanh(self.inside(x)))


def shared():
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(4, 2))


STRUCTURED = {
    "one layer": lambda: nn.Sequential(nn.Linear(4, 2)),
    "relu": lambda: nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 2)),
    "no biases": lambda: nn.Sequential(nn.Linear(4, 9, bias=False), nn.GELU(), nn.Linear(9, 2, bias=False)),
    "nested": lambda: nn.Sequential(nn.Sequential(nn.Linear(4, 5), nn.SiLU()), nn.Linear(5, 2)),
    "output activation": lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2), nn.Sigmoid()),
    "two in a row": lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Softplus(), nn.Linear(5, 6), nn.Linear(6, 2)),
    "in place": lambda: nn.Sequential(nn.ELU(inplace=True), nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 2)),
    "input activation": lambda: nn.Sequential(nn.Tanh(), nn.Linear(4, 5), nn.ELU(), nn.Linear(5, 2)),
}
OTHER = {
    "residual": Residual,
    "shared": shared,
    "softmax": lambda: nn.Sequential(nn.Linear(4, 5), nn.Softmax(dim=1), nn.Linear(5, 2)),
    "norm": lambda: nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Linear(5, 2)),
    "batch norm": lambda: nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 2)).eval(),
    "in place, other": lambda: nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 5), nn.LayerNorm(5), nn.Linear(5, 2)),
    "no dropout": lambda: nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.0), nn.Linear(5, 2)),
    "dropout": lambda: nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5), nn.Linear(5, 2)).eval(),
}


@pytest.mark.parametrize("name", [*STRUCTURED, *OTHER])
def test_is_the_jacobian_times_itself(name, monkeypatch):
    model, x, z = settle((STRUCTURED | OTHER)[name]()), normal(6, 4), normal(5, 4, seed=1)
    if name in STRUCTURED:
        monkeypatch.setattr(
            "lecturelib.kernels.tangent_kernel.empirical.kernel_by_jacobians", None
        )  # so it cannot be called
    for other in (z, None):
        expected = by_jacobian(model, x, x if other is None else z)
        before = x.clone()
        torch.testing.assert_close(empirical_kernel(model, x, other), expected, rtol=1e-12, atol=1e-12)
        assert torch.equal(x, before)


def test_tokens():
    model = settle(nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 2)))
    tokens = torch.tensor([[0, 1], [4, 2], [1, 1]])
    expected = by_jacobian(model, tokens, tokens)
    torch.testing.assert_close(empirical_kernel(model, tokens), expected, rtol=1e-12, atol=1e-12)


def allocated(model, x):
    """All that torch allocates while it computes the kernel, in float64 numbers: at least what it holds at once."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as found:
        empirical_kernel(model, x)
    return sum(max(0, event.self_cpu_memory_usage) for event in found.events()) / 8


def test_memory_grows_with_the_kernel_and_not_with_inputs_times_parameters():
    model = settle(nn.Sequential(nn.Linear(20, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 1)))
    parameters = sum(part.numel() for part in model.parameters())
    for count in (50, 100):
        once = 3 * count**2 + count * (20 + 200 + 200 + 1)  # a matrix for each layer, and what runs through
        assert allocated(model, normal(count, 20)) < 10 * once < count * parameters / 4


def test_a_module_that_torch_cannot_differentiate_for_many_inputs_at_once():
    model, x = settle(nn.Sequential(nn.Linear(4, 5), nn.PReLU(), nn.Linear(5, 2))), normal(6, 4)
    rows = []
    for one in x:
        parts = [torch.autograd.grad(model(one[None])[0, k], list(model.parameters())) for k in range(2)]
        rows.append(torch.stack([torch.cat([part.flatten() for part in row]) for row in parts]))
    rows = torch.stack(rows)
    torch.testing.assert_close(empirical_kernel(model, x), torch.einsum("nkp,mjp->nmkj", rows, rows))


def test_frozen_parameters_do_not_count():
    model, x = settle(STRUCTURED["relu"]()), normal(6, 4)
    model[0].weight.requires_grad_(False)
    model[4].bias.requires_grad_(False)
    torch.testing.assert_close(empirical_kernel(model, x), by_jacobian(model, x, x), rtol=1e-12, atol=1e-12)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(ValueError, match="model: expected parameters that require a gradient"):
        empirical_kernel(model, x)


def test_a_hook_is_seen():
    model, x = settle(STRUCTURED["relu"]()), normal(6, 4)
    model[1].register_forward_hook(lambda module, inputs, output: 2 * output)
    torch.testing.assert_close(empirical_kernel(model, x), by_jacobian(model, x, x), rtol=1e-12, atol=1e-12)


def test_images_and_blocks(monkeypatch):
    convolution = nn.Conv2d(1, 3, 3)
    model, x = settle(nn.Sequential(convolution, nn.ReLU(), nn.Flatten(), nn.Linear(27, 1))), normal(7, 1, 5, 5)
    expected = by_jacobian(model, x, x)[..., 0, 0]
    assert expected.shape == (7, 7)
    monkeypatch.setattr(jacobians, "MEMORY", 130)  # two inputs at a time
    torch.testing.assert_close(empirical_kernel(model, x), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(empirical_kernel(model, x[:3], x), expected[:3], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_wide_networks_and_their_ensembles(activation):
    options = {"activation": activation, "weight_scale": 1.3, "bias_scale": 0.4}
    networks = draw_wide((4, 9, 8, 1), generator=torch.Generator().manual_seed(0), ensemble=(2, 3), **options)
    x, z = normal(6, 4), normal(5, 4, seed=1)
    found = empirical_kernel(networks, x, z)
    assert found.shape == (2, 3, 6, 5)

    class Erf(nn.Module):
        def forward(self, x):
            return torch.erf(x)

    bend = nn.ReLU if activation == "relu" else Erf
    model = nn.Sequential(nn.Linear(4, 9), bend(), nn.Linear(9, 8), bend(), nn.Linear(8, 1)).double()
    kernel = torch.zeros(6, 5, dtype=torch.float64)
    for layer, module in enumerate(model[::2]):
        module.weight.data = networks.factors[layer] * networks.weights[layer][1, 2]
        module.bias.data = 0.4 * networks.biases[layer][1, 2]
    for layer, module in enumerate(model[::2]):  # one parameter at a time: the factors are their own
        for parameter, factor in ((module.weight, networks.factors[layer]), (module.bias, 0.4)):
            for one in model.parameters():
                one.requires_grad_(one is parameter)
            kernel += factor**2 * by_jacobian(model, x, z)[..., 0, 0]
    torch.testing.assert_close(found[1, 2], kernel, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(model(x)[:, 0].detach(), networks(x)[1, 2])


def unknown(model):
    model.bias.data[0] = float("nan")
    return model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x1": [[float("nan")] * 4]}, "x1: expected real numbers, all finite"),
        ({"x2": [[float("inf")] * 4]}, "x2: expected real numbers, all finite"),
        ({"x2": [[0.0] * 3]}, "x2: expected shape"),
        ({"x1": [0.0] * 4}, "x1: expected shape"),
        ({"x1": [[0.0] * 3]}, "x1: expected inputs that the model takes"),
        ({"model": nn.Sequential(nn.Linear(4, 1)), "x1": [[0.0] * 3]}, "x1: expected 4 columns"),
        (
            {"model": Wrapped(lambda x: x - x.mean(0)), "x2": [[1.0] * 4]},
            "model: expected one that treats inputs one by",
        ),
        ({"model": Wrapped(lambda x: x + torch.rand_like(x))}, "model: expected one that treats inputs one by"),
        ({"model": nn.Sequential(nn.Linear(4, 3), nn.RReLU())}, "got a training RReLU"),
        ({"model": nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))}, "got a training BatchNorm1d"),
        ({"model": nn.Sequential(nn.Linear(4, 3), nn.Dropout())}, "got a training Dropout"),
        (
            {"model": nn.RNN(4, 2, batch_first=True), "x1": [[[0.0] * 4]]},
            "model: expected one whose output is a tensor",
        ),
        ({"model": unknown(nn.Linear(4, 1))}, "model: expected finite parameters"),
    ],
)
def test_errors_name_the_argument(change, message):
    arguments = {"model": nn.Linear(4, 1), "x1": [[0.0] * 4], "x2": None, **change}
    with pytest.raises(ValueError, match=message):
        empirical_kernel(**arguments)


def test_chance_in_a_forward_pass_is_found():
    class Chancy(nn.Linear):
        def forward(self, x):
            return nn.functional.dropout(super().forward(x), training=True)

    torch.manual_seed(0)
    for _ in range(100):
        with pytest.raises(ValueError, match="model: expected one that treats inputs one by one and always alike"):
            empirical_kernel(Chancy(3, 1), normal(2, 3))


def test_other_models_are_refused():
    with pytest.raises(TypeError, match="model: expected a Module or a WideNetwork, got builtin_function_or_method"):
        empirical_kernel(torch.relu, [[1.0]])
    with pytest.raises(ValueError, match="x1: expected 3 columns, as the model reads"):
        empirical_kernel(draw_wide((3, 1), generator=torch.Generator()), [[1.0]])


class Counting(nn.Module):
    """A layer with a buffer that changes in every call, and an output that depends on it."""

    def __init__(self):
        super().__init__()
        self.inside = nn.Linear(4, 1)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return self.calls * self.inside(x)


def twice(part):
    return nn.Sequential(nn.Linear(4, 4), part, nn.Linear(4, 4), part, nn.Linear(4, 2))


@pytest.mark.parametrize(
    "make",
    [
        lambda: twice(nn.LayerNorm(4)),
        lambda: twice(nn.PReLU()),
        shared,
        lambda: nn.Sequential(nn.Linear(4, 4), nn.Unflatten(1, (1, 4)), nn.InstanceNorm1d(1, track_running_stats=True),
                              nn.Flatten(), nn.Linear(4, 1)),
        lambda: nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(4, 5)), nn.Tanh(), nn.Linear(5, 1)),
        lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 5)), nn.Tanh(), nn.Linear(5, 1)),
        Counting,
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")  # of torch, for norms of weights
def test_a_module_stays_as_it_was(make):
    model, x = make().double(), normal(3, 4)
    before = {name: part.clone() for name, part in model.state_dict().items()}
    parts = {name: id(part) for name, part in model.named_parameters()}
    modes = [module.training for module in model.modules()]
    kernel = empirical_kernel(model, x)
    assert not kernel.requires_grad
    assert {name: id(part) for name, part in model.named_parameters()} == parts
    assert all(isinstance(part, nn.Parameter) for part in model.parameters())
    assert [module.training for module in model.modules()] == modes
    for name, part in model.state_dict().items():
        assert torch.equal(part, before[name]), name
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(x).sum().backward()
    optimizer.step()
    assert not torch.equal(empirical_kernel(model, x), kernel)  # what SGD moves is what the module computes with


def test_a_part_used_twice_adds_up():
    """f = w² x: the derivative is 2 w x."""
    layer = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    layer.weight.data[:] = 3.0
    assert empirical_kernel(nn.Sequential(layer, nn.Identity(), layer), [[2.0]]).item() == (2 * 3 * 2) ** 2


def test_every_call_finds_the_buffers_of_the_module():
    model = Counting().double()
    torch.testing.assert_close(empirical_kernel(model, [[1.0, 0, 0, 0]]), torch.tensor([[2.0]]).double())
    model.calls += 1  # the next call is the second
    torch.testing.assert_close(empirical_kernel(model, [[1.0, 0, 0, 0]]), torch.tensor([[8.0]]).double())


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
def test_an_old_norm_of_weights_whose_weight_is_computed():
    model = nn.Linear(4, 5).double()
    with pytest.warns(FutureWarning):
        model = nn.utils.weight_norm(model)
    model(normal(3, 4))
    kernel = empirical_kernel(nn.Sequential(model, nn.Tanh(), nn.Linear(5, 1).double()), normal(3, 4))
    assert kernel.shape == (3, 3)


def test_recurrent_networks():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = nn.RNN(2, 3, batch_first=True)

        def forward(self, x):
            return self.inside(x)[0][:, -1, :1]

    model, x = settle(Last()), normal(4, 5, 2)
    rows = []
    for one in x:
        slopes = torch.autograd.grad(model(one[None])[0, 0], list(model.parameters()))
        rows.append(torch.cat([part.flatten() for part in slopes]))
    torch.testing.assert_close(empirical_kernel(model, x), torch.stack(rows) @ torch.stack(rows).T)


def test_gradients_of_modules_and_of_networks():
    x = normal(3, 4).requires_grad_()
    for make in (STRUCTURED["relu"], Residual):
        assert not empirical_kernel(settle(make()), x).requires_grad
    networks = draw_wide((4, 5, 1), generator=torch.Generator().manual_seed(0))
    assert not empirical_kernel(networks, x.detach()).requires_grad
    leaves = networks.map(lambda part: part.clone().requires_grad_())
    empirical_kernel(leaves, x.detach()).sum().backward()
    assert all(part.grad is not None for part in leaves.weights)


def test_single_precision_and_lists():
    x = normal(3, 4)
    model = settle(STRUCTURED["relu"]())
    expected = empirical_kernel(model, x)
    torch.testing.assert_close(empirical_kernel(model, x.tolist()), expected)
    for single in (model.float(), settle(Residual()).float()):
        assert empirical_kernel(single, x).dtype == torch.float32
    torch.testing.assert_close(empirical_kernel(model, x), expected.float(), rtol=1e-4, atol=1e-4)
    networks = draw_wide((4, 5, 1), generator=torch.Generator().manual_seed(0), dtype=torch.float32, ensemble=2)
    assert empirical_kernel(networks, x).dtype == torch.float32
    assert empirical_kernel(networks, np.ones((1, 4), dtype=int)).shape == (2, 1, 1)
