"""What the tokens of a contract cost on the paths of a block, by each way to buy them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL, Array
from forecast.contract.terms import Terms
from forecast.draws import Draws
from forecast.history import History
from forecast.market.doors import BOUGHT, NEVER
from forecast.market.mix import Mix
from forecast.market.names import Names


@dataclass(frozen=True)
class Strategy:
    """What one way to buy costs on each path, and on which of them a provider had to be replaced."""

    name: str
    cost_usd: Array  # [path], over all months
    switched: NDArray[np.bool_]
    seller: str = ""  # of whom all is bought at a fixed price


def of_own_mix(history: History, draws: Draws, names: Names, terms: Terms) -> History:
    """Return a history whose prices are those of the buyer's own shares of output and of cached input, where he gives any."""
    if not terms.own_mix:
        return history
    row, mix = names.segments.index(terms.segment), Mix(draws, names)
    of_segment = [frac[row] for frac in mix.start]
    own = [
        frac if given is None else np.full_like(frac, given)
        for frac, given in zip(of_segment, (terms.output_frac, terms.cached_frac), strict=True)
    ]
    ratio = mix.price.of(*own) / mix.price.of(*of_segment)
    priced = {name: np.asarray(history.series[name] * ratio, REAL) for name in ("constant_mix_price", "offer_price")}
    return replace(history, series={**history.series, **priced})


class Bought:
    """What the tokens of a contract cost on the paths of a block, `[month, path]`, from month 1 to its end.

    Attributes:
        market: the market's price of today's mix, USD/Mtok.
    """

    def __init__(self, history: History, names: Names, terms: Terms):
        self.history, self.names, self.terms = history, names, terms
        self.segment, months = names.segments.index(terms.segment), slice(1, terms.months + 1)
        self.market: Array = history.series["constant_mix_price"][self.segment, months].astype(float)

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

        c = p while it serves, the market's price after, and s·(the market's price when it leaves)
        """
        served = self.served(provider)
        own = self.offer(provider)[1:] if fixed_usd_per_mtok is None else fixed_usd_per_mtok
        left = ~served & np.vstack([np.ones((1, served.shape[1]), bool), served[:-1]])
        disruption = self.terms.switch_cost_months * left * self.market
        return np.asarray(np.where(served, own, self.market) + disruption)

    def cost(self, provider: str, fixed_usd_per_mtok: float | Array | None) -> Array:
        """Return what all tokens of the contract cost at a provider, `[path]`, USD."""
        return np.asarray(self.monthly_cost(provider, fixed_usd_per_mtok).sum(axis=0) * self.terms.mtok_per_month)


def strategies(bought: Bought) -> list[Strategy]:
    """Return the strategies of a block: spot at the market, then spot and fixed at each provider, and fixed at both."""
    terms, market = bought.terms, bought.market
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
