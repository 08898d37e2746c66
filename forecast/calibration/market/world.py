"""A simulated world: the watched history of a block, the scenario it was marched from, and the tables it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forecast.calibration.market.band import Values
from forecast.history import History
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.tables import Tables


@dataclass(frozen=True)
class World:
    """What a statistic reads: `history` holds what `march(watch=True)` keeps, `tables` what was observed, and of whom."""

    history: History
    names: Names
    scenario: Scenario
    tables: Tables

    @property
    def months(self) -> int:
        """How many months were marched."""
        return self.history.series["hhi_tokens"].shape[1] - 1


Statistic = Callable[[World], Values]  # one value a path
