"""Every month of the past as an origin: what a form and its rivals would have said then, against what came true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from forecast.distributions import Array
from forecast.trends.monthly import MonthlySeries, month_end
from forecast.trends.rolling import HORIZONS_MONTHS, Cases
from forecast.trends.walk import FEWEST_INCREMENTS, pooled_increments, rival_quantiles

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
    cases: list[tuple[MonthlySeries, int, int, float, float]] = []
    own: list[Array] = []
    rivals: list[dict[str, Array]] = []
    truth = {one.name: dict(zip(one.months.tolist(), one.logs.tolist(), strict=True)) for one in series}
    for origin in sorted({month for values in truth.values() for month in values}):
        pool = [cut for one in known_at(month_end(origin)) if len(cut := one.until(origin))]
        if len(pooled_increments(pool)) < FEWEST_INCREMENTS:
            continue
        said = form(pool, HORIZONS_MONTHS, month_end(origin))
        for at, one in enumerate(pool):
            if one.months[-1] != origin:
                continue
            rival = rival_quantiles(one, pool, HORIZONS_MONTHS)
            for place, months in enumerate(HORIZONS_MONTHS):
                if (value := truth.get(one.name, {}).get(origin + months)) is not None:
                    cases.append((one, origin, months, float(one.logs[-1]), value))
                    own.append(said[:, place, at])
                    rivals.append({name: quantiles[:, place] for name, quantiles in rival.items()})
    return Cases(
        series=tuple(one.name for one, *_ in cases),
        kind=tuple(one.kind for one, *_ in cases),
        origin=tuple(month_end(origin) for _, origin, *_ in cases),
        horizon_months=np.array([months for _, _, months, *_ in cases], np.int64),
        last_log=np.array([last for *_, last, _ in cases]),
        value_log=np.array([value for *_, value in cases]),
        quantiles_log=np.array(own).T,
        rivals_log={name: np.array([rival[name] for rival in rivals]).T for name in (rivals[0] if rivals else ())},
    )
