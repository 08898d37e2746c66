"""Rooms import only rooms on lower floors, equations only units and arrays, and slow libraries only where they are used."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import forecast

PACKAGE = Path(forecast.__file__).parent
# A room is a file or a folder of the package. A line is a floor: its rooms import rooms of the lines above it only.
PLAN = """
units errors arrays families model_names measured_runs shipped
csv_files distributions equations monte_carlo scoring scheduling sources
cells scenario_files
table_files
sobol tables
table_rules
inputs
owning scenario
assumptions draws renting
history serving tidy_table
deployments fact_rows market store
audit chance outcomes
finding march paths
path_values
comparison contract engines manifest predictions
simulation summary
delivery precision samples
refits sensitivity
trends
hindcast refresh
calibration report
cli
__main__
"""
FLOORS = {room: floor for floor, line in enumerate(PLAN.split("\n")) for room in line.split()}
SLOW = ("statsmodels", "pandas", "scipy", "matplotlib", "distributed", "sqlalchemy", "httpx", "psycopg")
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}


def room_of(module: str) -> str:
    """Return the room in which a module named relative to the package lies."""
    return module.partition(".")[0]


def imported(tree: ast.AST, modules=MODULES) -> Iterator[str]:
    """Yield the rooms that a tree imports, relative to the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the floor"
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            if name.startswith("forecast."):
                room = name.removeprefix("forecast.")
                while room and room not in modules:
                    room = room.rpartition(".")[0]
                if room:
                    yield room


def wrong_imports(module: str, tree: ast.AST) -> list[str]:
    """Return the imports of a module that leave its room and do not go down."""
    room = room_of(module)
    return [
        f"{module} (floor {FLOORS[room]}) imports {other} (floor {FLOORS[room_of(other)]})"
        for other in imported(tree)
        if room_of(other) != room and FLOORS[room_of(other)] >= FLOORS[room]
    ]


def tree_of(module: str) -> ast.AST:
    return ast.parse(MODULES[module].read_text("utf-8"))


def slow_at_top(tree: ast.AST) -> list[str]:
    """Return the slow libraries imported when the module is, type-checking blocks aside."""
    found, todo = [], list(ast.iter_child_nodes(tree))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
        todo += ast.iter_child_nodes(node)
    return [name for name in found if name.partition(".")[0] in SLOW]


def test_every_room_has_a_floor():
    assert {room_of(module) for module in MODULES} == set(FLOORS), "give the room a floor in PLAN"


def test_rooms_import_lower_rooms_only():
    assert [wrong for module in MODULES for wrong in wrong_imports(module, tree_of(module))] == []


def test_files_of_a_room_import_each_other_in_one_direction():
    inside = {m: {o for o in imported(tree_of(m)) if o != m and room_of(o) == room_of(m)} for m in MODULES}
    TopologicalSorter(inside).prepare()  # raises CycleError, which names the circle


def test_equations_know_units_and_arrays_only():
    known = {other for module in MODULES if room_of(module) == "equations" for other in imported(tree_of(module))}
    assert known <= {"units", "arrays"}


def test_slow_libraries_are_imported_where_used():
    trees = {"": ast.parse((PACKAGE / "__init__.py").read_text("utf-8")), **{m: tree_of(m) for m in MODULES}}
    assert {module: found for module, tree in trees.items() if (found := slow_at_top(tree))} == {}


def test_the_package_itself_imports_its_rooms_lazily():
    top_level = [
        node
        for node in ast.parse((PACKAGE / "__init__.py").read_text("utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert list(imported(ast.Module(top_level, []))) == []


def test_the_checks_notice_what_they_should():
    climbing = ast.parse("def late():\n    from forecast.march import march\n")
    assert wrong_imports("draws", climbing) == ["draws (floor 9) imports march (floor 13)"]
    neighbour = ast.parse("from forecast.serving import speed")
    assert wrong_imports("history", neighbour) == ["history (floor 10) imports serving.speed (floor 10)"]
    assert wrong_imports("serving.groups", neighbour) == []
    assert slow_at_top(ast.parse("try:\n    import pandas as pd\nexcept ImportError:\n    pass")) == ["pandas"]
    assert slow_at_top(ast.parse("def f():\n    import pandas")) == []


def test_type_checkers_of_whoever_imports_the_package_read_its_hints():
    """Without this file they take every name of it for Any."""
    assert (PACKAGE / "py.typed").is_file()
