"""A buyer's choice: fix the price today or buy month by month, of whom, and what each may cost.

Every strategy is priced on the same paths, for the mix of input, cached input and output of today or the buyer's own: a
contract fixes prices by kind of token. A buyer whose mix drifts as the market's pays less in later months, however he
buys. A provider that leaves ends its contract, and its customer goes on at the market's price, after a disruption; one
that is bought is served on by its buyer at the agreed price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL
from forecast.contract.terms import Terms, check_terms
from forecast.draws import Draws, blocks_of, check_chance, paths_in
from forecast.history import History
from forecast.march import march
from forecast.market.doors import BOUGHT, NEVER
from forecast.market.mix import start_mix
from forecast.market.names import Names, market_names
from forecast.monte_carlo import mean_error, probability_error
from forecast.scenario import Scenario

Array = NDArray[np.float64]
MOST_PATHS = 1_000_000  # every path's cost is kept
SHORTER_MONTHS = (3, 6, 12, 24, 36, 48, 60)  # lengths that stand beside the one asked for


@dataclass(frozen=True)
class Strategy:
    """What one way to buy costs on each path, and on which of them a provider had to be replaced."""

    name: str
    cost_usd: Array  # [path], over all months
    switched: NDArray[np.bool_]
    seller: str = ""  # of whom all is bought at a fixed price


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
        bought = Bought(_of_own_mix(march(scenario, names, draws, watch=True), draws, names, terms), names, terms)
        count = paths_in(block, n_paths)
        parts.append([replace(s, cost_usd=s.cost_usd[:count], switched=s.switched[:count]) for s in strategies(bought)])
        for provider in terms.providers:
            today[provider].append(bought.offer(provider)[0, :count])
            by_month = (
                bought.market * bought.worth,  # spot at the market, USD for a million tokens a month
                bought.monthly_cost(provider, None),  # spot at the provider
                bought.monthly_cost(provider, 0.0),  # what is paid once it is gone
                bought.served(provider) * bought.worth,  # million tokens while it serves
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


def _of_own_mix(history: History, draws: Draws, names: Names, terms: Terms) -> History:
    """Return a history whose prices are those of the buyer's own shares of output and of cached input, where he gives any."""
    if not terms.own_mix:
        return history
    row, mix = names.segments.index(terms.segment), start_mix(draws, names)
    of_segment = [frac[row] for frac in mix.start]
    own = [
        frac if given is None else np.full_like(frac, given)
        for frac, given in zip(of_segment, (terms.output_frac, terms.cached_frac), strict=True)
    ]
    ratio = mix.price.of(*own) / mix.price.of(*of_segment)
    priced = {
        name: np.asarray(history.series[name] * ratio, REAL)
        for name in ("constant_mix_price", "market_price", "offer_price")
    }
    return replace(history, series={**history.series, **priced})


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


class Bought:
    """What the tokens of a contract cost on the paths of a block, `[month, path]`, from month 1 to its end.

    Attributes:
        market: the market's price of today's mix, USD/Mtok.
        worth: what the buyer's mix of the month is worth over that of today, `[month, path]`, or `[1, 1]` if it stays.
    """

    def __init__(self, history: History, names: Names, terms: Terms):
        self.history, self.names, self.terms = history, names, terms
        self.segment, months = names.segments.index(terms.segment), slice(1, terms.months + 1)
        self.market: Array = history.series["constant_mix_price"][self.segment, months].astype(float)
        paid: Array = history.series["market_price"][self.segment, months].astype(float)
        self.worth = paid / self.market if terms.drifting_mix else np.ones((1, 1))

    def offer(self, provider: str) -> Array:
        """Return a provider's price of today's mix from today to the end of the contract, `[month, path]`."""
        at = self.names.offer_at[self.names.providers.index(provider), self.segment]
        return self.history.series["offer_price"][at, : self.terms.months + 1].astype(float)

    def served(self, provider: str) -> NDArray[np.bool_]:
        """Return whether a provider, or who bought it, serves in each month, `[month, path]`.

        Whoever leaves does so at the end of a month, whose tokens it still sold (step 8 of the march follows step 6).
        """
        row = self.names.providers.index(provider)
        gone, kind = self.history.exit_month[row], self.history.exit_kind[row]
        lost = (gone != NEVER) & (kind != BOUGHT)
        return np.asarray(~lost | (np.arange(1, self.terms.months + 1)[:, None] <= gone))

    def monthly_cost(self, provider: str, fixed_usd_per_mtok: float | Array | None) -> Array:
        """Return the cost of a million tokens a month at a provider, `[month, path]`: at a fixed price, or at its own of each month.

        c = m·(p while it serves, the market's price after) + s·m·(the market's price when it leaves), m the worth of the
        buyer's mix over that of today's
        """
        served = self.served(provider)
        own = self.offer(provider)[1:] if fixed_usd_per_mtok is None else fixed_usd_per_mtok
        left = ~served & np.vstack([np.ones((1, served.shape[1]), bool), served[:-1]])
        disruption = self.terms.switch_cost_months * left * self.market
        return np.asarray((np.where(served, own, self.market) + disruption) * self.worth)

    def cost(self, provider: str, fixed_usd_per_mtok: float | Array | None) -> Array:
        """Return what all tokens of the contract cost at a provider, `[path]`, USD."""
        return np.asarray(self.monthly_cost(provider, fixed_usd_per_mtok).sum(axis=0) * self.terms.mtok_per_month)


def strategies(bought: Bought) -> list[Strategy]:
    """Return the strategies of a block: spot at the market, then spot and fixed at each provider, and fixed at both."""
    terms, market = bought.terms, bought.market * bought.worth
    never = np.zeros(market.shape[1], bool)
    found = [Strategy("spot at the market's price", market.sum(axis=0) * terms.mtok_per_month, never)]
    fixed = []
    for provider in terms.providers:
        gone = ~bought.served(provider)[-1]
        found.append(Strategy(f"spot at {provider}", bought.cost(provider, None), gone))
        price = terms.fixed_usd_per_mtok or bought.offer(provider)[0]
        fixed.append(Strategy(f"fixed at {provider}", bought.cost(provider, price), gone, provider))
    found += fixed
    if len(fixed) == 2:
        both = f"fixed, half at {terms.providers[0]} and half at {terms.providers[1]}"
        either = fixed[0].switched | fixed[1].switched
        found.append(Strategy(both, (fixed[0].cost_usd + fixed[1].cost_usd) / 2, either))
    return found
