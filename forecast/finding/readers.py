"""Who reads a name of the data: functions in which it is written as text, and equations that take it as an argument."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from forecast.finding.code import Module

NAMES = re.compile(r"[a-z0-9_]+( [a-z0-9_]+)*")  # "pue_ratio" or a list such as "pue_ratio network_frac", no sentence


def readers(name: str, among: Iterable[Module]) -> tuple[str, ...]:
    """Return the functions that a name occurs in, as "file:line function", the line of the first occurrence.

    Found by the text alone: another column of the same name is counted too, and a name put together at run time is missed.

    Args:
        name: a column, a parameter or an outcome, without its table.
        among: files to look through.
    """
    found = []
    for module in among:
        if name in module.text:
            for what, node in _parts(module):
                if lines := sorted(_occurrences(name, node)):
                    found.append(f"{module.file}:{lines[0]} {what}".rstrip())
    return tuple(found)


def _parts(module: Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield functions and methods by name, then what stands at the top of the file, by the name that it is given."""
    for dotted, node in module.definitions():
        if not isinstance(node, ast.ClassDef):
            yield dotted.removeprefix(f"{module.name}."), node
    yield from module.assignments()


def _occurrences(name: str, node: ast.AST) -> Iterator[int]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            listed = NAMES.fullmatch(inner.value.strip()) and name in inner.value.split()
            if listed or inner.value.endswith(f".{name}"):  # f"providers.{p}.cash_usd" ends so
                yield inner.lineno
        elif isinstance(inner, ast.arg) and inner.arg == name:
            yield inner.lineno
