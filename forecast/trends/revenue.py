"""Revenue by the law of growth: that of each firm in the as_of month, and the growth that all firms share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from forecast.arrays import Array
from forecast.distributions import Z_90
from forecast.inputs.inputs import GROWTH_CORRELATION, REVENUE
from forecast.tables import Tables
from forecast.trends import evidence
from forecast.trends.growth_law import (
    Known,
    Law,
    foreseen,
    foreseen_with_growth_today,
    market_growth,
    over_laws,
    own_growth_today,
    weighed,
)
from forecast.trends.spans import LEAST_MONTHS, RUN_RATE, Spans, published_figures, published_spans, sized
from forecast.trends.trend import Estimate
from forecast.trends.valuations import host_multiple, valuations, with_valuation
from forecast.units import MONTHS_PER_YEAR

LONGEST_MONTHS = 9.0  # of growth foreseen: few firms that fell silent grew on as those that publish do
LEAST_SD = 0.02  # of a log: figures are rounded


def growth_estimate(tables: Tables, today: date, laws: Sequence[Law]) -> Estimate:
    """Return the growth of other business in the as_of month, as a logarithmic rate: that of revenue which all firms share.

    12·μ, given only the spans between figures of accounts (of a quarter, a half or a whole year): a figure that a firm
    chose to tell is of a month that went well. Without such a span it is what was believed beforehand.

    Args:
        tables: cut to the vintage.
        today: its day.
        laws: points of the law of growth.
    """
    raw = published_spans(tables, today, of_accounts=True)
    raw = raw.where(raw.metric == RUN_RATE)
    weight, found = weighed(sized(raw, raw), laws)
    (mean,), (sd,) = over_laws(weight, [market_growth(by, RUN_RATE) for by in found])
    return Estimate(
        "parameters.other_growth_start_per_year",
        evidence.distribution("fitted", MONTHS_PER_YEAR * mean, MONTHS_PER_YEAR * sd),
        "1/year",
        len(raw.firm),
        "low",
        f"{len(raw.firm)} spans between figures of accounts of {len(set(raw.firm))} firms, prior and spans weighed together",
    )


def last_revenues(tables: Tables, today: date) -> dict[str, tuple[float, float]]:
    """Return by firm the month of its last revenue, counted from today and at the earliest −9, and the revenue's log.

    Several figures of one time count as their mean.
    """
    found = {}
    for (firm, metric), figures in published_figures(tables, today).items():
        latest = [figure for figure in figures if figures[-1][0] - figure[0] < LEAST_MONTHS]
        month, log = np.mean(latest, axis=0)
        if metric == RUN_RATE:
            found[firm] = (max(float(month), -LONGEST_MONTHS), float(log))
    return found


def spans_since(last: dict[str, tuple[float, float]], raw: Spans) -> Spans:
    """Return the span from each firm's last revenue to today, whose growth nobody has published; sizes over those of `raw`."""
    months, logs = np.array(list(last.values()), float).reshape(-1, 2).T
    none = np.zeros(len(last))
    return sized(Spans(np.array(list(last), str), np.full(len(last), RUN_RATE), months, none, none, logs), raw)


def brought_forward(
    last: dict[str, tuple[float, float]], weight: Array, grown: Sequence[tuple[Array, Array]]
) -> tuple[Array, Array]:
    """Return mean and spread of the log of each firm's revenue today, `[firm]`: log R = log R₀ + G.

    R₀ is the last figure, G the growth the laws foresee since, given all spans known.

    Args:
        last: by firm the month of its last revenue, counted from today, and its log.
        weight: of each law, `[law]`.
        grown: G under each law, mean and variance, `[firm]`, over the span of each from that month to today.
    """
    growth, sd = over_laws(weight, grown)
    return np.array([log for _, log in last.values()]) + growth, sd


def growth_correlation(
    since: Spans, weight: Array, found: Sequence[Known], grown: Sequence[tuple[Array, Array]], left: Array
) -> float:
    """Return the correlation of revenue today with own growth today, over all firms: Σl²·cov(G, g)/Σ l·sd(G)·sd(g).

    A firm whose revenue grew by more than is known since its last figure, G, also grows more today, g. Of each firm the
    covariance is Σ wᵢ·(covᵢ + (Gᵢ − G)·(gᵢ − g)) over laws of weight w. A valuation that leaves a part l of the spread of G
    leaves l² of what ties it to g.

    Args:
        since: the span of each firm from its last revenue to today.
        weight, grown: as of `brought_forward`; `found`: what the published spans say under each law.
        left: l, `[firm]`.
    """
    growing = own_growth_today(found, since.firm)
    within = weight @ foreseen_with_growth_today(found, since)
    (mean, sd), (mean_growing, sd_growing) = over_laws(weight, grown), over_laws(weight, growing)
    apart = np.array([m for m, _ in grown]) - mean, np.array([m for m, _ in growing]) - mean_growing
    together = within + weight @ (apart[0] * apart[1])
    return float((left**2 * together).sum() / (left * sd * sd_growing).sum())


def revenue_estimates(
    tables: Tables, today: date, raw: Spans, weight: Array, found: Sequence[Known]
) -> tuple[Estimate, ...]:
    """Return the revenue of the as_of month of each firm of the finances that ever published one."""
    sold = tables["provider_finances"].latest("provider")
    last = {firm: figure for firm, figure in last_revenues(tables, today).items() if firm in sold}
    if not last:
        return ()
    since = spans_since(last, raw)
    grown = foreseen(found, since)
    logs, sds = brought_forward(last, weight, grown)
    left, valued_at = np.ones(len(last)), [""] * len(last)
    multiple, valued = host_multiple(tables, today), valuations(tables, today)
    for i, (firm, figure) in enumerate(last.items()):
        newest = valued.get(firm, [(-np.inf, 0.0)])[-1]
        if multiple and newest[0] > figure[0]:
            log, sd = with_valuation(figure, logs[i], sds[i], newest, multiple)
            left[i], logs[i], sds[i] = sd / sds[i], log, sd
            valued_at[i] = (
                f", read with a value of {np.exp(newest[1]) / 1e9:.3g} billion {abs(newest[0]):.1f} months ago"
            )
    together = growth_correlation(since, weight, found, grown, left)
    return (
        Estimate(f"parameters.{GROWTH_CORRELATION}", evidence.distribution("fixed", together), "fraction", len(last), "low",
                 f"of {len(last)} firms together, by the law that brings their revenue forward"),
        *(
        Estimate(
            f"provider_finances.{firm}.{REVENUE}",
            evidence.distribution("lognormal", *np.exp(log + np.array([-1, 1]) * Z_90 * max(sd, LEAST_SD)).tolist()),
            "USD/year", len(raw.firm), "low",
            f"{np.exp(figure) / 1e9:.3g} billion a year, grown for {-month:.1f} months by e^{log - figure:.2f}{told}",
        )
        for (firm, (month, figure)), log, sd, told in zip(last.items(), logs, sds, valued_at, strict=True)
        ),
    )  # fmt: skip
