"""What a host was valued at since its last revenue, as a figure of revenue with an error: the multiples of hosts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np

from forecast.tables import Tables
from forecast.trends.known import came_about
from forecast.trends.spans import RUN_RATE, published_figures
from forecast.units import months_between

VALUATION = "valuation_usd"
NEAR_MONTHS = 2.0  # within which a valuation and a revenue are of one time
FEWEST = 4  # multiples, of two firms at least
# Hosts alone are valued alike, at 6.5 to 28 times their revenue; labs at 15 to 200, and there past forecasts get worse by it.
KIND = "host"
Multiple = tuple[float, float]  # mean and spread of the log of value over yearly revenue


def valuations(tables: Tables, today: date) -> dict[str, list[tuple[float, float]]]:
    """Return by host (month counted from today, log of the valuation) in order; talks count as well."""
    hosts = {row["provider"] for row in tables["providers"] if row["kind"] == KIND}
    found = defaultdict(list)
    for row in tables["provider_history"]:
        if row["metric"] == VALUATION and row["provider"] in hosts and came_about(row, today):
            found[row["provider"]].append((months_between(today, row["date_on"]), float(np.log(row["value"]))))
    return {firm: sorted(of) for firm, of in found.items()}


def host_multiple(tables: Tables, today: date) -> Multiple | None:
    """Return mean and spread of the log of hosts' valuations over the nearest revenue of their time; None where too few are known.

    The spread is that of a multiple to come: s·√(1 + 1/n).
    """
    figures, found = published_figures(tables, today), []
    for firm, valued in valuations(tables, today).items():
        told = np.array(figures.get((firm, RUN_RATE), [])).reshape(-1, 2)
        for month, log in valued:
            away = np.abs(told[:, 0] - month)
            if len(told) and away.min() <= NEAR_MONTHS:
                found.append((firm, log - told[away.argmin(), 1]))
    if len(found) < FEWEST or len({firm for firm, _ in found}) < 2:
        return None
    logs = np.array([log for _, log in found])
    return float(logs.mean()), float(logs.std(ddof=1) * np.sqrt(1 + 1 / len(logs)))


def with_valuation(
    start: tuple[float, float], log: float, sd: float, valued: tuple[float, float], multiple: Multiple
) -> tuple[float, float]:
    """Return mean and spread of the log of a host's revenue today, given what it was valued at since its last figure.

    R at the valuation is R₀ + f·G, G the growth since the figure, normal, and f the part of the time gone by then; v − c is
    seen of it with an error τ: gain k = f·s²/(f²·s² + τ²), log R + k·(v − c − R₀ − f·G), s²·(1 − k·f).

    Args:
        start: month of the last figure, from today, below 0, and its log R₀.
        log: foreseen log of the revenue today, R₀ + G.
        sd: its spread s.
        valued: month of the valuation, from the last figure to today, and its log v.
        multiple: mean c and spread τ of the log of hosts' multiples.

    Half a year of growth of 1.0 ± 0.6, a valuation of a quarter ago that says a revenue as of the start, ± 0.3.

    >>> with_valuation((-6.0, 0.0), 1.0, 0.6, (-3.0, 3.0), (3.0, 0.3))
    (0.5, 0.4242640687119285)
    """
    gone = 1 - valued[0] / start[0]
    gain = gone * sd**2 / (gone**2 * sd**2 + multiple[1] ** 2)
    surprise = valued[1] - multiple[0] - start[1] - gone * (log - start[1])
    return log + gain * surprise, float(sd * np.sqrt(1 - gain * gone))
