"""Growth of revenue that all firms share, by figures of accounts: those that a firm chose to tell are of the months that went well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from forecast.tables import Tables
from forecast.trends import evidence
from forecast.trends.growth_law import Law, market_growth, over_laws, weighed
from forecast.trends.spans import RUN_RATE, published_spans, sized
from forecast.trends.trend import Estimate
from forecast.units import MONTHS_PER_YEAR

OTHER_GROWTH = "other_growth_start_per_year"


def revenue_growth_estimate(tables: Tables, today: date, laws: Sequence[Law]) -> Estimate:
    """Return the growth of other business in the as_of month, as a logarithmic rate: that of revenue in the law of growth.

    12·μ given the spans between two figures of accounts alone (a quarter, a half or a whole year; of some firms one a
    quarter, of most none), `over_laws` by what these spans say of each. Without one it is what was believed beforehand.

    Args:
        tables: cut to the vintage.
        today: its day.
        laws: points of the law of growth.
    """
    raw = published_spans(tables, today, of_accounts=True)
    raw = raw.where(raw.metric == RUN_RATE)
    spans = sized(raw, raw)
    weight, found = weighed(spans, laws)
    said = [market_growth(RUN_RATE, spans, law, by) for law, by in zip(laws, found, strict=True)]
    (mean,), (sd,) = over_laws(weight, said)
    return Estimate(
        f"parameters.{OTHER_GROWTH}",
        evidence.distribution("fitted", MONTHS_PER_YEAR * mean, MONTHS_PER_YEAR * sd),
        "1/year",
        len(spans.firm),
        "low",
        f"{len(spans.firm)} spans between figures of accounts of {len(set(spans.firm))} firms, prior and spans weighed together",
    )
