"""Claims of the chapter `kernels/models`: activations, losses, and the calculus of vectors and matrices."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.models import activations as act
from lecturelib.kernels.models.activations import Activation, sigmoid_slope
from lecturelib.kernels.models.checks import ANSELMI, EXACT, normal
from lecturelib.kernels.models.layered import Gradient, LayeredNetwork, backpropagate, random_network
from lecturelib.kernels.models.losses import cross_entropy, cross_entropy_gradient, logistic, logistic_slope, softmax
from lecturelib.kernels.models.losses import softmax_jacobian as jacobian_of_softmax


def autograd(function, at: Tensor) -> Tensor:
    """Jacobian of a function of one tensor."""
    return torch.autograd.functional.jacobian(function, at)


# Activations

NAMED = (act.sigmoid, act.tanh, act.relu, act.leaky_relu(), act.elu(0.7))


def _slope_of_each(slopes, generator: Generator) -> float:
    z = 2 * normal(generator, 50)
    return max(relative_gap(slopes(one)(z), autograd(lambda t, one=one: one(t).sum(), z)) for one in NAMED)


def _but(name: str, wrong):
    """The right slopes, except for the activation `name`."""
    return lambda one: wrong if one.name == name else one.slope


slopes = Claim(
    label="prop-models-slopes",
    statement=r"$\sigma' = \sigma (1 - \sigma)$, $\tanh' = 1 - \tanh^2$, and the slopes of ReLU, leaky ReLU and ELU.",
    source=f"{ANSELMI} (functions); slopes derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_slope_of_each,
    formula=lambda one: one.slope,
    falsifiers={
        r"$\sigma' = \sigma$": _but("sigmoid", torch.sigmoid),
        r"$\tanh' = 1 + \tanh^2$": _but("tanh", lambda z: 1 + torch.tanh(z) ** 2),
        r"$\tanh'$ = that of the sigmoid": _but("tanh", sigmoid_slope),
        "leaky ReLU with slope 0 on the left": _but("leaky ReLU, 0.1", act.relu.slope),
        r"ELU with slope $\alpha$ on the left": _but("ELU, 0.7", act.leaky_relu(0.7).slope),
    },
)


def _is_linear(network: LayeredNetwork, generator: Generator, collapsed) -> float:
    x = normal(generator, 8, 3)
    return relative_gap(x @ collapsed(network), network(x))


def _collapses(collapsed, generator: Generator) -> float:
    network = random_network((3, 4, 4, 4), act.identity, generator=generator)
    network = LayeredNetwork(network.matrices, tuple(0 * b for b in network.biases), network.output, act.identity)
    return _is_linear(network, generator, collapsed)


collapse = Claim(
    label="prop-models-collapse",
    statement=r"Without a nonlinearity a network of any depth is linear, with the weights $W_1 W_2 \cdots W_L w$.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_collapses,
    formula=lambda f: f.matrices[0] @ f.matrices[1] @ f.matrices[2] @ f.output,
    falsifiers={
        "the inner matrices in reverse order": lambda f: f.matrices[0] @ f.matrices[2] @ f.matrices[1] @ f.output,
        "an inner matrix transposed": lambda f: f.matrices[0] @ f.matrices[1].T @ f.matrices[2] @ f.output,
    },
)


def _above_a_chord(unit, generator: Generator) -> float:
    w, b, x, z = normal(generator, 5, 3), normal(generator, 5), normal(generator, 300, 3), normal(generator, 300, 3)
    values = [unit(one @ w.T + b) for one in ((x + z) / 2, x, z)]
    return max(0.0, float((values[0] - (values[1] + values[2]) / 2).max()))


maxout = Claim(
    label="prop-models-maxout",
    statement="A maxout unit is convex in its input.",
    source="Goodfellow et al. 2013; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_above_a_chord,
    formula=act.maxout,
    falsifiers={
        "so is a difference of two": lambda z: act.maxout(z[:, :2]) - act.maxout(z[:, 2:]),
        "so is the second largest": lambda z: z.sort(dim=1).values[:, -2],
        "so is the smallest": lambda z: z.amin(dim=1),
    },
)


# Losses


def _matches_autograd(loss, target):
    def check(gradient, generator: Generator) -> float:
        z = 2 * normal(generator, 9, 5)
        y = target(generator)
        return relative_gap(gradient(z, y), autograd(lambda t: loss(t, y).sum(), z))

    return check


def _signs(generator: Generator) -> Tensor:
    return torch.where(torch.rand(9, 5, generator=generator) < 0.5, -1.0, 1.0).double()


logistic_gradient = Claim(
    label="prop-models-logistic",
    statement=r"$\frac{d}{df} \ln(1 + e^{-yf}) = -y\, \sigma(-yf)$ for labels $y = \pm 1$.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_matches_autograd(logistic, _signs),
    formula=logistic_slope,
    falsifiers={
        r"$-y\, \sigma(yf)$": lambda f, y: -y * torch.sigmoid(y * f),
        r"$-\sigma(-yf)$": lambda f, y: -torch.sigmoid(-y * f),
        r"$\sigma(f) - y$, which is for labels 0 and 1": lambda f, y: torch.sigmoid(f) - y,
    },
)


def _jacobian_agrees(jacobian, generator: Generator) -> float:
    z = 2 * normal(generator, 6)
    return max(
        relative_gap(jacobian(z), autograd(lambda t: torch.softmax(t, -1), z)),
        relative_gap(jacobian(z + 1000), jacobian(z)),
    )


softmax_derivative = Claim(
    label="thm-models-softmax",
    statement=r"$\partial s_i / \partial z_j = s_i ([i = j] - s_j)$, and adding a constant to $z$ changes nothing.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_jacobian_agrees,
    formula=jacobian_of_softmax,
    falsifiers={
        "without the off-diagonal part": lambda z: torch.diag(softmax(z) * (1 - softmax(z))),
        "a plus sign": lambda z: torch.diag(softmax(z)) + softmax(z)[:, None] * softmax(z),
        r"$[i = j] - s_j$": lambda z: torch.eye(6, dtype=z.dtype) - softmax(z),
    },
)


def _probabilities(generator: Generator) -> Tensor:
    return torch.softmax(normal(generator, 9, 5), dim=-1)


cross_entropy_slope = Claim(
    label="thm-models-cross-entropy",
    statement=r"The gradient of $-\sum_i y_i \ln s_i$ in $z$ is $s - y$, for every $y$ whose entries add up to 1.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_matches_autograd(cross_entropy, _probabilities),
    formula=cross_entropy_gradient,
    falsifiers={
        r"$y - s$": lambda z, y: y - softmax(z),
        r"$s (s - y)$": lambda z, y: softmax(z) * (softmax(z) - y),
        r"$\sigma(z) - y$": lambda z, y: torch.sigmoid(z) - y,
        r"divided by $K$, as printed": lambda z, y: (softmax(z) - y) / z.shape[-1],
    },
)


def _bends_down(curvature, generator: Generator) -> float:
    z, direction = normal(generator, 30, 4), normal(generator, 30, 4)
    y = torch.nn.functional.one_hot(torch.arange(30) % 4, 4).double()
    found = curvature(z, y)
    second = torch.stack(
        [torch.autograd.functional.hessian(lambda t, k=k: cross_entropy(t, y[k]), z[k]) for k in range(30)]
    )
    along = torch.einsum("ni,nij,nj->n", direction, found, direction)
    return max(relative_gap(found, second), float((-along).clamp(min=0).max()))


cross_entropy_convex = Claim(
    label="prop-models-convex",
    statement=r"The Hessian of the cross entropy in $z$ is $\operatorname{diag}(s) - s s^\top$, without negative "
    "eigenvalues: it is convex.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_bends_down,
    formula=lambda z, y: jacobian_of_softmax(z),
    falsifiers={
        r"$s s^\top - \operatorname{diag}(s)$": lambda z, y: -jacobian_of_softmax(z),
        r"$\operatorname{diag}(s)$": lambda z, y: torch.diag_embed(softmax(z)),
        r"$\operatorname{diag}(s (1 - s))$": lambda z, y: torch.diag_embed(softmax(z) * (1 - softmax(z))),
    },
)


# Vectors and matrices

ERROR = r"$\frac1N \lVert A w - y \rVert^2$"
IDENTITIES = {
    # name: (function of the variable and of a, b, A, which variable, its derivative)
    r"$w^\top x$": (lambda v: v["x"] @ v["a"], "x", lambda v: v["a"]),
    r"$A w$": (lambda v: v["A"] @ v["x"], "x", lambda v: v["A"]),
    r"$a^\top X b$": (lambda v: v["a"] @ v["X"] @ v["b"], "X", lambda v: torch.outer(v["a"], v["b"])),
    r"$b^\top X^\top a$": (lambda v: v["b"] @ v["X"].T @ v["a"], "X", lambda v: torch.outer(v["a"], v["b"])),
    r"$a^\top S a$": (lambda v: v["a"] @ v["S"] @ v["a"], "S", lambda v: torch.outer(v["a"], v["a"])),
    r"$a^\top S^\top a$": (lambda v: v["a"] @ v["S"].T @ v["a"], "S", lambda v: torch.outer(v["a"], v["a"])),
    r"$w^\top S w$": (lambda v: v["x"] @ v["S"] @ v["x"], "x", lambda v: (v["S"] + v["S"].T) @ v["x"]),
    ERROR: (
        lambda v: (v["A"] @ v["x"] - v["y"]).square().mean(),
        "x",
        lambda v: 2 / v["y"].numel() * v["A"].T @ (v["A"] @ v["x"] - v["y"]),
    ),
}


def _all_gradients(table, generator: Generator) -> float:
    p, q, m = (int(size) for size in torch.randint(2, 6, (3,), generator=generator))
    if torch.rand(1, generator=generator) < 0.5:
        q = m = p  # a transposed answer has the right shape then, and has to be wrong by its entries
    shapes = {"x": (p,), "a": (p,), "b": (q,), "A": (m, p), "y": (m,), "X": (p, q), "S": (p, p)}
    values = {name: normal(generator, *shape) for name, shape in shapes.items()}
    worst = 0.0
    for function, variable, derivative in table.values():
        true = autograd(lambda t, f=function, name=variable: f({**values, name: t}), values[variable])
        worst = max(worst, relative_gap(derivative(values), true))
    return worst


def _instead(name: str, derivative):
    function, variable, _ = IDENTITIES[name]
    return {**IDENTITIES, name: (function, variable, derivative)}


matrix_calculus = Claim(
    label="thm-models-matrix-calculus",
    statement=r"The derivatives of $w^\top x$, $Aw$, $a^\top X b$, $b^\top X^\top a$, $a^\top S a$, $a^\top S^\top a$, "
    r"$w^\top S w$ and the mean squared error, as listed; checked at random sizes.",
    source=f"{ANSELMI}; the last two derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_all_gradients,
    formula=IDENTITIES,
    falsifiers={
        r"$w^\top x$: minus": _instead(r"$w^\top x$", lambda v: -v["a"]),
        r"$Aw$: $A^\top$ in this layout": _instead(r"$A w$", lambda v: v["A"].T),
        r"$a^\top X b$: $b a^\top$": _instead(r"$a^\top X b$", lambda v: torch.outer(v["b"], v["a"])),
        r"$b^\top X^\top a$: $b a^\top$": _instead(r"$b^\top X^\top a$", lambda v: torch.outer(v["b"], v["a"])),
        r"$a^\top S a$: $2 a a^\top$": _instead(r"$a^\top S a$", lambda v: 2 * torch.outer(v["a"], v["a"])),
        r"$a^\top S^\top a$: minus": _instead(r"$a^\top S^\top a$", lambda v: -torch.outer(v["a"], v["a"])),
        r"$w^\top S w$: $2 S w$": _instead(r"$w^\top S w$", lambda v: 2 * v["S"] @ v["x"]),
        r"$w^\top S w$: $(S - S^\top) w$": _instead(r"$w^\top S w$", lambda v: (v["S"] - v["S"].T) @ v["x"]),
        "squared error: without the 2": _instead(
            ERROR, lambda v: 1 / v["y"].numel() * v["A"].T @ (v["A"] @ v["x"] - v["y"])
        ),
    },
)


# Layers


def _gradient_of_a_network(gradient, generator: Generator) -> float:
    widths = [int(size) for size in torch.randint(2, 6, (4,), generator=generator)]
    f = random_network(widths, act.tanh, generator=generator)
    x = normal(generator, 3, widths[0])
    found = gradient(f, x)
    parts = (*f.matrices, *f.biases, f.output, x)

    def values(*parts: Tensor) -> Tensor:
        return LayeredNetwork(parts[:3], parts[3:6], parts[6], f.activation)(parts[7])

    true = torch.autograd.functional.jacobian(values, parts)
    pairs = zip((*found.matrices, *found.biases, found.output), true, strict=False)
    inputs = torch.einsum("nnd->nd", true[-1])  # output n depends on input n alone
    return max(relative_gap(found.inputs, inputs), *(relative_gap(one, other) for one, other in pairs))


def _with_slope(slope):
    def wrong(f: LayeredNetwork, x: Tensor) -> Gradient:
        changed = Activation("wrong", f.activation.value, slope)
        return backpropagate(LayeredNetwork(f.matrices, f.biases, f.output, changed), x)

    return wrong


def _signal_in_place_of_delta(f: LayeredNetwork, x: Tensor) -> Gradient:
    right, hidden = backpropagate(f, x), f.hidden(x)
    last = hidden[-2][:, :, None] * f.output.expand(x.shape[0], -1)[:, None, :]
    return Gradient((*right.matrices[:-1], last), right.biases, right.output, right.inputs)


backpropagation = Claim(
    label="thm-models-backprop",
    statement=r"$\partial f / \partial W_\ell = h_{\ell - 1} \delta_\ell^\top$ with $\delta_L = w \odot \sigma'(z_L)$ "
    r"and $\delta_\ell = (W_{\ell + 1} \delta_{\ell + 1}) \odot \sigma'(z_\ell)$; checked at random widths.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_gradient_of_a_network,
    formula=backpropagate,
    falsifiers={
        "slopes left out": _with_slope(torch.ones_like),
        "values in place of slopes": _with_slope(torch.tanh),
        "the last slope left out": _signal_in_place_of_delta,
        "a sign": lambda f, x: backpropagate(LayeredNetwork(f.matrices, f.biases, -f.output, f.activation), x),
    },
)
