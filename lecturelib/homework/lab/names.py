"""Which names a cell defines and which it takes from others, found without running it."""

from __future__ import annotations

import builtins
import symtable
from collections.abc import Iterator

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "display", "get_ipython"}


def defined(source: str) -> set[str]:
    """Names that the cell binds at its top level. Raises SyntaxError."""
    return {symbol.get_name() for symbol in _table(source).get_symbols() if _bound(symbol)}


def needed(source: str) -> set[str]:
    """Names that the cell, or a function in it, uses and that it does not bind itself. Raises SyntaxError.

    A name that the cell binds only after its first use counts as its own.
    """
    used = set()
    for table in _all(_table(source)):
        outermost = table.get_type() == "module"
        used |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            # in a function named "top" symtable takes what is local to be global, too
            if symbol.is_referenced() and (outermost or (symbol.is_global() and not symbol.is_local()))
        }
    return used - defined(source) - BUILTINS


def _table(source: str) -> symtable.SymbolTable:
    return symtable.symtable(source, "<cell>", "exec")


def _all(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _all(child)


def _bound(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
