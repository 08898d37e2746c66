"""Arithmetic that claims rest on: pure functions of plain numbers, each rising or falling in every argument."""

from __future__ import annotations

from collections.abc import Callable

from forecast.equations import step
from forecast.units import SECONDS_PER_HOUR, TOKENS_PER_MTOK

DAYS_PER_YEAR = 365.0
MICROSECONDS_PER_S = 1e6


def read_us(weights_gb: float, accelerators: float, bandwidth_tb_per_s: float) -> float:
    """Return the microseconds in which weights are read once at peak bandwidth: t = 10⁶·G/(1000·n·BW).

    >>> read_us(80.0, 2.0, 4.0)
    10000.0
    """
    return float(MICROSECONDS_PER_S * step.split_s(weights_gb, accelerators, bandwidth_tb_per_s))


def usd_per_token(usd_per_hour: float, token_us: float) -> float:
    """Return what a token costs that takes so long on an accelerator: h·t/(3600·10⁶).

    >>> usd_per_token(36.0, 100.0)
    1e-06
    """
    return usd_per_hour * token_us / MICROSECONDS_PER_S / SECONDS_PER_HOUR


def quotient(over: float, under: float) -> float:
    """Return one number over another.

    >>> quotient(6.0, 3.0)
    2.0
    """
    return over / under


def product(first: float, second: float, third: float = 1.0) -> float:
    """Return the product of two or three numbers.

    >>> product(2.0, 3.0, 4.0)
    24.0
    """
    return first * second * third


def cost_left_frac(gain_ratio: float) -> float:
    """Return the part of a token's cost that is left when throughput rises at the same hourly cost: 1/g.

    >>> cost_left_frac(4.0)
    0.25
    """
    return 1.0 / gain_ratio


def tokens_per_day(market_usd_per_year: float, price_usd_per_mtok: float) -> float:
    """Return the tokens a day that a market's size and mean price imply: 10⁶·M/(p·365).

    >>> tokens_per_day(365.0, 1.0)
    1000000.0
    """
    return TOKENS_PER_MTOK * market_usd_per_year / price_usd_per_mtok / DAYS_PER_YEAR


def usd_per_day(tokens_a_day: float, usd_per_mtok: float) -> float:
    """Return the dollars a day that so many tokens earn or lose: V·p/10⁶.

    >>> usd_per_day(1e10, 3.0)
    30000.0
    """
    return tokens_a_day * usd_per_mtok / TOKENS_PER_MTOK


def usd_per_year(tokens_a_day: float, usd_per_mtok: float) -> float:
    """Return the dollars a year that so many tokens a day earn or lose: 365·V·p/10⁶.

    >>> usd_per_year(1e10, 3.0)
    10950000.0
    """
    return DAYS_PER_YEAR * usd_per_day(tokens_a_day, usd_per_mtok)


def growth_frac_per_year(first: float, last: float, years: float) -> float:
    """Return the compound yearly growth between two values: (b/a)^(1/n) − 1.

    >>> growth_frac_per_year(1.0, 4.0, 2.0)
    1.0
    """
    return float((last / first) ** (1.0 / years) - 1.0)


def shrunk(value: float, yearly_ratio: float, years: float) -> float:
    """Return a value after some years of a constant yearly ratio: v·r^n.

    >>> shrunk(0.4, 0.5, 2.0)
    0.1
    """
    return float(value * yearly_ratio**years)


CHECKS: tuple[Callable[..., float], ...] = (
    read_us, usd_per_token, quotient, product, cost_left_frac, tokens_per_day, usd_per_day, usd_per_year,
    growth_frac_per_year, shrunk,
)  # fmt: skip
