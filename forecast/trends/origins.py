"""Every month of the past as an origin: what a form and its rivals would have said then, against what came true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np

from forecast.distributions import Array
from forecast.trends.monthly import MonthlySeries, month_end
from forecast.trends.rolling import HORIZONS_MONTHS, Cases
from forecast.trends.walk import FEWEST_INCREMENTS, pooled_changes, rival_quantiles

# (series known, horizons, origin) → quantiles [level, horizon, series]
Form = Callable[[Sequence[MonthlySeries], Sequence[int], date], Array]


def rolled(series: Sequence[MonthlySeries], known_at: Callable[[date], Sequence[MonthlySeries]], form: Form) -> Cases:
    """Return the forecasts of a form and of the rivals at every month-end, horizons 3, 6 and 12 months.

    Args:
        series: what came true.
        known_at: the series as they were known at the end of a day: the form and the rivals see nothing else.
        form: the forecaster.

    A series is forecast at the months it has a value for, once all series together show ten increments.
    """
    cases: list[tuple[Any, ...]] = []
    truth = {one.name: dict(zip(one.months.tolist(), one.logs.tolist(), strict=True)) for one in series}
    for origin in sorted({month for values in truth.values() for month in values}):
        pool = [cut for one in known_at(month_end(origin)) if len(cut := one.until(origin))]
        if len(pooled_changes(pool, 1)) < FEWEST_INCREMENTS:
            continue
        said = form(pool, HORIZONS_MONTHS, month_end(origin))
        for at, one in enumerate(pool):
            if one.months[-1] != origin:
                continue
            rival = rival_quantiles(one, pool, HORIZONS_MONTHS)
            for place, months in enumerate(HORIZONS_MONTHS):
                if (value := truth.get(one.name, {}).get(origin + months)) is not None:
                    cases.append((one.name, one.kind, month_end(origin), months, one.logs[-1], value, said[:, place, at],
                                  {name: quantiles[:, place] for name, quantiles in rival.items()}))  # fmt: skip
    names, kinds, origins, horizons, last, came, own, rivals = zip(*cases, strict=True) if cases else ((),) * 8
    return Cases(
        series=names,
        kind=kinds,
        origin=origins,
        horizon_months=np.array(horizons, np.int64),
        last_log=np.array(last),
        value_log=np.array(came),
        quantiles_log=np.array(own).T,
        rivals_log={name: np.array([rival[name] for rival in rivals]).T for name in (rivals[0] if rivals else ())},
    )
