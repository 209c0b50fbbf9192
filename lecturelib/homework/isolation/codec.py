"""Values between the student's process and the tester: plain data in both directions, never pickle.

A message is a tree in JSON with the bytes of arrays behind it. What comes from the other side is believed in nothing:
every size is checked against the bytes that are there, depth and number of nodes are limited.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
import sys
from typing import Any

import numpy as np

DEEPEST = 40
MOST_NODES = 200_000
_KINDS = "biufc"  # bool, int, unsigned, float, complex: no objects, texts or structures in arrays
_OF_TORCH = {"bool", "uint8", "int8", "int16", "int32", "int64", "complex64", "complex128"}
_OF_TORCH |= {"float16", "float32", "float64"}
_PLAIN = (bool, int, float, str, type(None))


class CodecError(ValueError):
    """A value that cannot be handed over, or a message that is not one."""


def encode(value: Any) -> bytes:
    """The message for a value. Raises CodecError naming the type that cannot be handed over."""
    blobs: list[bytes] = []
    counted = [0]
    try:
        tree = json.dumps(_tree(value, blobs, 0, counted)).encode()
    except (ValueError, RecursionError) as error:
        raise (
            error if isinstance(error, CodecError) else CodecError(f"a value that cannot be written: {error}")
        ) from None
    return struct.pack("<I", len(tree)) + tree + b"".join(blobs)


def decode(message: bytes) -> Any:
    """The value of a message. Raises CodecError where it is malformed, whatever its bytes are."""
    try:
        (length,) = struct.unpack_from("<I", message)
        if length > len(message) - 4:
            raise CodecError("a message shorter than it says")
        tree = json.loads(message[4 : 4 + length])
        blobs = _Blobs(memoryview(message)[4 + length :])
        return _value(tree, blobs, 0, [0])
    except CodecError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, struct.error, RecursionError, OverflowError) as error:
        raise CodecError(f"a malformed message ({type(error).__name__})") from None


def _enter(depth: int, counted: list[int]) -> None:
    counted[0] += 1
    if depth > DEEPEST:
        raise CodecError(f"a value nested more than {DEEPEST} deep, or one that contains itself")
    if counted[0] > MOST_NODES:
        raise CodecError(f"a value of more than {MOST_NODES} pieces: use an array")


def _tree(value: Any, blobs: list[bytes], depth: int, counted: list[int]) -> Any:
    _enter(depth, counted)
    kind = type(value)
    if kind in _PLAIN:
        return _plain(value)

    def inner(one: Any) -> Any:
        return _tree(one, blobs, depth + 1, counted)

    if kind is complex:
        return {"is": "complex", "parts": [value.real, value.imag]}
    if isinstance(value, (list, tuple)):  # a named tuple arrives as a tuple
        return {"is": "list" if isinstance(value, list) else "tuple", "items": [inner(one) for one in value]}
    if isinstance(value, (set, frozenset, range)):  # which arrive as lists
        return {"is": "list", "items": [inner(one) for one in value]}
    if isinstance(value, dict):
        return {"is": "dict", "items": [[inner(key), inner(one)] for key, one in value.items()]}
    if isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, str):  # as texts of numpy are
        return _array("numpy", value, blobs)
    torch = sys.modules.get("torch")  # a value of torch exists only where torch was imported
    if torch is not None and isinstance(value, torch.Tensor):
        return _tensor(torch, value, blobs)
    if torch is not None and isinstance(value, torch.Generator):
        if value.device.type != "cpu":
            raise CodecError(f"a torch.Generator on {value.device}: expected one on the cpu")
        return {"is": "generator", "state": _array("numpy", value.get_state().numpy(), blobs)}
    if dataclasses.is_dataclass(kind) and kind.__module__.startswith("lecturelib."):
        given = {field.name: inner(getattr(value, field.name)) for field in dataclasses.fields(kind) if field.init}
        return {"is": "dataclass", "of": [kind.__module__, kind.__qualname__], "fields": given}
    # what is a kind of one of the plain types, as an enumeration may be, goes as what it is a kind of
    for plain in (int, float, str):
        if isinstance(value, plain):
            return _plain(plain(value))
    try:
        if hasattr(kind, "__array__"):  # a column of a table, an array of another library
            return _array("numpy", np.asarray(value), blobs)
        if hasattr(kind, "__float__"):  # a fraction, a number of sympy
            return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise CodecError(f"a value of type {kind.__name__} that is no number: {error}") from None
    raise CodecError(f"a value of type {kind.__name__}: expected numbers, texts, lists, dicts, arrays or tensors")


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        value.encode()  # a lone surrogate is no text
    return value


def _array(name: str, value: Any, blobs: list[bytes], dtype: str = "") -> dict[str, Any]:
    if value.dtype.kind not in _KINDS:
        raise CodecError(f"an array of dtype {value.dtype}: expected numbers")
    array = np.ascontiguousarray(value)
    blobs.append(array.tobytes())
    found = {"is": name, "dtype": dtype or array.dtype.str, "shape": list(np.shape(value))}
    return found | {"scalar": True} if isinstance(value, np.generic) else found


def _tensor(torch: Any, value: Any, blobs: list[bytes]) -> dict[str, Any]:
    if value.layout is not torch.strided or value.is_quantized:
        raise CodecError("a sparse or quantized tensor: expected a dense one")
    tensor = value.detach().cpu().resolve_conj().resolve_neg()
    name = str(tensor.dtype).removeprefix("torch.")
    if tensor.dtype == torch.bfloat16:  # numpy has no such numbers; their bits go as whole ones
        tensor = tensor.view(torch.int16)
    return _array("torch", tensor.numpy(), blobs, name)


class _Blobs:
    """The bytes behind the tree, handed out in order and never more than there are."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> memoryview:
        if size > len(self.data) - self.at:
            raise CodecError("an array larger than its bytes")
        self.at += size
        return self.data[self.at - size : self.at]


def _value(tree: Any, blobs: _Blobs, depth: int, counted: list[int]) -> Any:
    _enter(depth, counted)
    if not isinstance(tree, dict):
        if isinstance(tree, _PLAIN):
            return tree
        raise CodecError("a malformed message")
    kind = tree["is"]

    def inner(one: Any) -> Any:
        return _value(one, blobs, depth + 1, counted)

    if kind == "complex":
        real, imaginary = tree["parts"]
        return complex(float(real), float(imaginary))
    if kind in ("list", "tuple"):
        items = [inner(one) for one in tree["items"]]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return {inner(key): inner(one) for key, one in tree["items"]}
    if kind == "numpy":
        array = _read_array(tree, blobs, np.dtype(str(tree["dtype"])))
        return array[()] if tree.get("scalar") is True and array.ndim == 0 else array
    if kind == "torch":
        return _read_tensor(tree, blobs)
    if kind == "generator":
        return _read_generator(tree, blobs)
    if kind == "dataclass":
        return _read_dataclass(*tree["of"], {str(name): inner(one) for name, one in tree["fields"].items()})
    raise CodecError(f"a value of unknown kind {str(kind)[:40]!r}")


def _read_array(tree: dict[str, Any], blobs: _Blobs, dtype: np.dtype) -> np.ndarray:
    shape = tree["shape"]
    if dtype.kind not in _KINDS or len(shape) > 16 or any(type(n) is not int or n < 0 for n in shape):
        raise CodecError("an array of a shape or dtype that cannot be")
    size = math.prod(shape) * dtype.itemsize
    return np.frombuffer(bytes(blobs.take(size)), dtype=dtype).reshape(shape).copy()


def _read_tensor(tree: dict[str, Any], blobs: _Blobs) -> Any:
    """The tensor; where torch is not in use, which takes seconds to import, an array that holds the same."""
    torch = sys.modules.get("torch")
    if torch is None:
        return _read_as_array(str(tree["dtype"]), tree, blobs)
    dtype = getattr(torch, str(tree["dtype"]), None)
    if not isinstance(dtype, torch.dtype):
        raise CodecError("a tensor of unknown dtype")
    if dtype == torch.bfloat16:
        return torch.from_numpy(_read_array(tree, blobs, np.dtype(np.int16))).view(dtype)
    try:
        like = torch.empty(0, dtype=dtype).numpy().dtype
    except TypeError:
        raise CodecError(f"a tensor of dtype {str(dtype)[:40]}") from None
    return torch.from_numpy(_read_array(tree, blobs, like))


def _read_as_array(name: str, tree: dict[str, Any], blobs: _Blobs) -> np.ndarray:
    if name == "bfloat16":  # the first half of the bits of a float32
        return (_read_array(tree, blobs, np.dtype(np.uint16)).astype(np.uint32) << 16).view(np.float32)
    if name not in _OF_TORCH:
        raise CodecError("a tensor of unknown dtype")
    return _read_array(tree, blobs, np.dtype(name))


def _read_generator(tree: dict[str, Any], blobs: _Blobs) -> Any:
    torch = _torch()
    state = _read_array(tree["state"], blobs, np.dtype(np.uint8))
    generator = torch.Generator()
    try:
        generator.set_state(torch.from_numpy(state))
    except (RuntimeError, TypeError):
        raise CodecError("a state that is none of a torch.Generator") from None
    return generator


def _read_dataclass(module: str, name: str, fields: dict[str, Any]) -> Any:
    """Made anew from its fields; only of the library, and only where the module is there already."""
    allowed = isinstance(module, str) and module.startswith("lecturelib.") and "homework" not in module.split(".")
    kind = getattr(sys.modules.get(module), str(name), None) if allowed else None
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == module):
        raise CodecError(f"a value of the unknown class {str(name)[:60]}")
    try:
        return kind(**fields)
    except Exception as error:  # whatever its own checks raise says that the fields do not fit
        raise CodecError(f"fields that do not fit {kind.__name__}: {str(error)[:200]}") from None


def _torch() -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        raise CodecError("a generator of torch, where torch is not in use")
    return torch
