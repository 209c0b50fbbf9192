"""How much a submission may take of the machine."""

from __future__ import annotations

from dataclasses import dataclass, fields

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Seconds are of the clock on the wall, sizes in bytes.

    cell_seconds: for one code cell, after which it is interrupted and the next one runs; notebook_seconds: for all
    of them together, after which the process is killed; call_seconds: for one call of a student's function by a test;
    test_seconds: for one test cell. memory: of one process, and of all together; disk: of the throwaway folder;
    file: of one file; output: of what is kept of everything printed; message: of one value between processes.
    """

    cell_seconds: float = 60.0
    notebook_seconds: float = 240.0
    call_seconds: float = 20.0
    test_seconds: float = 60.0
    memory: int = 3072 * MIB
    processes: int = 48
    disk: int = 256 * MIB
    file: int = 64 * MIB
    output: int = MIB // 16
    message: int = 64 * MIB

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"{field.name}: expected a positive number, got {getattr(self, field.name)}")
