"""What users of the largest router pay at list prices for one mix of tokens, and why it changes: new prices or other models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.equations.cost import usd_per_mtok_blended
from forecast.model_names import canonical_name
from forecast.tables import Tables
from forecast.trends.known import enough
from forecast.trends.trend import Diagnostic, Trend
from forecast.units import MONTHS_PER_YEAR, months_between

SCOPE = "OpenRouter by model (weekly top 9-10)"
# Whose price counts: the router's own, else the author's, else another's.
CATALOGUES = "gateway first host cloud".split()
# The mix of tokens: about the router's in spring 2026 (token_mix.csv).
OUTPUT_FRAC, CACHED_FRAC, CACHED_PRICE_RATIO = 0.05, 0.65, 0.15
UNPRICED = (":free", "openrouter/")  # free variants, and previews under a cover
LEAST_WEEKS = 12

Prices = Callable[[str, date], float | None]  # of a model on a day, USD/Mtok


class Week(NamedTuple):
    """The models that were paid for in a week, and the tokens of each."""

    on: date
    tokens: Mapping[str, float]


class Moves(NamedTuple):
    """Parts of Δ log of the mean price between two weeks."""

    same_log: float  # models that changed their price
    within_log: float  # tokens that moved between the models of an author
    between_log: float  # tokens that moved between authors


def ladder_trend(tables: Tables) -> Trend:
    """Return how the mean list price of the router's ten largest models moved, and by what, from week to week.

    It gives no number to the month loop: `ladder_log` is an assumption whose width this evidence suggests.

    Raises:
        TooFew: under twelve weeks were known.
    """
    price = list_prices(tables)
    weeks = paid_weeks(tables, price)
    enough(len(weeks), LEAST_WEEKS, "weeks of models' tokens", tables["token_shares"], tables)
    moves = np.array([moves_log(*pair, price) for pair in pairwise(weeks)])
    years = months_between(weeks[0].on, weeks[-1].on) / MONTHS_PER_YEAR
    total = moves.sum(axis=0)
    swing = float(moves.sum(axis=1).std() * np.sqrt(4))
    said = ("models that changed their price", "moves between the models of an author", "moves between authors")
    return Trend(
        name="ladder",
        title="List price of the router's ten largest models, at one mix of tokens",
        unit="USD/Mtok",
        form="mean weighed by tokens, changes chained from week to week",
        why="evidence alone: the month loop takes its width for the step to newer models as an assumption",
        diagnostics=(
            Diagnostic("change_log", float(total.sum()), f"over {years:.1f} years; four weeks swing by {swing:.2f}"),
            *(Diagnostic(name, float(value), f"of it {what}")
              for name, value, what in zip(Moves._fields, total, said, strict=True)),
        ),
        observed=tuple((week.on, mean_price(week, price)) for week in weeks),
    )  # fmt: skip


def list_prices(tables: Tables) -> Prices:
    """Return a reader of the list price of a model on a day, at the mix; before its first price, the first price."""
    listed: dict[str, dict[str, list[tuple[date, float]]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(tables["price_changes"], key=lambda row: row["changed_on"]):
        if row["input_usd_per_mtok"] and row["output_usd_per_mtok"]:
            asked, output = row["input_usd_per_mtok"], row["output_usd_per_mtok"]
            paid = usd_per_mtok_blended(asked, CACHED_PRICE_RATIO * asked, output, OUTPUT_FRAC, CACHED_FRAC)
            listed[canonical_name(row["model"])][row["provider_kind"]].append((row["changed_on"], float(paid)))

    def price(model: str, on: date) -> float | None:
        known = listed.get(canonical_name(model))
        kind = next((kind for kind in CATALOGUES if known and kind in known), None)
        if known is None or kind is None or any(word in model for word in UNPRICED):
            return None
        return next((usd for day, usd in reversed(known[kind]) if day <= on), known[kind][0][1])

    return price


def paid_weeks(tables: Tables, price: Prices) -> list[Week]:
    """Return the weeks in order, each with the models that have a price."""
    weeks: dict[date, dict[str, float]] = defaultdict(dict)
    for row in tables["token_shares"]:
        if row["scope"] == SCOPE and row["tokens"] and price(row["entity"], row["date_on"]) is not None:
            weeks[row["date_on"]][row["entity"]] = row["tokens"]
    return [Week(on, weeks[on]) for on in sorted(weeks)]


def mean_price(week: Week, price: Prices) -> float:
    """Return the price of the week's models, weighed by tokens, USD/Mtok."""
    return sum(n * (price(model, week.on) or 0.0) for model, n in week.tokens.items()) / sum(week.tokens.values())


def moves_log(before: Week, after: Week, price: Prices) -> Moves:
    """Return what moved the mean price between two weeks.

    ΔP = Σ s̄·Δp + Σ_a S̄_a·Δm_a + Σ_a m̄_a·ΔS_a, each over the logarithmic mean of P; s share of a model, S of an author,
    m_a = Σ_a s·p̄/S_a, bars are means of both weeks. A model that enters a list was sold at its price a week before.
    """
    start, end = mean_price(before, price), mean_price(after, price)
    scale = (end - start) / np.log(end / start) if end != start else end
    same = 0.0
    author: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros((2, 2)))  # [week, (share, share·price)]
    for model in {**before.tokens, **after.tokens}:
        share = np.array([week.tokens.get(model, 0.0) / sum(week.tokens.values()) for week in (before, after)])
        usd = np.array([price(model, week.on) or 0.0 for week in (before, after)])
        same += share.mean() * (usd[1] - usd[0])
        author[model.partition("/")[0]] += np.stack([share, share * usd.mean()], axis=1)
    within = between = 0.0
    for share, worth in (flows.T for flows in author.values()):
        sold = share > 0
        mean = np.divide(worth, share, out=np.full(2, worth.sum() / share.sum()), where=sold)
        within += share.mean() * (mean[1] - mean[0])
        between += mean.mean() * (share[1] - share[0])
    return Moves(same / scale, within / scale, between / scale)
