"""Games of two players, min_x max_y f(x, y): ways to play them, and what is stable under which.

A point is z = (x, y), shape (n + m,); leading dimensions are an ensemble. H is the second derivative of f, with the
blocks H_xx, H_xy, H_yx, H_yy, and v = (−∇_x f, ∇_y f) is the direction of descent and ascent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.func import grad, hessian, jacfwd, jvp, vmap

from lecturelib.core.arguments import Array, Natural, NonNegative, Positive, PositiveVector, broadcast, checked
from lecturelib.core.kinds import Number, Several

Way = Literal[
    "simultaneous", "alternating", "extragradient", "optimistic", "consensus", "follow_the_ridge"
]  # fmt: skip
Solve = Literal["squared", "shifted"]
_SIZE = Number("an integer, at least 1", least=1, whole=True)
Pair = Annotated[Any, Several("the sizes of x and of y, integers of at least 1", _SIZE, count=2)]


class Blocks(NamedTuple):
    """∇f, (..., n + m), and H_xx (..., n, n), H_xy (..., n, m), H_yy (..., m, m)."""

    gradient: Tensor
    xx: Tensor
    xy: Tensor
    yy: Tensor

    @property
    def schur(self) -> Tensor:
        """H_xx − H_xy H_yy⁻¹ H_yx, (..., n, n): the second derivative of f along the ridge y = r(x)."""
        return self.xx - self.xy @ torch.linalg.solve(self.yy, self.xy.mT)


@checked
@dataclass(frozen=True)
class Game:
    """min_x max_y f(x, y), for f of torch's functions: x of shape (n,) and y of shape (m,) give one number.

    What f returns is added up, so that a formula for numbers serves as it is. sizes: (n, m).

    >>> game = Game(lambda x, y: -3 * x**2 - y**2 + 4 * x * y)
    >>> game.play([1.0, 0.0], method="simultaneous", learning_rate=0.1, steps=1)
    tensor([[1.0000, 0.0000],
            [1.6000, 0.4000]], dtype=torch.float64)
    >>> game.blocks([0.0, 0.0]).schur
    tensor([[2.]], dtype=torch.float64)
    >>> game.value([1.0, 2.0])
    tensor(1., dtype=torch.float64)
    """

    f: Callable[[Tensor, Tensor], Tensor]
    sizes: Pair = (1, 1)

    @property
    def count(self) -> int:
        """n + m."""
        return sum(self.sizes)

    def _at(self, z: Tensor) -> Tensor:
        """f at one point, without a check: what torch differentiates."""
        return self.f(z[: self.sizes[0]], z[self.sizes[0] :]).sum()

    def _flat(self, name: str, points: Tensor) -> Tensor:
        if points.ndim == 0 or points.shape[-1] != self.count:
            raise ValueError(f"{name}: expected {self.count} numbers for each point, got shape {tuple(points.shape)}")
        return points.reshape(-1, self.count).double()

    @checked
    def value(self, points: Array) -> Tensor:
        """f at points, (..., n + m) → (...). Raises ValueError for another number of coordinates."""
        return vmap(self._at)(self._flat("points", points)).reshape(points.shape[:-1])

    @checked
    def blocks(self, points: Array) -> Blocks:
        """The gradient and the blocks of H at points, (..., n + m). Raises ValueError for other shapes."""
        flat, shape, n = self._flat("points", points), points.shape[:-1], self.sizes[0]
        h = vmap(hessian(self._at))(flat).reshape(*shape, self.count, self.count)
        gradient = vmap(grad(self._at))(flat).reshape(points.shape)
        return Blocks(gradient, h[..., :n, :n], h[..., :n, n:], h[..., n:, n:])

    @checked
    def play(
        self, start: Array, *, method: Way, learning_rate: Positive, steps: Natural, ratio: Positive = 1.0,
        scales: PositiveVector | None = None, damping: NonNegative = 0.0, solve: Solve = "squared",
        strength: NonNegative = 1.0,
    ) -> Tensor:  # fmt: skip
        """The points from start, (..., n + m), on: (steps + 1, ..., n + m). What diverges is not stopped.

        Each coordinate has the rate learning_rate · scales, and those of y `ratio` times that: two time scales, and
        with scales (n + m,) a diagonal preconditioner. With v = (−∇_x f, ∇_y f):

        simultaneous z + η v; alternating, y sees the new x; extragradient z + η v(z + η v); optimistic z + η (2 v − u),
        u the v of the last step; consensus z + η (v − strength · ∇½‖v‖²) (Mescheder et al. 2017); follow_the_ridge:
        simultaneous, and y moves by a further −H_yy⁻¹ H_yx Δx (Wang, Zhang, Ba 2020). With damping λ its inverse is
        (H_yy² + λ)⁻¹ H_yy, "squared", or −(λ − H_yy)⁻¹, "shifted". Where the matrix is singular, points are not finite.
        Raises ValueError for other shapes.
        """
        state = self._flat("start", start)
        move = self._move(method, learning_rate, ratio, scales, damping, solve, strength)
        if method == "optimistic":
            state = torch.cat([state, vmap(self._direction)(state)], -1)
        path = [state]
        for _ in range(steps):
            path.append(vmap(move)(path[-1]))
        return torch.stack(path)[..., : self.count].reshape(steps + 1, *start.shape)

    def _direction(self, z: Tensor) -> Tensor:
        slope, n = grad(self._at)(z), self.sizes[0]
        return torch.cat([-slope[:n], slope[n:]])

    def _move(
        self, method: str, rate: float, ratio: float, scales: Tensor | None, damping: float, solve: str, strength: float
    ) -> Callable[[Tensor], Tensor]:
        """One step as a function of a state: of z, or for the optimistic one of (z, v before)."""
        n, v = self.sizes[0], self._direction
        clocks = torch.ones(self.count, dtype=torch.float64)
        clocks[n:] = ratio
        eta = rate * clocks * (1.0 if scales is None else broadcast("scales", scales, (self.count,)))
        first = torch.arange(self.count) < n

        def simultaneous(z: Tensor) -> Tensor:
            return z + eta * v(z)

        def alternating(z: Tensor) -> Tensor:
            ahead = torch.where(first, z + eta * v(z), z)
            return torch.where(first, ahead, z + eta * v(ahead))

        def extragradient(z: Tensor) -> Tensor:
            return z + eta * v(z + eta * v(z))

        def optimistic(state: Tensor) -> Tensor:
            z, before = state[: self.count], state[self.count :]
            now = v(z)
            return torch.cat([z + eta * (2 * now - before), now])

        def consensus(z: Tensor) -> Tensor:
            slope = grad(self._at)(z)
            return z + eta * (v(z) - strength * jvp(grad(self._at), (z,), (slope,))[1])

        def follow_the_ridge(z: Tensor) -> Tensor:
            step, h = eta * v(z), hessian(self._at)(z)
            drag, yy = h[n:, :n] @ step[:n], h[n:, n:]
            eye = torch.eye(len(drag), dtype=z.dtype)
            if damping == 0:
                back = torch.linalg.solve_ex(yy, drag).result
            elif solve == "squared":
                back = torch.linalg.solve_ex(yy @ yy + damping * eye, yy @ drag).result
            else:
                back = -torch.linalg.solve_ex(damping * eye - yy, drag).result
            return z + torch.cat([step[:n], step[n:] - back])

        return {
            "simultaneous": simultaneous, "alternating": alternating, "extragradient": extragradient,
            "optimistic": optimistic, "consensus": consensus, "follow_the_ridge": follow_the_ridge,
        }[method]  # fmt: skip


@checked
def spectrum(
    game: Game, point: Array, *, method: Way, learning_rate: Positive, ratio: Positive = 1.0,
    scales: PositiveVector | None = None, damping: NonNegative = 0.0, solve: Solve = "squared",
    strength: NonNegative = 1.0,
) -> Tensor:  # fmt: skip
    """Eigenvalues of one step's derivative at stationary points, (..., n + m) → (..., K), complex, largest |·| first.

    A stationary point is stable if all are smaller than 1. Settings as in `Game.play`; the optimistic step also
    remembers a direction, so that K = 2 (n + m), else K = n + m. Raises ValueError for other shapes.

    >>> spectrum(Game(lambda x, y: x * y), [0.0, 0.0], method="simultaneous", learning_rate=0.5).abs()
    tensor([1.1180, 1.1180], dtype=torch.float64)
    """
    flat = game._flat("point", point)
    move = game._move(method, learning_rate, ratio, scales, damping, solve, strength)
    if method == "optimistic":
        flat = torch.cat([flat, vmap(game._direction)(flat)], -1)
    found = torch.linalg.eigvals(vmap(jacfwd(move))(flat))
    order = torch.argsort(found.abs(), dim=-1, descending=True, stable=True)
    return found.gather(-1, order).reshape(*point.shape[:-1], -1)


@checked
def is_local_minimax(game: Game, point: Array, *, tolerance: Positive = 1e-8) -> Tensor:
    """Do the conditions of a strict local minimax point hold: ∇f = 0, H_yy negative, its Schur complement positive?

    Shape (..., n + m) → (...), of bool. They suffice; they are also necessary where both matrices are invertible.
    Numbers below `tolerance` count as 0. Raises ValueError for other shapes.

    >>> game = Game(lambda x, y: -3 * x**2 - y**2 + 4 * x * y)
    >>> is_local_minimax(game, [[0.0, 0.0], [1.0, 0.0]])
    tensor([ True, False])
    """
    game._flat("point", point)
    parts = game.blocks(point)
    still = parts.gradient.abs().amax(-1) <= tolerance
    top = torch.linalg.eigvalsh(parts.yy).amax(-1) < -tolerance
    inner = torch.linalg.solve_ex(parts.yy, parts.xy.mT).result
    schur = (parts.xx - parts.xy @ inner).nan_to_num(0.0, 0.0, 0.0)
    return still & top & (torch.linalg.eigvalsh(schur).amin(-1) > tolerance)


@checked
def small_game(name: Literal["left", "loved", "turning", "hill"]) -> Game:
    """Games of two numbers that are minimax, or are not, at (0, 0).

    left: −3x² − y² + 4xy, a local minimax point that descent-ascent leaves. loved: 3x² + y² + 4xy, none, where
    descent-ascent arrives. turning: xy. hill: (0.4x² − 0.1(y − 3x + 0.05x³)² − 0.01y⁴) e^{−0.01(x² + y²)}, of Wang,
    Zhang and Ba (2020).

    >>> small_game("turning").value([2.0, 3.0])
    tensor(6., dtype=torch.float64)
    """
    return Game({
        "left": lambda x, y: -3 * x**2 - y**2 + 4 * x * y,
        "loved": lambda x, y: 3 * x**2 + y**2 + 4 * x * y,
        "turning": lambda x, y: x * y,
        "hill": lambda x, y: (0.4 * x**2 - 0.1 * (y - 3 * x + 0.05 * x**3) ** 2 - 0.01 * y**4)
        * torch.exp(-0.01 * (x**2 + y**2)),
    }[name])  # fmt: skip
