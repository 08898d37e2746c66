"""What an accelerator-hour and a million tokens cost, always with the parts that add up to it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from forecast.units import HOURS_PER_MONTH, HOURS_PER_YEAR, SECONDS_PER_HOUR, TOKENS_PER_MTOK, Num, as_given


class HourlyCost(NamedTuple):
    """Parts of an owned accelerator-hour, each in USD per accelerator-hour."""

    amortisation: Num
    electricity: Num
    facility: Num
    network: Num
    operations: Num

    @property
    def total_usd_per_accelerator_hour(self) -> Num:
        """Sum of the parts, in their order."""
        return self.amortisation + self.electricity + self.facility + self.network + self.operations


def capital_recovery_factor(rate_per_year: Num, life_years: Num) -> Num:
    """Equal yearly payment that repays one dollar with interest over its life.

    φ = r / (1 − (1 + r)^(−L));  φ = 1/L at r = 0

    rate_per_year r ≥ 0, life_years L > 0. Returns a fraction per year. Source: own-assumption (annuity).

    >>> capital_recovery_factor(0.0, 4.0), capital_recovery_factor(1.0, 1.0)
    (0.25, 2.0)
    """
    free = np.less_equal(rate_per_year, 0.0)
    rate = np.where(free, 1.0, rate_per_year)
    return as_given(np.where(free, np.divide(1.0, life_years), rate / (1.0 - np.power(1.0 + rate, -life_years))))


def owned_cost(
    *,
    capex_usd: Num,
    capital_rate_per_year: Num,
    accelerator_life_years: Num,
    power_kw: Num,
    power_load_frac: Num,
    pue_ratio: Num,
    electricity_usd_per_kwh: Num,
    facility_usd_per_kw_month: Num,
    network_frac: Num,
    operations_usd_per_accelerator_hour: Num,
) -> HourlyCost:
    """Hourly cost of an owned accelerator, as a waterfall.

    C·φ/8760 | kW·load·PUE·e | kW·f/730 | ν·C·φ/8760 | o

    capex_usd C with its share of the server, power_kw all-in provisioned kW of IT load, power_load_frac 0–1 of it
    drawn on average, pue_ratio ≥ 1, facility f per provisioned kW, network_frac ν of capex repaid alike,
    operations o (people, software, spares). Returns HourlyCost. Source: facts-compilation.

    >>> parts = owned_cost(capex_usd=35040.0, capital_rate_per_year=0.0, accelerator_life_years=4.0, power_kw=2.0,
    ...     power_load_frac=0.25, pue_ratio=1.25, electricity_usd_per_kwh=0.08, facility_usd_per_kw_month=73.0, network_frac=0.25,
    ...     operations_usd_per_accelerator_hour=0.05)
    >>> [round(part, 9) for part in parts], round(parts.total_usd_per_accelerator_hour, 9)
    ([1.0, 0.05, 0.2, 0.25, 0.05], 1.55)
    """
    amortisation = capex_usd * capital_recovery_factor(capital_rate_per_year, accelerator_life_years) / HOURS_PER_YEAR
    return HourlyCost(
        amortisation=amortisation,
        electricity=power_kw * power_load_frac * pue_ratio * electricity_usd_per_kwh,
        facility=power_kw * facility_usd_per_kw_month / HOURS_PER_MONTH,
        network=network_frac * amortisation,
        operations=operations_usd_per_accelerator_hour,
    )


def rented_usd_per_accelerator_hour(owned_usd_per_accelerator_hour: Num, scarcity: Num) -> Num:
    """Market rent of an accelerator whose owning cost is known.

    rent = owned·e^s

    owned in USD per accelerator-hour; scarcity s in logs, 0 at cost, negative in a glut.
    Returns the same unit. Source: own-assumption.

    >>> rented_usd_per_accelerator_hour(1.2, 0.0)
    1.2
    """
    return as_given(owned_usd_per_accelerator_hour * np.exp(scarcity))


def usd_per_mtok(usd_per_accelerator_hour: Num, tok_per_s_per_accelerator: Num, utilisation_frac: Num) -> Num:
    """Cost of a million tokens of one kind (input at the prefill rate, output at the decode rate).

    u = 10⁶·h / (3600·y·U)

    usd_per_accelerator_hour h, tok_per_s_per_accelerator y > 0 at full load, utilisation_frac U in (0, 1].
    Returns USD per Mtok. Source: facts-compilation.

    >>> usd_per_mtok(1.8, 1000.0, 0.5)
    1.0
    """
    hourly_tokens = SECONDS_PER_HOUR * tok_per_s_per_accelerator * utilisation_frac
    return TOKENS_PER_MTOK * usd_per_accelerator_hour / hourly_tokens


def blended_tok_per_s(
    input_tok_per_s: Num, cached_tok_per_s: Num, output_tok_per_s: Num, output_frac: Num, cached_frac: Num
) -> Num:
    """Tokens of all kinds per second of one accelerator when each kind has its own rate: harmonic mean.

    1/y = o/y_out + (1 − o)·((1 − h)/y_in + h/y_cached)

    rates > 0 [tok/s per accelerator, ∞ where a kind costs nothing], output_frac o of all tokens,
    cached_frac h of input tokens, both 0–1. Returns tok/s per accelerator. Source: facts-compilation.

    >>> blended_tok_per_s(50.0, float("inf"), 100.0, 0.5, 0.5)
    100.0
    """
    input_s = (1.0 - cached_frac) / input_tok_per_s + cached_frac / cached_tok_per_s
    return 1.0 / (output_frac / output_tok_per_s + (1.0 - output_frac) * input_s)


def usd_per_mtok_blended(
    input_usd_per_mtok: Num,
    cached_usd_per_mtok: Num,
    output_usd_per_mtok: Num,
    output_frac: Num,
    cached_frac: Num,
) -> Num:
    """Cost or price of a million tokens of a mix: input, cached input and output.

    u = o·u_out + (1 − o)·((1 − h)·u_in + h·u_cached)

    output_frac o of all tokens, cached_frac h of input tokens, both 0–1. Returns USD per Mtok of all tokens.
    Source: facts-compilation.

    >>> usd_per_mtok_blended(1.0, 0.5, 4.0, 0.5, 0.5)
    2.375
    """
    per_input = (1.0 - cached_frac) * input_usd_per_mtok + cached_frac * cached_usd_per_mtok
    return output_frac * output_usd_per_mtok + (1.0 - output_frac) * per_input


def token_cost(hourly_usd: Mapping[str, Num], tok_per_s_per_accelerator: Num, utilisation_frac: Num) -> dict[str, Num]:
    """Cost of a million tokens as a waterfall: its parts are those of the hour, and idle time.

    partᵢ = 10⁶·hᵢ/(3600·y);  idle = Σpartᵢ·(1/U − 1)

    hourly_usd hᵢ: parts of an accelerator-hour, owned (`HourlyCost`) or its rent, rate y (blended_tok_per_s for a mix),
    utilisation_frac U in (0, 1]. Returns USD per Mtok by part; their sum, in order, is the cost. Source: facts-compilation.

    >>> parts = token_cost({"power": 0.18, "rest": 2.7}, 1000.0, 0.5)
    >>> [round(part, 9) for part in parts.values()], round(sum(parts.values()), 9)
    ([0.05, 0.75, 0.8], 1.6)
    """
    parts = {name: usd_per_mtok(part, tok_per_s_per_accelerator, 1.0) for name, part in hourly_usd.items()}
    return parts | {"idle": sum(parts.values()) * (1.0 / utilisation_frac - 1.0)}
