"""Revenue and volumes that providers published, as growth from one figure to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.tables import Tables
from forecast.trends.known import apart, came_about, counts_a_part, rate_day
from forecast.units import months_between

Texts = NDArray[np.str_]
METRICS = ("revenue_run_rate_usd", "tokens_per_day")
RUN_RATE, VOLUME = METRICS
LEAST_MONTHS = 1.4  # between two figures of a span: over less time most of the growth is rounding


class Spans(NamedTuple):
    """Growth between two figures of one firm and metric, `[span]`; times in months from the vintage (negative)."""

    firm: Texts
    metric: Texts
    start_months: Array
    end_months: Array
    growth_log: Array
    size_log: Array  # at the start, over the mean of all spans of the metric, the market's growth taken out

    def where(self, chosen: NDArray[np.bool_ | np.intp]) -> Spans:
        """Return some of the spans."""
        return Spans._make(column[chosen] for column in self)

    def seen_from(self, earlier_months: float) -> Spans:
        """Return the spans with times counted from so many months earlier."""
        start, end = self.start_months + earlier_months, self.end_months + earlier_months
        return self._replace(start_months=start, end_months=end)

    @property
    def months(self) -> Array:
        """How long each span is."""
        return self.end_months - self.start_months


def published_figures(
    tables: Tables, today: date, of_accounts: bool = False
) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return by provider and metric (month counted from today, log of the figure) in order; of several on one day the mean.

    Figures `of_accounts` are those of a period, which come whatever they say; others are rates of a day that a firm chose.
    """
    firms = {row["provider"] for row in tables["providers"]}
    found: dict[tuple[str, str], dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in tables["provider_history"]:
        named = row["metric"] in METRICS and row["provider"] in firms
        told = row["averaged_months"] or not of_accounts
        if named and told and row["value"] > 0 and came_about(row, today) and not counts_a_part(row):
            month = months_between(today, rate_day(row))
            found[row["provider"], row["metric"]][month].append(float(np.log(row["value"])))
    return {key: [(month, float(np.mean(logs))) for month, logs in sorted(of.items())] for key, of in found.items()}


def published_spans(tables: Tables, today: date, of_accounts: bool = False) -> Spans:
    """Return the growth between neighbouring figures of each provider and metric; `size_log` is the log of the first one."""
    found = []
    for (firm, metric), figures in published_figures(tables, today, of_accounts).items():
        for (start, first), (end, last) in apart(figures, LEAST_MONTHS):
            found.append((firm, metric, start, end, last - first, first))
    return spans_of(found)


def spans_of(rows: Sequence[tuple[str, str, float, float, float, float]]) -> Spans:
    """Return spans from rows of firm, metric, start, end, growth and size."""
    firms, metrics, *numbers = zip(*rows, strict=True) if rows else ((),) * 6
    return Spans(np.array(firms, str), np.array(metrics, str), *(np.array(column, float) for column in numbers))


def sized(spans: Spans, by: Spans) -> Spans:
    """Return spans with sizes over the mean size of the spans `by` of the same metric.

    Sizes are brought to the vintage at the metric's mean growth first.
    """
    size = spans.size_log.copy()
    for metric in set(by.metric):
        at = spans.metric == metric
        rate, level = _typical(by.where(by.metric == metric))
        size[at] += -rate * spans.start_months[at] - level
    return spans._replace(size_log=size)


def typical_size_log(spans: Spans, metric: str) -> float:
    """Return the log of the size at the vintage that `sized` calls typical of a metric."""
    return _typical(spans.where(spans.metric == metric))[1]


def _typical(like: Spans) -> tuple[float, float]:
    """Return the mean growth of spans of one metric, logs a month, and the mean log of their sizes brought to the vintage at it."""
    rate = like.growth_log.sum() / like.months.sum()
    return rate, (like.size_log - rate * like.start_months).mean()
