"""The notebooks in a folder as it came from a learning system, also those in zip files, read with suspicion.

Nothing is ever written: files of zips are read into memory, within limits. Links that lead out of the folder, and
zips with paths that lead out of theirs, are refused whole, with a reason.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from lecturelib.homework.grading.reading import LARGEST

MOST_OF_ONE, MOST_OF_ALL = 256 << 20, 4096 << 20
"""Bytes that are unpacked of one zip file of a student, and of the whole class's."""
DEEPEST = 3
"""Zips within zips are opened so deep."""
MOST_MEMBERS = 10_000
_RENAMED = (".json", ".txt", ".ipynb_", "")
"""Endings that browsers, systems and people give to notebooks."""
_PASSED_OVER = {".ipynb_checkpoints", "__MACOSX", ".git"}


@dataclass(frozen=True)
class Found:
    """A notebook: where (the parts of its path, zips like folders), its bytes or the problem with it, and its time.

    other: it has another name than notebooks have; its bytes are there where it may be one all the same.
    """

    parts: tuple[str, ...]
    content: bytes = b""
    problem: str = ""
    time: datetime | None = None
    other: bool = False


def notebooks(folder: Path) -> Iterator[Found]:
    """Every notebook below the folder, or in the zip file, in the order of paths, and every other file.

    Raises NotADirectoryError where there is neither.
    """
    if folder.suffix.lower() == ".zip" and folder.is_file():
        yield from _of_zip(folder, (), DEEPEST, [MOST_OF_ALL])
        return
    if not folder.is_dir():
        raise NotADirectoryError(f"there is no folder {folder}")
    root = folder.resolve()
    for at, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in _PASSED_OVER)
        links = [name for name in names if os.path.islink(os.path.join(at, name))]
        for name in sorted(files + links):
            yield from _of_path(Path(at, name), root)


def _of_path(path: Path, root: Path) -> Iterator[Found]:
    parts = path.relative_to(root).parts
    other = path.suffix.lower() not in (".ipynb", ".zip")
    if path.is_symlink() and not path.resolve().is_relative_to(root):
        yield Found(parts, problem="a link that leads out of the folder of submissions")
        return
    if not path.is_file():  # a link to a folder inside, which is walked by itself, or a pipe, or a device
        return
    information = path.stat()
    time = datetime.fromtimestamp(information.st_mtime, UTC)
    if path.suffix.lower() == ".zip":
        yield from _of_zip(path, parts, DEEPEST, [MOST_OF_ALL])
    elif other and (path.suffix.lower() not in _RENAMED or information.st_size > LARGEST):
        yield Found(parts, time=time, other=True)
    elif information.st_size > LARGEST:
        yield Found(
            parts, problem=f"the file has {information.st_size >> 20} MiB: expected at most {LARGEST >> 20}", time=time
        )
    else:
        yield Found(parts, path.read_bytes(), time=time, other=other)


def _of_zip(file: Path | io.BytesIO, parts: tuple[str, ...], deep: int, left: list[int]) -> Iterator[Found]:
    """`left`: bytes that may still be unpacked, counted down."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if problem := _problem(members):
                yield Found(parts or ("the zip",), problem=problem)
                return
            if all(member.is_dir() for member in members):
                yield Found(parts, other=True)
            for member in sorted(members, key=lambda one: one.filename):
                yield from _of_member(archive, member, parts, deep, left)
                if left[0] < 0:
                    return
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        yield Found(parts or ("the zip",), problem=f"the zip cannot be read: {str(error)[:200]}")


def _of_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, parts: tuple[str, ...], deep: int, left: list[int]
) -> Iterator[Found]:
    inner = PurePosixPath(member.filename)
    if member.is_dir() or _PASSED_OVER & set(inner.parts):
        return
    other = inner.suffix.lower() not in (".ipynb", ".zip")
    if other and (inner.suffix.lower() not in _RENAMED or member.file_size > LARGEST):
        yield Found((*parts, *inner.parts), other=True)
        return
    with archive.open(member) as opened:
        content = opened.read(LARGEST + 1)  # what is there decides, not what the directory announces
    left[0] -= len(content)
    if left[0] < 0:
        yield Found((*parts, *inner.parts), problem="the zip holds more than can be unpacked")
    elif len(content) > LARGEST:
        yield Found((*parts, *inner.parts), problem=f"more than {LARGEST >> 20} MiB when unpacked")
    elif inner.suffix.lower() == ".zip":
        if deep > 1:
            inside = [min(left[0], MOST_OF_ONE)]
            yield from _of_zip(io.BytesIO(content), (*parts, *inner.parts), deep - 1, inside)
        else:
            yield Found((*parts, *inner.parts), problem=f"zips within zips, more than {DEEPEST} deep")
    else:
        year, month, day, hour, minute, second = member.date_time
        time = datetime(year, month, day, hour, minute, min(second, 59)).astimezone()
        yield Found((*parts, *inner.parts), content, time=time, other=other)


def _problem(members: list[zipfile.ZipInfo]) -> str:
    """Why a zip is refused whole: nobody packs such paths by accident."""
    if len(members) > MOST_MEMBERS:
        return f"the zip holds {len(members)} files: expected at most {MOST_MEMBERS}"
    for member in members:
        name = member.filename.replace("\\", "/")
        path = PurePosixPath(name)
        if path.is_absolute() or name[1:2] == ":":
            return f"the zip holds an absolute path, {name[:80]!r}; nothing in it was read"
        if ".." in path.parts:
            return f"the zip holds a path to a parent folder, {name[:80]!r}; nothing in it was read"
        if stat.S_ISLNK(member.external_attr >> 16):
            return f"the zip holds a link, {name[:80]!r}; nothing in it was read"
    return ""
