"""Rooms import only rooms on lower floors, equations only units and arrays, and slow libraries only where they are used."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import forecast

PACKAGE = Path(forecast.__file__).parent
FLOORS = {
    "units": 0,
    "errors": 0,
    "model_names": 0,
    "arrays": 0,
    "engines": 0,
    "engines.workers": 1,
    "distributions": 1,
    "scoring": 1,
    "monte_carlo": 1,
    "delivery": 1,
    "delivery.folders": 1,
    "equations": 1,
    "cells": 2,
    "refits": 1.1,
    "table_files": 3,
    "tables": 3.1,
    "table_rules": 3.2,
    "inputs": 3.5,  # a mezzanine: reads tables, and scenarios are built on it
    "scenario_files": 3.6,
    "correlated": 3.7,
    "scenario": 4,
    "sobol": 4,
    "draws": 5,
    "trends": 2,
    "trends.trend": 2,
    "trends.rolling": 2,
    "trends.series": 4,
    "trends.list_price": 4,  # floors of its own between those of trends
    "trends.ladder": 5,
    "trends.list_price.ridge": 4,
    "trends.list_price.series": 4.1,
    "trends.list_price.price_rows": 4.2,
    "trends.list_price.price_file": 4.3,
    "trends.list_price.panel": 4.2,
    "trends.list_price.rates": 4.3,
    "trends.list_price.peers": 4.4,
    "trends.list_price.features": 4.5,
    "trends.list_price.windows": 4.6,
    "trends.list_price.jumps": 4.7,
    "trends.list_price.forecaster": 4.8,
    "trends.list_price.backtest": 4.9,
    "trends.list_price.outside": 5,
    "trends.list_price.habits": 4.7,
    "trends.list_price.trend": 5,
    "trends.picture": 3,
    "trends.known": 4,
    "trends.survival": 4,
    "trends.regimes": 5,
    "trends.slips": 5,
    "trends.volumes": 5,
    "trends.demand": 6,
    "trends.software": 5,
    "trends.electricity": 5,
    "trends.hardware_price": 5,
    "trends.funding": 6,
    "trends.exits": 6,
    "trends.growth_law": 3,
    "trends.spans": 5,
    "trends.growth_apart": 6,
    "trends.revenue_today": 5.5,
    "trends.router_shares": 4,
    "trends.router_size": 4.5,
    "trends.router": 5,
    "trends.repricing": 5,
    "trends.token_mix": 5,
    "trends.registry": 7,
    "trends.record": 8,
    "owning": 4,
    "measured_runs": 0,
    "renting": 4.5,
    "trends.monthly": 2,
    "trends.cloud": 2,
    "trends.walk": 3,
    "trends.tier_law": 3,
    "trends.rent_law": 3,
    "trends.origins": 4,
    "trends.evidence": 4,
    "trends.handed": 5,
    "trends.tiers": 6,
    "trends.rents": 6,
    "serving": 5,
    "serving.effects": 5,
    "serving.workloads": 5,
    "serving.groups": 6,
    "serving.speed": 7,
    "serving.token_cost": 8,
    "calibration": 9,
    "calibration.observations": 9,
    "calibration.fit": 10,
    "calibration.validation": 11,
    "calibration.record": 12,
    "calibration.picture": 12.5,
    "calibration.page": 13,
    "calibration.market": 13,
    "calibration.market.band": 13,
    "calibration.market.world": 14,
    "calibration.market.observed": 14,
    "calibration.market.firms_observed": 14,
    "calibration.market.paid_observed": 14,
    "calibration.market.router_observed": 14.5,
    "calibration.market.simulated": 15,
    "calibration.market.router_simulated": 16,
    "calibration.market.firms_simulated": 15,
    "calibration.market.foreseen": 16.5,
    "calibration.market.compared": 17,
    "calibration.market.price_comparisons": 17.5,
    "calibration.market.share_comparisons": 17.5,
    "calibration.market.firm_comparisons": 17.5,
    "calibration.market.comparisons": 17.7,
    "calibration.market.page": 18,
    "deployments": 9,
    "deployments.deployment": 8,
    "deployments.variants": 9,
    "deployments.stacks": 9,
    "deployments.memory": 10,
    "deployments.marks": 10,
    "deployments.ownership": 9,
    "deployments.tiers": 10,
    "deployments.wide_parallel": 10,
    "deployments.energy_use": 10,
    "deployments.admission": 11,
    "deployments.bench": 12,
    "deployments.drafting": 13,
    "deployments.lines": 14,
    "deployments.techniques": 15,
    "deployments.priced": 15,
    "deployments.cases": 16,
    "audit": 5,
    "audit.verdicts": 1,
    "audit.arithmetic": 2,
    "audit.claims": 4,
    "audit.records": 5,
    "audit.sold": 6,
    "audit.computed": 16,
    "audit.audited": 17,
    "market": 9,
    "market.names": 9,
    "chance": 10,
    "market.contracts": 9.5,
    "market.mix": 10,
    "market.machines": 10,
    "market.rents": 10,
    "market.customers": 10,
    "market.router": 10,
    "market.sellers": 10,
    "market.treasury": 10,
    "market.doors": 11,
    "market.tiers": 10,
    "market.trade": 10,
    "market.market": 11.5,
    "market.finances": 11.6,
    "market.records": 11.7,
    "history": 11,
    "march": 12,
    "outcomes": 13,
    "paths": 14,
    "engines.local": 15,
    "engines.cluster": 15,
    "predictions": 15,
    "predictions.query": 15,
    "predictions.truth": 16,
    "predictions.scored": 17,
    "predictions.names": 18,
    "simulation": 16,
    "precision": 17,
    "samples": 17,
    "delivery.words": 1,
    "delivery.cell_text": 1,
    "assumptions": 5,
    "tidy_table": 14,
    "manifest": 15,
    "fact_rows": 15,
    "summary": 15.5,
    "sensitivity": 2,
    "sensitivity.first_order": 2,
    "sensitivity.surrogate": 2,
    "sensitivity.boxes": 2,
    "sensitivity.learning": 3,
    "sensitivity.shares": 3,
    "sensitivity.asked": 15,
    "sensitivity.sample": 16,
    "sensitivity.analysis": 17,
    "sensitivity.signals": 17,
    "sensitivity.at_stake": 18,
    "sensitivity.words": 18,
    "contract": 13,
    "contract.terms": 13,
    "contract.pricing": 16,
    "delivery.small_tables": 16,
    "delivery.answers": 16,
    "delivery.workbook_charts": 17,
    "delivery.workbook": 18,
    "delivery.exports": 19,
    "report": 17,
    "report.markup": 17,
    "report.scales": 17,
    "report.style": 17,
    "report.drawing": 18,
    "report.stored": 17,
    "report.charts": 19,
    "report.figures": 20,
    "report.closing": 18,
    "report.money": 19,
    "report.sections": 21,
    "report.pictures": 21,
    "report.page": 22,
    "report.kept": 18,
    "report.tornado": 20,
    "report.drivers": 21,
    "report.past": 22,
    "report.article": 19,
    "report.computed": 23,
    "report.further": 24,
    "comparison": 16,
    "delivery.contrasts": 18,
    "hindcast": 13,
    "hindcast.series": 13,
    "hindcast.checks": 13,
    "hindcast.quantity": 13,
    "hindcast.changes": 14,
    "hindcast.happenings": 14,
    "hindcast.launches": 14,
    "hindcast.list_prices": 14,
    "hindcast.quantities": 15,
    "hindcast.run": 16,
    "hindcast.scores": 17,
    "delivery.headline": 17,
    "delivery.plots": 17,
    "store": 1,
    "store.places": 1,
    "store.migrations": 1,
    "store.database": 2,
    "store.lock": 3,
    "store.observations": 3,
    "store.facts": 16,
    "store.runs": 17,
    "scheduling": 1,
    "scheduling.cron": 1,
    "scheduling.quoting": 1,
    "scheduling.units": 2,
    "sources": 1,
    "sources.quotes": 1,
    "sources.csv_rows": 2,
    "sources.fetch": 2,
    "sources.litellm": 2,
    "sources.models_dev": 2,
    "sources.openrouter": 2,
    "sources.llm_prices": 2,
    "sources.eia": 2,
    "sources.gpu_rents": 3,
    "sources.drop": 4,
    "sources.registry": 5,
    "refresh": 4,
    "refresh.known": 4,
    "refresh.validation": 5,
    "refresh.overlay": 6,
    "refresh.refitting": 9,
    "refresh.gathering": 6,
    "refresh.planning": 6,
    "refresh.publishing": 4,
    "refresh.influences": 17,
    "refresh.scores": 17,
    "refresh.report": 17,
    "refresh.running": 20,
    "refresh.job": 21,
    "refresh.explanation": 21,
    "finding": 1,
    "finding.place": 1,
    "finding.docstrings": 1,
    "finding.code": 2,
    "finding.readers": 3,
    "finding.data": 5,
    "finding.outcomes": 14,
    "finding.search": 15,
    "cli": 30,
}
WHOLE = ("equations", "outcomes", "cli")  # packages that stand on one floor
SIBLINGS = ("outcomes", "cli")  # of these, a file may use its neighbours
SLOW = ("statsmodels", "pandas", "scipy", "matplotlib", "distributed", "sqlalchemy", "httpx", "psycopg")
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}


def floor_of(module: str) -> int:
    """Return the floor of a module named relative to the package; a room without a floor is a KeyError."""
    top = module.partition(".")[0]
    return FLOORS[top if top in WHOLE else module]


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
    """Return the imports of a module that do not go down."""
    top = module.partition(".")[0]
    return [
        f"{module} (floor {floor_of(module)}) imports {room} (floor {floor_of(room)})"
        for room in imported(tree)
        if floor_of(room) >= floor_of(module) and not (top in SIBLINGS and room.partition(".")[0] == top)
    ]


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
    unknown = []
    for module in MODULES:
        try:
            floor_of(module)
        except KeyError:
            unknown.append(module)
    assert unknown == [], "give the room a floor in FLOORS"


def test_a_room_without_a_floor_is_noticed():
    with pytest.raises(KeyError, match="attic"):
        floor_of("attic")


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_lower_rooms_only(module):
    assert wrong_imports(module, ast.parse(MODULES[module].read_text("utf-8"))) == []


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("equations.")])
def test_equations_know_units_and_arrays_only(module):
    assert set(imported(ast.parse(MODULES[module].read_text("utf-8")))) <= {"units", "arrays"}


@pytest.mark.parametrize("module", ["", *MODULES])
def test_slow_libraries_are_imported_where_used(module):
    path = MODULES.get(module, PACKAGE / "__init__.py")
    assert slow_at_top(ast.parse(path.read_text("utf-8"))) == []


def test_the_package_itself_imports_its_rooms_lazily():
    top_level = [
        node
        for node in ast.parse((PACKAGE / "__init__.py").read_text("utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert list(imported(ast.Module(top_level, []))) == []


def test_the_checks_notice_what_they_should():
    climbing = ast.parse("def late():\n    from forecast.march import march\n")
    assert wrong_imports("draws", climbing) == ["draws (floor 5) imports march (floor 12)"]
    neighbour = ast.parse("from forecast.market import rents")
    assert wrong_imports("market.sellers", neighbour) == ["market.sellers (floor 10) imports market.rents (floor 10)"]
    assert slow_at_top(ast.parse("try:\n    import pandas as pd\nexcept ImportError:\n    pass")) == ["pandas"]
    assert slow_at_top(ast.parse("def f():\n    import pandas")) == []


def test_the_command_line_starts_without_slow_libraries():
    if not (PACKAGE / "cli" / "main.py").is_file():
        pytest.skip("no command line yet")
    code = f"import sys, forecast.cli.main; print(sorted(set(sys.modules) & {set(SLOW)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"
