"""Revenue of the as_of month: the last figure a firm published, brought forward by the law of growth fitted to all figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from forecast.distributions import Z_90
from forecast.inputs import GROWTH_CORRELATION, REVENUE
from forecast.tables import Tables
from forecast.trends import evidence
from forecast.trends.growth_law import (
    Array,
    Known,
    Law,
    Spans,
    foreseen,
    foreseen_with_growth_today,
    over_laws,
    own_growth_today,
)
from forecast.trends.spans import LEAST_MONTHS, RUN_RATE, published_figures, sized
from forecast.trends.trend import Estimate

LONGEST_MONTHS = 9.0  # of growth foreseen: of firms that fell silent few grew on as those that publish do
LEAST_SD = 0.02  # of a log: figures are rounded


def last_revenues(tables: Tables, today: date) -> dict[str, tuple[float, float]]:
    """Return by firm the log of its last revenue, the mean of figures of one time, and the month, nine before today at most."""
    found = {}
    for (firm, metric), figures in published_figures(tables, today).items():
        latest = [figure for figure in figures if figures[-1][0] - figure[0] < LEAST_MONTHS]
        month, log = np.mean(latest, axis=0)
        if metric == RUN_RATE:
            found[firm] = (max(float(month), -LONGEST_MONTHS), float(log))
    return found


def brought_forward(
    last: dict[str, tuple[float, float]], raw: Spans, laws: Sequence[Law], weight: Array, found: Sequence[Known]
) -> tuple[Array, Array]:
    """Return mean and spread of the log of each firm's revenue today, `[firm]`: log R = log R₀ + G, R₀ published h months ago.

    G is the growth the law foresees for the h months since, given all spans known, `over_laws` by their weight.

    Args:
        last: by firm the month of its last revenue, counted from today, and its log.
        raw: the spans known, sizes as published.
        laws: points of the law of growth; `weight` of each, `[law]`; `found`: what the spans say under each.
    """
    spans, since = sized(raw, raw), _since(last, raw)
    mean, sd = over_laws(weight, [foreseen(spans, since, law, by) for law, by in zip(laws, found, strict=True)])
    return np.array([log for _, log in last.values()]) + mean, sd


def _since(last: dict[str, tuple[float, float]], raw: Spans) -> Spans:
    """Return the span from each firm's last revenue to today, whose growth nobody has published."""
    months, logs = np.array(list(last.values()), float).reshape(-1, 2).T
    none = np.zeros(len(last))
    return sized(Spans(np.array(list(last), str), np.full(len(last), RUN_RATE), months, none, none, logs), raw)


def growth_correlation(
    last: dict[str, tuple[float, float]], raw: Spans, laws: Sequence[Law], weight: Array, found: Sequence[Known]
) -> float:
    """Return the correlation of revenue today with own growth today, over all firms: Σcov(G, g)/Σ sd(G)·sd(g).

    A firm that grew more than is known since its last figure, G, grows more today, g: of each firm the covariance is
    Σ wᵢ·(covᵢ + (Gᵢ − G)·(gᵢ − g)) over laws of weight w. Arguments as of `brought_forward`.
    """
    spans, since = sized(raw, raw), _since(last, raw)
    each = list(zip(laws, found, strict=True))
    grown = [foreseen(spans, since, law, by) for law, by in each]
    growing = [own_growth_today(spans, since.firm, law, by) for law, by in each]
    within = weight @ np.array([foreseen_with_growth_today(spans, since, law, by) for law, by in each])
    (mean, sd), (mean_growing, sd_growing) = over_laws(weight, grown), over_laws(weight, growing)
    apart = np.array([m for m, _ in grown]) - mean, np.array([m for m, _ in growing]) - mean_growing
    return float((within + weight @ (apart[0] * apart[1])).sum() / (sd * sd_growing).sum())


def revenue_estimates(
    tables: Tables, today: date, raw: Spans, laws: Sequence[Law], weight: Array, found: Sequence[Known]
) -> tuple[Estimate, ...]:
    """Return the revenue of the as_of month of each firm of the finances that ever published one."""
    sold = tables["provider_finances"].latest("provider")
    last = {firm: figure for firm, figure in last_revenues(tables, today).items() if firm in sold}
    if not last:
        return ()
    logs, sds = brought_forward(last, raw, laws, weight, found)
    together = growth_correlation(last, raw, laws, weight, found)
    return (
        Estimate(f"parameters.{GROWTH_CORRELATION}", evidence.distribution("fixed", together), "fraction", len(last), "low",
                 f"of {len(last)} firms together, by the law that brings their revenue forward"),
        *(
        Estimate(
            f"provider_finances.{firm}.{REVENUE}",
            evidence.distribution("lognormal", *np.exp(log + np.array([-1, 1]) * Z_90 * max(sd, LEAST_SD)).tolist()),
            "USD/year", len(raw.firm), "low",
            f"{np.exp(figure) / 1e9:.3g} billion a year, grown for {-month:.1f} months by e^{log - figure:.2f}",
        )
        for (firm, (month, figure)), log, sd in zip(last.items(), logs, sds, strict=True)
        ),
    )  # fmt: skip
