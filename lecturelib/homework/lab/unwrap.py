"""Everything that can be read in a file: as it stands, with escapes undone, and what is packed into it."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

_DROPPED = b" \t\r\n\f\v\"'`\\"
# as JSON writes breaks, and spaces of other kinds in UTF-8
_BREAK = re.compile(rb"\\+[nrt]|\xc2[\xa0\xad]|\xe2\x80[\x80-\x8f\xaf]")
_TAG = re.compile(rb"<[^<>]{0,2000}>")
_CODE_POINT = re.compile(rb"\\u([0-9a-fA-F]{4})")
_DATA = re.compile(rb"base64,([A-Za-z0-9+/=]{24,})")


def normal(text: str | bytes) -> bytes:
    """The text as it is compared: without white space, quotation marks, backslashes and the difference of case."""
    data = text.encode() if isinstance(text, str) else text
    return _BREAK.sub(b"", data).translate(None, _DROPPED).lower()


def texts(place: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The file as normalised texts, with the place of each: as it stands, with escapes undone, and what is in it."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield from texts(f"{place} → {name}", name.encode() + b"\n" + packed.read(name))
        return
    if data.startswith(b"\x1f\x8b"):
        yield from texts(f"{place} (unpacked)", gzip.decompress(data))
        return
    if data.startswith(b"# Sphinx inventory"):
        yield place, normal(zlib.decompress(data.split(b"\n", 4)[4]))
        return
    yield place, normal(data)
    if b"<" in data or b"&" in data:
        plain = html.unescape(_TAG.sub(b"", data).decode(errors="replace"))
        yield place, normal(plain)
    if b"\\u" in data:
        yield place, normal(_CODE_POINT.sub(lambda found: chr(int(found[1], 16)).encode(errors="replace"), data))
    if b"%20" in data or b"%3D" in data:
        yield place, normal(unquote_to_bytes(data))
    if data[:1] in b"{[" and (joined := _strings_of(data)):
        yield place, normal(joined)
        if "<" in joined or "&" in joined:
            yield place, normal(html.unescape(_TAG.sub(b"", joined.encode()).decode()))
    for found in _DATA.finditer(data):
        try:
            yield from texts(f"{place} (base64)", base64.b64decode(found[1]))
        except ValueError:  # cut short: no data
            continue


def _strings_of(data: bytes) -> str:
    """All strings of a JSON file, in order: a notebook's source may be a list of lines."""
    try:
        return "".join(_strings(json.loads(data)))
    except ValueError:
        return ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
