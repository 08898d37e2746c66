"""Every trend that is fitted to the tables, and every series that is forecast at past months: the only lists of them."""

from __future__ import annotations

from collections.abc import Callable

from forecast.errors import InputError, suggestion
from forecast.tables import Tables
from forecast.trends.demand import demand_trend
from forecast.trends.electricity import electricity_trend
from forecast.trends.firm_rates import exits_trend, funding_trend
from forecast.trends.growth_apart import growth_apart_trend
from forecast.trends.hardware_price import hardware_price_trend
from forecast.trends.ladder import ladder_trend
from forecast.trends.list_price.backtest import list_price_cases
from forecast.trends.list_price.trend import list_price_trend
from forecast.trends.rents import rent_cases, rent_trend
from forecast.trends.repricing import repricing_trend
from forecast.trends.rolling import Cases
from forecast.trends.router import router_trend
from forecast.trends.slips import launch_slips_trend
from forecast.trends.software import software_trend
from forecast.trends.tiers import tier_cases, tier_trends
from forecast.trends.token_mix import token_mix_trend
from forecast.trends.trend import Trend

TRENDS: dict[str, Callable[[Tables], Trend | tuple[Trend, ...]]] = {
    "rent": rent_trend,
    "tier": tier_trends,  # one trend for each threshold: tier-0.49, …
    "demand": demand_trend,
    "software": software_trend,
    "electricity": electricity_trend,
    "hardware_price": hardware_price_trend,
    "launch_slips": launch_slips_trend,
    "funding": funding_trend,
    "exits": exits_trend,
    "growth_apart": growth_apart_trend,
    "router": router_trend,
    "repricing": repricing_trend,
    "token_mix": token_mix_trend,
    "list_price": list_price_trend,
    "ladder": ladder_trend,
}
SERIES: dict[str, Callable[[Tables], Cases]] = {"list-price": list_price_cases, "tier": tier_cases, "rent": rent_cases}
TITLES = {
    "list-price": "list prices of fixed models",
    "tier": "price of a fixed capability",
    "rent": "rent of accelerators",
}  # of SERIES
# These give the model no number: a refit need not wait for them.
EVIDENCE_ONLY = ("list_price", "ladder", "software", "hardware_price")
GIVING = tuple(name for name in TRENDS if name not in EVIDENCE_ONLY)
KEPT = ("repricing",)  # not fitted anew by a refresh: models that a feed lists for the first time would count as added


def trends_of(name: str, tables: Tables) -> tuple[Trend, ...]:
    """Return the trends that `name` stands for, fitted to the tables as they were known at their vintage.

    A name of the list stands for all its trends (`tier`), a longer one for a single trend (`tier-0.49`).

    Raises:
        InputError: no trend has this name, or the vintage holds too few rows for it.
    """
    family = name.partition("-")[0]
    if family not in TRENDS:
        raise InputError(f'no trend "{name}"; known: {", ".join(TRENDS)}.{suggestion(name, TRENDS)}')
    found = TRENDS[family](tables)
    every = found if isinstance(found, tuple) else (found,)
    chosen = tuple(trend for trend in every if name in (family, trend.name))
    if not chosen:
        known = dict.fromkeys((family, *(trend.name for trend in every)))
        raise InputError(f'no trend "{name}"; known: {", ".join(known)}.{suggestion(name, known)}')
    return chosen
