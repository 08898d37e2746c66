"""What a buyer asks for, and who sells it."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.errors import InputError, suggestion
from forecast.market.names import Names, market_names
from forecast.scenario import Scenario
from forecast.serving.workloads import number

MOST = 1e15  # of tokens or of dollars: what is larger is a slip


@dataclass(frozen=True)
class Terms:
    """What is bought, from whom, and on what terms."""

    segment: str
    providers: tuple[str, ...]  # that differ; of two, splitting is a strategy too
    mtok_per_month: float
    months: int
    fixed_usd_per_mtok: float | None  # quoted for the whole time; None: each provider's price of today, path by path
    switch_cost_months: float  # an assumption: extra spend, in months of it, when a provider must be replaced
    output_frac: float | None = None  # output of all his tokens; None: the segment's
    cached_frac: float | None = None  # cached of his input; None: the segment's

    @property
    def own_mix(self) -> bool:
        """Whether the buyer says anything of his own kinds of tokens."""
        return self.output_frac is not None or self.cached_frac is not None


def sellers(scenario: Scenario, segment: str) -> tuple[str, ...]:
    """Return the named providers that sell a segment, those of most tokens today first, at the medians of what is known."""

    def mtok_per_day(provider: str) -> float:
        share = number(scenario, "offers", f"{provider}:{segment}", "tokens_frac")
        return share * number(scenario, "provider_finances", provider, "tokens_mtok_per_day")

    names = market_names(scenario)
    found = [p for p in names.providers[names.single] if f"{p}:{segment}" in names.offers]
    return tuple(sorted(found, key=mtok_per_day, reverse=True))


def check_terms(scenario: Scenario, names: Names, terms: Terms) -> None:
    """Refuse terms that cannot be priced, all problems at once.

    Raises:
        InputError: what is wrong, and what is allowed.
    """
    if terms.segment not in names.segments:
        near = suggestion(terms.segment, names.segments)
        raise InputError(f"--segment {terms.segment}: one of {', '.join(names.segments)} is allowed.{near} Correct it.")
    allowed = [p for i, p in enumerate(names.providers) if names.offer_at[i, names.segments.index(terms.segment)] >= 0]
    problems = [
        f"--provider {p}: does not sell {terms.segment}; allowed: {', '.join(allowed)}.{suggestion(p, allowed)} Correct it."
        for p in terms.providers
        if p not in allowed
    ]
    if not terms.providers or len(set(terms.providers)) != len(terms.providers):
        problems.append(
            f"--provider: {', '.join(terms.providers)} given; at least one, each once, is allowed. Correct it."
        )
    if not 1 <= terms.months <= scenario.months:
        problems.append(
            f"--months {terms.months}: outside 1 to the horizon of {scenario.months}. Choose a number in that range."
        )
    numbers = {"--mtok-per-month": terms.mtok_per_month, "--fixed-usd-per-mtok": terms.fixed_usd_per_mtok}
    problems += [
        f"{option} {value:g}: a number above 0 and below {MOST:g} is needed. Correct it."
        for option, value in numbers.items()
        if value is not None and not 0 < value < MOST
    ]
    if not 0 <= terms.switch_cost_months <= 12:
        problems.append(
            f"--switch-cost-months {terms.switch_cost_months:g}: outside 0 to 12. Choose a number in that range."
        )
    fracs = {"--output-frac": terms.output_frac, "--cached-frac": terms.cached_frac}
    problems += [
        f"{option} {frac:g}: outside 0 to 1. Choose a number in that range."
        for option, frac in fracs.items()
        if frac is not None and not 0 <= frac <= 1
    ]
    if problems:
        raise InputError(problems)
