"""Training a generator against a discriminator, many pairs at once, compiled or in torch by the same steps."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from lecturelib.core.arguments import Array, Count, Device, Natural, NonNegative, Positive, Precision, Share, checked
from lecturelib.core.kinds import Number, Several
from lecturelib.core.small_networks import Activation, Layout, Optimizer, Rule, room, side_by_side, streams
from lecturelib.generative.adversarial.mixtures import GaussianMixture, covered_modes

Method = Literal["simultaneous", "alternating", "follow_the_ridge"]
Saturation = Literal["saturating", "non_saturating"]
Solve = Literal["squared", "shifted"]
METHODS, SOLVES = get_args(Method), get_args(Solve)  # numbered as in lecturelib.generative.adversarial.steps
_SIZE = Number("an integer, at least 1", least=1, whole=True)
Hidden = Annotated[Any, Several("widths of hidden layers, integers of at least 1", _SIZE, fewest=1, alone=True)]
_NUMBERS = 2**18  # random numbers drawn at a time, for one pair: they stay in the cache until they are used


class Plan(NamedTuple):
    """What to do with all pairs: what `train_gan` was told, with layouts for sizes. ends: of pieces, from 0 on."""

    method: str
    saturating: bool
    d_steps: int
    rule: Rule
    rates: tuple[float, float]
    ridge: tuple[str, float, int]
    latent_scale: float
    batch: int
    networks: tuple[Layout, Layout]
    ends: list[int]
    marks: list[int]


class GanRun(NamedTuple):
    """What `train_gan` recorded, of M pairs at R steps.

    steps: their numbers; value: V on as many real points as samples, (R, M); g_losses: the loss of G there, (R, M);
    samples: G at latent points that stay the same, (R, M, S, d); hit, well: modes of the data that these cover, (R, M),
    None where the data are points; g, d: layouts, with g_parameters (R, M, P) and d_parameters (R, M, Q): for example
    `run.g.outputs(run.g_parameters[-1], z)`; latents: where the samples are from, (M, S, latent); broken: the share of
    steps at which conjugate gradients met no positive curvature, (M,).
    """

    steps: list[int]
    value: Tensor
    g_losses: Tensor
    samples: Tensor
    hit: Tensor | None
    well: Tensor | None
    g: Layout
    d: Layout
    g_parameters: Tensor
    d_parameters: Tensor
    latents: Tensor
    broken: Tensor


class Source:
    """Random points for one pair: real ones, (T, I, d, B), and latent ones, (T, J, latent, B), for T steps."""

    def __init__(
        self, data: GaussianMixture | Tensor, plan: Plan, stream: np.random.Generator, dtype: np.dtype
    ) -> None:
        # one stream for each kind of draw, so that it does not matter in how many pieces they are drawn
        self.picking, self.scatter, self.inputs = stream.spawn(3)
        self.dtype, self.batch = dtype, plan.batch
        self.latent, self.scale = plan.networks[0].sizes[0], plan.latent_scale
        self.rounds = (plan.d_steps, plan.d_steps + 1) if plan.method == "alternating" else (1, 1)
        self.means = (data.means if isinstance(data, GaussianMixture) else data).cpu().numpy().astype(dtype)
        self.scales = data.scales.cpu().numpy().astype(dtype) if isinstance(data, GaussianMixture) else None
        self.cuts = data.shares.cumsum(0)[:-1].cpu().numpy() if isinstance(data, GaussianMixture) else None

    def real(self, *shape: int) -> np.ndarray:
        """Points of the data, (T, I, d, B) for a shape (T, I, B): from the mixture, or any of the given ones."""
        from lecturelib.generative.adversarial.draws import gathered, scattered

        points = np.empty((*shape[:-1], self.means.shape[1], shape[-1]), self.dtype)
        if self.scales is None:
            gathered(self.picking.integers(len(self.means), size=shape), self.means, points)
        else:
            normal = self.scatter.standard_normal((*shape, self.means.shape[1]), dtype=self.dtype)
            scattered(self.picking.random(shape), self.cuts, self.means, self.scales, normal, points)
        return points

    def noise(self, *shape: int) -> np.ndarray:
        """Latent points, normal numbers times their scale."""
        found = self.inputs.standard_normal(shape, dtype=self.dtype)
        return np.multiply(found, self.dtype.type(self.scale), out=found)

    def draw(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Latent and real points for so many steps."""
        noise = self.noise(steps, self.rounds[1], self.latent, self.batch)
        return noise, self.real(steps, self.rounds[0], self.batch)


@checked
def train_gan(
    data: GaussianMixture | Annotated[Array, "N d"], *, g_sizes: Hidden = 128, d_sizes: Hidden = 128, latent: Count = 2,
    method: Method = "simultaneous", d_steps: Count = 1, optimizer: Optimizer = "sgd", learning_rate: Positive = 1e-3,
    d_learning_rate: Positive | None = None, momentum: Share | None = None, decay: Share | None = None,
    damping: NonNegative = 1.0, solve: Solve = "squared", solve_steps: Count = 5, loss: Saturation = "saturating",
    steps: Natural, batch: Count = 128, latent_scale: Positive = 1.0, activation: Activation = "relu",
    ensemble: Count = 1, samples: Count = 2000, generator: Generator, record_every: Count | None = None,
    dtype: Precision = torch.float64, device: Device | None = None,
) -> GanRun:  # fmt: skip
    """Play min_G max_D V = E ln D(x) + E ln(1 − D(G(z))) with `ensemble` pairs of networks, each with draws of its own.

    data: a distribution, with fresh points for every batch, or N points. g_sizes, d_sizes: widths of hidden layers;
    latent: dimensions of z, normal with standard deviation latent_scale. Weights start as `Layout.start` says.

    method: "simultaneous", both step from where both are; "alternating", d_steps of D, then one of G, each with fresh
    points; "follow_the_ridge", simultaneous, where D moves by a further −H⁻¹ (∂²L/∂D∂G) Δ: L = −V, H is its second
    derivative for D, and Δ the step of G, whatever optimizer made it (Wang, Zhang, Ba 2020). The inverse is found by at
    most solve_steps of conjugate gradients with exact products: "squared" takes (H² + damping) w = H b, whose matrix is
    never negative; "shifted" takes (H + damping) w = b, which is meaningless where D is not near a maximum: H then has
    negative eigenvalues larger than the damping. Where conjugate gradients meet a direction without positive
    curvature they stop, and `GanRun.broken` counts it.

    loss: of G, "saturating" E ln(1 − D), or "non_saturating" −E ln D. optimizer: as in torch.optim, with `momentum` (of
    Adam, the first decay) and `decay` (of RMSprop and Adam) instead of torch's constants; Adam with momentum=0 is
    RMSprop with bias correction. Records the start, each `record_every`-th step, and the end. Without a device it runs
    compiled, pairs side by side on all cores; with one in torch, all pairs at once, from the same draws. A pair that
    diverges goes on, as NaN. Raises ValueError where all pairs do, and for d_steps > 1 where none alternate.

    >>> run = train_gan(GaussianGrid(2), g_sizes=8, d_sizes=8, steps=20, generator=torch.Generator().manual_seed(0))
    >>> run.samples.shape
    torch.Size([2, 1, 2000, 2])
    """
    if d_steps > 1 and method != "alternating":
        raise ValueError(f"d_steps: expected 1 unless the method is alternating, got {d_steps}")
    mixture = isinstance(data, GaussianMixture)
    dimensions = (data.means if mixture else data).shape[1]
    g, d = Layout((latent, *g_sizes, dimensions), activation), Layout((dimensions, *d_sizes, 1), activation)
    marks = sorted({*range(0, steps, record_every or max(steps, 1)), steps})
    longest = max(1, _NUMBERS // (batch * (latent + dimensions) * (d_steps + 1)))
    plan = Plan(
        method, loss == "saturating", d_steps, Rule.of(optimizer, momentum, decay),
        (learning_rate, d_learning_rate or learning_rate), (solve, damping, solve_steps), latent_scale, batch, (g, d),
        sorted({*marks, *range(0, steps, longest)}), marks,
    )  # fmt: skip
    found, broken, unseen = trained(data, plan, ensemble, generator, dtype, device)
    finite = [one.isfinite().all(-1) for one in found]
    if not bool((finite[0] & finite[1]).all(0).any()):
        raise ValueError("learning_rate: expected one at which training stays finite, all pairs diverged")
    return recorded(data, plan, found, unseen, samples, broken / max(steps, 1))


def trained(
    data: GaussianMixture | Tensor, plan: Plan, ensemble: int, generator: Generator, dtype: torch.dtype,
    device: torch.device | str | None,
) -> tuple[tuple[Tensor, Tensor], Tensor, list[Source]]:  # fmt: skip
    """Parameters of G and of D, (R, M, P) and (R, M, Q), how often solves broke, (M,), and sources of other points."""
    start = tuple(one.start(ensemble, generator=generator, dtype=dtype) for one in plan.networks)
    number = start[0].numpy().dtype
    drawn, unseen = ([Source(data, plan, one, number) for one in streams(generator, ensemble)] for _ in range(2))
    if device is None:
        return *on_cores(start, drawn, plan), unseen
    from lecturelib.generative.adversarial.in_torch import in_torch

    return *in_torch(start, drawn, plan, device), unseen


def recorded(
    data: GaussianMixture | Tensor, plan: Plan, found: tuple[Tensor, Tensor], sources: list[Source], samples: int,
    broken: Tensor,
) -> GanRun:  # fmt: skip
    """What pairs with these parameters, (R, M, P) and (R, M, Q), do at points that stay the same."""
    g, d = plan.networks
    latents = torch.from_numpy(np.stack([one.noise(samples, g.sizes[0]) for one in sources])).to(found[0].device)
    real = torch.from_numpy(np.stack([one.real(1, 1, samples)[0, 0] for one in sources])).mT.to(latents)
    made = torch.stack([g.outputs(one, latents) for one in found[0]])
    logits = [torch.stack([d.outputs(*pair)[..., 0] for pair in zip(found[1], x, strict=True)])
              for x in (real.expand(len(plan.marks), *real.shape), made)]  # fmt: skip
    away = functional.softplus(logits[1]).mean(-1)
    value = -functional.softplus(-logits[0]).mean(-1) - away
    g_losses = -away if plan.saturating else functional.softplus(-logits[1]).mean(-1)
    hit, well = None, None
    if isinstance(data, GaussianMixture):
        covered = covered_modes(made.nan_to_num(torch.inf, torch.inf, -torch.inf).clamp(-1e9, 1e9), data)
        hit, well = covered.hit, covered.well
    return GanRun(plan.marks, value, g_losses, made, hit, well, g, d, *found, latents, broken)


def on_cores(start: tuple[Tensor, Tensor], sources: list[Source], plan: Plan) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Parameters of G and of D, (R, M, P) and (R, M, Q), and how often solves broke, (M,): one pair on one core."""
    from lecturelib.core.shallow_steps import order, quick  # here, since loading the compiler takes a second
    from lecturelib.generative.adversarial.steps import play

    members, dtype = len(sources), sources[0].dtype
    shallow = all(quick(one) for one in plan.networks)
    orders = [order(one.sizes) if shallow else np.arange(one.count) for one in plan.networks]
    kept = [np.zeros((len(plan.marks), *one.shape), dtype) for one in start]
    nets = (*(np.array(one.sizes) for one in plan.networks), plan.networks[0].kind)
    ridge = (SOLVES.index(plan.ridge[0]), *plan.ridge[1:])

    def one(member: int) -> int:
        now = [theta[member].numpy()[way] for theta, way in zip(start, orders, strict=True)]
        means = tuple(np.zeros((2, one.size), dtype) for one in now)
        vectors = tuple(np.zeros((count, one.size), dtype) for count, one in zip((3, 8), now, strict=True))
        rooms, broken = rooms_for(plan, dtype, shallow), 0
        for place in range(len(plan.ends)):
            begin, end = plan.ends[max(place - 1, 0)], plan.ends[place]
            if end > begin:
                broken += play(
                    METHODS.index(plan.method), plan.saturating, *now, means, *sources[member].draw(end - begin), nets,
                    plan.rule.numbers, plan.rates, ridge, begin, *rooms, vectors,
                )  # fmt: skip
            if end in plan.marks:
                for into, theta, way in zip(kept, now, orders, strict=True):
                    into[plan.marks.index(end), member][way] = theta
        return broken

    broken = side_by_side(one, members)
    return tuple(map(torch.from_numpy, kept)), torch.tensor(broken, dtype=torch.float64)


def rooms_for(plan: Plan, dtype: np.dtype, shallow: bool) -> tuple[tuple | None, tuple | None]:
    """Room for `deep` or for `shallow`, and None for the other."""
    from lecturelib.core.shallow_steps import room_for

    each = list(zip(plan.networks, (plan.batch, 2 * plan.batch), strict=True))
    if not shallow:
        return tuple(room(layout, points, dtype, 4) for _ in range(2) for layout, points in each), None
    turns = plan.method == "follow_the_ridge"
    return None, tuple(room_for(layout.sizes, points, dtype, turns=turns) for layout, points in each)
