"""A buyer's choice: fix the price today or buy month by month, of whom, and what each may cost.

Every strategy is priced on the same paths, for the mix of input, cached input and output of today or the buyer's own.
A provider that leaves ends its contract, and its customer goes on at the market's price, after a disruption; one that is
bought is served on by its buyer at the agreed price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from forecast.arrays import Array
from forecast.contract.bought import Bought, Strategy, of_own_mix, strategies
from forecast.contract.terms import Terms, check_terms
from forecast.draws import Draws, blocks_of, check_chance, paths_in
from forecast.march import march
from forecast.market.names import market_names
from forecast.monte_carlo import mean_error, probability_error
from forecast.scenario import Scenario

MOST_PATHS = 1_000_000  # every path's cost is kept
SHORTER_MONTHS = (3, 6, 12, 24, 36, 48, 60)  # lengths that stand beside the one asked for


@dataclass(frozen=True)
class Verdict:
    """A strategy in numbers: cost over the whole time in USD, and chances with their Monte Carlo errors."""

    strategy: str
    mean_usd: float
    mean_usd_error: float | None  # one path has none
    p10_usd: float
    p50_usd: float
    p90_usd: float
    switch_prob: float
    switch_prob_error: float
    dearer_than_spot_prob: float  # than following the market's price
    even_usd_per_mtok: float | None  # at which fixing costs on average what month by month at the same provider does
    today_usd_per_mtok: float | None  # median of what it asks today


@dataclass(frozen=True)
class Even:
    """The fixed prices at which a provider's contract costs on average what buying month by month does, USD/Mtok of the mix bought."""

    market: float  # at the market's price
    own: float  # at the provider's
    own_by_months: dict[int, float]  # the same for the shorter of SHORTER_MONTHS, the contract's own length last
    today: float  # no break-even: the median of what the provider asks today


def price_strategies(
    scenario: Scenario, terms: Terms, n_paths: int, seed: int, progress: Callable[[int], None] = lambda paths: None
) -> tuple[list[Strategy], dict[str, Even]]:
    """Return every strategy on the same paths, and the fixed prices at which each provider's contract breaks even.

    Args:
        scenario: long enough for the contract.
        terms: what is bought.
        n_paths, seed: as in `simulate`.
        progress: called with the number of paths of each block that is done.

    The price that breaks even, USD/Mtok of the mix bought: the mean of the cost of spot, at the market or at the provider, less
    what the contract costs once its provider is gone, over the mean of the tokens bought at the fixed price.

    Raises:
        InputError: an unknown segment or provider, too many months, or numbers that are none.
    """
    check_chance(n_paths, seed, MOST_PATHS)
    names = market_names(scenario)
    check_terms(scenario, names, terms)
    lengths = [*(length for length in SHORTER_MONTHS if length < terms.months), terms.months]
    parts: list[list[Strategy]] = []
    sums = {(provider, length): np.zeros(4) for provider in terms.providers for length in lengths}
    today: dict[str, list[Array]] = {provider: [] for provider in terms.providers}
    for block in blocks_of(n_paths):
        draws = Draws(scenario, seed, block)
        bought = Bought(of_own_mix(march(scenario, names, draws, watch=True), draws, names, terms), names, terms)
        count = paths_in(block, n_paths)
        parts.append([replace(s, cost_usd=s.cost_usd[:count], switched=s.switched[:count]) for s in strategies(bought)])
        for provider in terms.providers:
            today[provider].append(bought.offer(provider)[0, :count])
            by_month = (
                bought.market,  # spot at the market, USD for a million tokens a month
                bought.monthly_cost(provider, None),  # spot at the provider
                bought.monthly_cost(provider, 0.0),  # what is paid once it is gone
                bought.served(provider),  # million tokens while it serves
            )
            for length in lengths:
                usd_or_mtok = (each[:length].sum(axis=0) * terms.mtok_per_month for each in by_month)
                sums[provider, length] += [each[:count].sum() for each in usd_or_mtok]
        progress(count)
    whole = [
        replace(same[0], cost_usd=np.concatenate([s.cost_usd for s in same]), switched=np.concatenate([s.switched for s in same]))
        for same in zip(*parts, strict=True)
    ]  # fmt: skip
    even = {}
    for provider in terms.providers:
        by_months = {}
        for length in lengths:  # the contract's own is the last
            at_market, at_own, after, mtok = sums[provider, length]
            market, by_months[length] = float((at_market - after) / mtok), float((at_own - after) / mtok)
        asked = float(np.median(np.concatenate(today[provider])))
        even[provider] = Even(market, by_months[terms.months], by_months, asked)
    return whole, even


def verdicts(strategies: list[Strategy], even: dict[str, Even]) -> list[Verdict]:
    """Return the numbers of each strategy; the first one is to follow the market's price."""
    spot = strategies[0].cost_usd
    found = []
    for each in strategies:
        low, middle, high = (float(q) for q in np.quantile(each.cost_usd, [0.1, 0.5, 0.9]))
        prob = float(each.switched.mean())
        dearer = float((each.cost_usd > spot).mean())
        mean, error = float(each.cost_usd.mean()), mean_error(each.cost_usd) if len(spot) > 1 else None
        if error and np.ptp(each.cost_usd) == 0:  # the mean of equal numbers is not exactly theirs
            error = 0.0
        own, today = (even[each.seller].own, even[each.seller].today) if each.seller else (None, None)
        found.append(
            Verdict(
                each.name, mean, error, low, middle, high, prob, probability_error(prob, len(spot)), dearer, own, today
            )
        )
    return found
