"""The list of comparisons, and how each comes out: observed from the tables, simulated from one block of paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from forecast.calibration.market import firms_simulated
from forecast.calibration.market.band import spread
from forecast.calibration.market.world import Statistic, World
from forecast.draws import Draws
from forecast.errors import InputError
from forecast.march import march
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.tables import Tables
from forecast.trends.trend import Band

SEED = 7
TODAY = "today"
MID = "2025-07-01"
ROUTER_TIME = "2026-01-01"  # the router's hosts are known from 2026-01-25 on
MONTHS = 12


@dataclass(frozen=True)
class Comparison:
    """A quantity read in both worlds: `at` is the vintage of the paths; `mends` says what would mend a misfit.

    What was observed of `one_draw` came once and has no interval: it must lie within the paths' 80 %.
    What is `fitted` the engine was given from the same data: that it lies inside tests nothing.
    """

    quantity: str
    unit: str
    source: str
    at: str
    observed: Callable[[Tables], Band]
    simulated: Statistic
    mends: str
    months: int = MONTHS
    one_draw: bool = False
    fitted: bool = False


@dataclass(frozen=True)
class Compared:
    """How a comparison came out."""

    comparison: Comparison
    observed: Band
    simulated: Band
    reached_frac: float  # paths that reach what was observed

    @property
    def inside(self) -> bool:
        """Whether the middle of the paths lies within the observed interval, or the one draw within the paths' 80 %."""
        if self.comparison.one_draw:
            return self.simulated.holds(self.observed.p50)
        return self.observed.holds(self.simulated.p50)


@dataclass(frozen=True)
class Together:
    """How the fates of two providers go together within so many months: mean correlation of leaving, by the way out."""

    months: int
    correlation: dict[str, float]


def compare(
    tables: Tables,
    comparisons: Iterable[Comparison],
    name: str = "base",
    progress: Callable[[int], None] = lambda comparisons: None,
) -> list[Compared]:
    """Return how each comparison comes out; the paths are the first block, so that the page is the same every time.

    Args:
        tables: what was observed, and the vintages that the paths start from.
        comparisons: what to compare, in the order returned.
        name: the scenario whose paths are taken.
        progress: called with 1 for each comparison that is done.

    Raises:
        InputError: there is no such scenario, or the tables lack the rows of an observation.
    """
    found: dict[Comparison, Compared] = {}
    asked = tuple(comparisons)
    for at, months in sorted({(one.at, one.months) for one in asked}):
        vintage = None if at == TODAY else date.fromisoformat(at)
        scenario = replace(load_scenario(name, tables, as_of=vintage), months=months)
        names = market_names(scenario)
        world = World(march(scenario, names, Draws(scenario, SEED, 0), watch=True), names, scenario, tables)
        for one in (c for c in asked if (c.at, c.months) == (at, months)):
            observed, simulated = _observed(one, tables), one.simulated(world)
            found[one] = Compared(one, observed, spread(simulated), float((simulated >= observed.p50).mean()))
            progress(1)
    return [found[one] for one in asked]


def together(tables: Tables, name: str = "base") -> Together:
    """Return how much the exits of two providers go together in the whole time of a scenario, on the first block of paths."""
    scenario = load_scenario(name, tables)
    names = market_names(scenario)
    history = march(scenario, names, Draws(scenario, SEED, 0))
    ways = {"leaving": ("acquired", "failed"), "being bought": ("acquired",), "failing": ("failed",)}
    found = {way: firms_simulated.pair_correlation(history, names, events) for way, events in ways.items()}
    return Together(scenario.months, found)


def _observed(one: Comparison, tables: Tables) -> Band:
    try:
        return one.observed(tables)
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{one.quantity}: {one.source} lack rows it is read from ({error}). Complete them.") from error
