"""The package as text, none of it imported: its functions, classes, modules and constants, and who reads a name of the data."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

LONGEST_VALUE = 100
NAMES = re.compile(r"[a-z0-9_]+( [a-z0-9_]+)*")  # "pue_ratio" or a list such as "pue_ratio network_frac", no sentence
PACKAGE = Path(__file__).parent.parent
Defined = ast.FunctionDef | ast.ClassDef
# The parts of a docstring that is written as the house writes them.
FORMULA = re.compile(r"(?<![=<>!:])=(?!=)|[Σ∏∫√≈∝]")
NOT_A_FORMULA = re.compile(r"(Args|Raises|Returns?|Source|Arguments)\b|>>>")
SOURCE = re.compile(r"Source: (.+?)(?=\n\s*\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A thing with a name, where it stands, and what it means; what does not apply is empty."""

    kind: str  # outcome, input, column, table, verb, function, class, module or constant
    name: str
    file: str  # from the root of the project
    line: int
    meaning: str
    unit: str = ""
    value: str = ""
    signature: str = ""
    formula: str = ""
    source: str = ""
    used_by: tuple[str, ...] = ()  # "forecast/…py:line function", as the source text names it

    def answers_to(self, asked: str) -> bool:
        """Whether this is what `asked` names: the whole dotted name, or the end of it.

        >>> Place("function", "forecast.units.annual", "", 1, "").answers_to("units.annual")
        True
        >>> Place("function", "forecast.units.annual", "", 1, "").answers_to("al")
        False
        """
        return f".{self.name}".endswith(f".{asked}")


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name, its path from the root of the project, its text."""

    name: str
    file: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file, parsed."""
        return ast.parse(self.text)

    def definitions(self) -> Iterator[tuple[str, Defined]]:
        """Yield the functions, classes and methods with their dotted names; what is inside a function has none."""
        todo: list[tuple[str, ast.AST]] = [(self.name, self.tree)]
        while todo:
            name, parent = todo.pop()
            for node in ast.iter_child_nodes(parent):
                if isinstance(node, Defined):
                    yield f"{name}.{node.name}", node
                    if isinstance(node, ast.ClassDef):
                        todo.append((f"{name}.{node.name}", node))

    def assignments(self) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
        """Yield the assignments at the top of the file, with the name that each gives."""
        for node in self.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                yield ast.unparse(target), node


@cache
def modules() -> tuple[Module, ...]:
    """Return the files of the package in order of name."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE.parent)
        name = ".".join(inside.with_suffix("").parts).removesuffix(".__init__")
        found.append(Module(name, inside.as_posix(), path.read_text("utf-8")))
    return tuple(found)


def places_in(module: Module) -> Iterator[Place]:
    """Yield the module itself and everything in it that has a name."""
    about = parts_of(ast.get_docstring(module.tree))
    yield Place("module", module.name, module.file, 1, about.meaning, formula=about.formula, source=about.source)
    for name, node in module.definitions():
        yield _defined(name, node, module)
    lines = module.text.splitlines()
    for target, given in module.assignments():
        name, said = f"{module.name}.{target}", lines[given.lineno - 1].partition("  # ")[2]
        text = ast.unparse(given.value) if given.value else ""
        value = text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
        yield Place("constant", name, module.file, given.lineno, said, value=value)


def _defined(name: str, node: Defined, module: Module) -> Place:
    about = parts_of(ast.get_docstring(node))
    if isinstance(node, ast.ClassDef):
        kind, signature = "class", node.name
    else:
        gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        kind, signature = "function", f"{node.name}({ast.unparse(node.args)}){gives}"
    return Place(
        kind, name, module.file, node.lineno, about.meaning,
        signature=signature, formula=about.formula, source=about.source,
    )  # fmt: skip


class Parts(NamedTuple):
    """The parts of a docstring; those that it does not have are empty."""

    meaning: str
    formula: str
    source: str


def parts_of(docstring: str | None) -> Parts:
    """Return the first paragraph of a docstring, the paragraph that is a formula, and what follows `Source:`.

    >>> parts_of("Area of a disc.\\n\\nA = π·r²\\n\\nr in m. Source: Archimedes.\\n")
    Parts(meaning='Area of a disc.', formula='A = π·r²', source='Archimedes')
    """
    paragraphs = [" ".join(text.split()) for text in re.split(r"\n\s*\n", docstring or "")]
    written = (text for text in paragraphs[1:] if FORMULA.search(text) and not NOT_A_FORMULA.match(text))
    cited = SOURCE.search(docstring or "")
    source = " ".join(cited[1].split()).removesuffix(".") if cited else ""
    return Parts(paragraphs[0], next(written, ""), source)


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
