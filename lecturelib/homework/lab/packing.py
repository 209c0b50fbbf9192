"""A lab as a folder and as a zip file: the notebook beside the data it reads. The same lab gives the same bytes."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from lecturelib.homework.lab.lab import Lab

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The date of all files within a zip file, so that it says nothing about when it was made."""
READABLE = 0o644 << 16


def student_files(lab: Lab, notebook: bytes) -> dict[str, bytes]:
    """Path within the folder of the lab → content."""
    data = {path.as_posix(): (lab.path.parent / path).read_bytes() for path in lab.data}
    return {f"{lab.name}.ipynb": notebook, **data}


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """The files as a zip file, in one folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", LONG_AGO)
            entry.external_attr = READABLE
            entry.create_system = 3  # Unix, on every machine that makes it
            packed.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files into a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def write(target: Path, name: str, files: Mapping[str, bytes]) -> list[Path]:
    """Write the folder `target`/`name` anew, and `target`/`name`.zip; the paths of both."""
    folder, archive = target / name, target / f"{name}.zip"
    shutil.rmtree(folder, ignore_errors=True)
    lay_out(folder, files)
    archive.write_bytes(zipped(files, name))
    return [folder, archive]


def remove(target: Path, name: str) -> None:
    """Undo `write`."""
    shutil.rmtree(target / name, ignore_errors=True)
    (target / f"{name}.zip").unlink(missing_ok=True)
