"""The steps of `train_gan` in torch, for all pairs at once and on any device, with derivatives by autograd."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus


def d_loss(networks, g: Tensor, d: Tensor, noise: Tensor, real: Tensor) -> Tensor:
    """L = −V for each pair, (M,)."""
    made = networks[0].outputs(g, noise)
    return softplus(-networks[1].outputs(d, real)).mean((1, 2)) + softplus(networks[1].outputs(d, made)).mean((1, 2))


def g_loss(networks, g: Tensor, d: Tensor, noise: Tensor, saturating: bool) -> Tensor:
    """Loss of each generator, (M,)."""
    logits = networks[1].outputs(d, networks[0].outputs(g, noise))
    return (-softplus(logits) if saturating else softplus(-logits)).mean((1, 2))


def correction(slope: Tensor, g: Tensor, d: Tensor, shift: Tensor, ridge: tuple) -> tuple[Tensor, Tensor]:
    """H⁻¹ (∂²L/∂D∂G) shift, damped, as `lecturelib.generative.adversarial.steps` finds it, and whether it broke, (M,).

    slope: ∂L/∂d for each pair, (M, Q), with its graph, at g and d.
    """
    solve, damping, most = ridge
    probe = torch.ones_like(slope, requires_grad=True)  # the derivative of a derivative by g along `shift`: twice back
    back, turned = torch.autograd.grad(slope, (g, d), probe, create_graph=True)
    (b,) = torch.autograd.grad(back, probe, shift, retain_graph=True)

    def curve(way: Tensor) -> Tensor:
        return torch.autograd.grad(turned, probe, way, retain_graph=True)[0]

    def matrix(way: Tensor) -> Tensor:
        return (curve(curve(way)) if solve == "squared" else curve(way)) + damping * way

    r = curve(b) if solve == "squared" else b
    w, p, size = torch.zeros_like(r), r, r.square().sum(1)
    broken, done, least = torch.zeros(len(r), dtype=torch.bool, device=r.device), size <= 0, 1e-24 * size
    for _ in range(most):
        q = matrix(p)
        curvature = (p * q).sum(1)
        broken |= ~done & ~(curvature > 0)
        done |= broken
        step = torch.where(done, 0, size / torch.where(done, 1, curvature))[:, None]
        w, r = w + step * p, r - step * q
        new = r.square().sum(1)
        p = torch.where(done[:, None], p, r + (new / torch.where(done, 1, size))[:, None] * p)
        size = new
        done |= size <= least
    return w, broken


def in_torch(start, sources, plan, device) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Parameters of G and of D, (R, M, P) and (R, M, Q), and how often solves broke, (M,)."""
    g, d = (theta.to(device) for theta in start)
    means = [[torch.zeros_like(theta) for _ in range(2)] for theta in (g, d)]
    kept, broken, nets, rule = [(g, d)], torch.zeros(len(g), device=g.device), plan.networks, plan.rule
    alternating = plan.method == "alternating"
    for begin, end in pairwise(plan.ends):
        noise, real = (torch.from_numpy(np.stack(one)).to(device).mT
                       for one in zip(*(source.draw(end - begin) for source in sources), strict=True))  # fmt: skip
        for step in range(begin, end):
            z, x, number = noise[:, step - begin], real[:, step - begin], step + 1
            for k in range(plan.d_steps if alternating else 0):
                moving = d.detach().requires_grad_()
                (slope,) = torch.autograd.grad(d_loss(nets, g, moving, z[:, k], x[:, k]).sum(), moving)
                d = rule.step(d, slope, means[1], plan.rates[1], plan.d_steps * step + k + 1)
            ours, theirs = g.detach().requires_grad_(), d.detach().requires_grad_()
            (slope,) = torch.autograd.grad(g_loss(nets, ours, theirs, z[:, -1], plan.saturating).sum(), ours)
            ahead = rule.step(g, slope, means[0], plan.rates[0], number)
            if not alternating:
                ridge = plan.method == "follow_the_ridge"
                value = d_loss(nets, ours, theirs, z[:, 0], x[:, 0]).sum()
                (slope,) = torch.autograd.grad(value, theirs, create_graph=ridge)
                d = rule.step(d, slope.detach(), means[1], plan.rates[1], number)
                if ridge:
                    w, lost = correction(slope, ours, theirs, ahead - g, plan.ridge)
                    d, broken = d - w, broken + lost
            g = ahead
        if end in plan.marks:
            kept.append((g, d))
    return tuple(torch.stack(one).detach() for one in zip(*kept, strict=True)), broken.double()
