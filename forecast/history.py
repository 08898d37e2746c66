"""What a block of paths remembers of its months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS

YEAR = 12
Series = dict[str, NDArray[np.float32]]


@dataclass
class History:
    """Monthly series `[entity, month, path]`, and how each provider fared."""

    series: Series
    exit_month: NDArray[np.int16]  # [provider, path]
    exit_kind: NDArray[np.int8]
    listed_month: NDArray[np.int16]
    runway_months: Array
    available_month: Array  # [accelerator, path]
    noted: Series  # `[entity, noted month, path]`: what `outcomes.by_path` is found from
    finances: Series  # `[provider, year, path]`: what `outcomes.finances` counts


def year_months(months: int) -> tuple[int, ...]:
    """Return the months of so many in which finances are written down: every twelfth, and the last.

    >>> year_months(30)
    (0, 12, 24, 30)
    """
    return tuple(sorted({*range(0, months + 1, YEAR), months}))


def record(series: Series, at: int, count: int, values: Mapping[str, Array]) -> None:
    """Write the values of a month, `[entity, path]`, at a place of so many; the first time room is made for all."""
    if not series:  # one array, which the system gives in large pages, in parts
        rows = [len(value) for value in values.values()]
        whole = np.empty((sum(rows), count, BLOCK_PATHS), REAL)
        series.update(zip(values, np.split(whole, np.cumsum(rows)[:-1]), strict=True))
    for name, value in values.items():
        assert value.dtype == REAL, f"{name} is {value.dtype}"
        series[name][:, at] = value
