"""Where to compute: CUDA where there is one, then Apple's MPS, then the CPU."""

from __future__ import annotations

import platform

import torch

ORDER = ("cuda", "mps", "cpu")


def available() -> list[str]:
    """The kinds of device this machine has, best first; the CPU is always last."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [kind for kind in ORDER if present[kind]]


def pick(prefer: str | None = None, *, dtype: torch.dtype = torch.float64) -> torch.device:
    """The device to compute on: `prefer` where given, else the best one that can hold `dtype`.

    MPS has no float64: it is passed over where float64 is wanted, and asking for it by name is a ValueError, as is
    asking for a device that is not there.
    """
    if prefer is None:
        return torch.device(next(kind for kind in available() if kind != "mps" or dtype != torch.float64))
    if prefer not in ORDER:
        raise ValueError(f"prefer: expected one of {', '.join(ORDER)}, got {prefer!r}")
    if prefer not in available():
        raise ValueError(f"prefer: this machine has no {prefer}, it has {', '.join(available())}")
    if prefer == "mps" and dtype == torch.float64:
        raise ValueError("dtype: MPS cannot compute in float64; ask for float32, or for the CPU")
    return torch.device(prefer)


def describe(device: torch.device | str) -> str:
    """One line for the reader: which device, by its name, and with how many threads on a CPU."""
    device = torch.device(device)
    if device.type == "cuda":
        return f"CUDA: {torch.cuda.get_device_name(device)}"
    if device.type == "mps":
        return f"MPS: {platform.processor() or 'Apple GPU'}"
    threads = torch.get_num_threads()
    return f"CPU: {platform.machine()}, {threads} thread{'s' if threads > 1 else ''}"
