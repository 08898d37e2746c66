"""`forecast contract`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import click

from forecast.cli.options import need_options
from forecast.cli.shown import answer, bar, line_columns
from forecast.contract.pricing import Even, Verdict, price_strategies, verdicts
from forecast.contract.terms import Terms, sellers
from forecast.delivery.printed import printed_table
from forecast.delivery.words import SIZES, counted, percent
from forecast.errors import InputError
from forecast.scenario import Scenario, load_scenario
from forecast.serving.speed import resolve
from forecast.serving.workloads import number

APART_RATIO = 3  # of two prices of one seller: from there on they are of different models


@click.command("contract")
@click.argument("scenario", default="base")
@click.option(
    "--mtok-per-month",
    type=float,
    required=True,
    help="Million tokens a month, input and output together: 50000 are 50 billion.",
)
@click.option(
    "--segment",
    required=True,
    help="commodity (70B-class open weights), open-frontier (large open ones) or closed-frontier.",
)
@click.option("--months", type=int, required=True, help="Length of the contract.")
@click.option(
    "--provider",
    "providers",
    multiple=True,
    help="From whom; given twice, half from each too; all compares every seller.  [default: the two that sell most of the segment]",
)
@click.option(
    "--fixed-usd-per-mtok", type=float, help="Price quoted for the whole time.  [default: the provider's today]"
)
@click.option("--switch-cost-months", type=float, default=0.5,
              help="Months of spend lost when a provider must be replaced: your estimate.")  # fmt: skip
@click.option("--output-frac", type=float, help="Output among all your tokens, 0 to 1.  [default: the segment's]")
@click.option("--cached-frac", type=float, help="Cached among your input, 0 to 1.  [default: the segment's]")
@need_options
def command(
    scenario: str,
    segment: str,
    months: int,
    providers: tuple[str, ...],
    settings: tuple[str, ...],
    as_of: date | None,
    n_paths: int,
    seed: int,
    as_json: bool,
    **asked: Any,
) -> None:
    """Fix the price today or buy month by month, and of whom: what each costs, and the chance of having to switch.

    --provider all compares every seller of the segment, the cheapest first.
    """
    made = load_scenario(scenario, settings=settings, as_of=as_of, months=months)
    everyone = "all" in providers
    if everyone and len(providers) > 1:
        raise InputError("contract: --provider all stands alone. Leave it out, or the others.")
    if everyone and asked["fixed_usd_per_mtok"] is not None:
        raise InputError(
            "contract: --fixed-usd-per-mtok is one provider's quote. Name it with --provider, or leave the quote out."
        )
    named = () if everyone else tuple(resolve(made, "provider", name) for name in providers)
    chosen = named or sellers(made, segment)[: None if everyone else 2]
    terms = Terms(segment=segment, providers=chosen, months=months, **asked)
    with bar(n_paths, made.name) as progress:
        strategies, even = price_strategies(made, terms, n_paths, seed, progress)
    found = verdicts(strategies, even)
    if everyone:
        found.sort(key=lambda one: one.mean_usd)
    router = _router_prices(made, terms)
    first = chosen[0] if len(chosen) <= 2 else min(chosen, key=lambda one: even[one].today)
    document = {
        "terms": asdict(terms),
        "break_even_usd_per_mtok": even[first].market,
        "break_even_provider": first,
        "even_usd_per_mtok_by_months": {provider: even[provider].own_by_months for provider in chosen},
        "router_usd_per_mtok": router,
        "strategies": [asdict(v) for v in found],
    }
    answer(as_json, document, *_text(terms, first, found, even, router, made, n_paths))


def _router_prices(made: Scenario, terms: Terms) -> dict[str, float]:
    """Return what customers of the router last paid each provider that it names, USD/Mtok at the buyer's share of output."""
    latest = made.tables["host_prices"].latest("provider")
    output_frac = 1 - _bought_fracs(terms, made)[0]
    return {
        provider: output_frac * latest[provider]["output_usd_per_mtok"] + (1 - output_frac) * latest[provider]["input_usd_per_mtok"]
        for provider in terms.providers
        if provider in latest
    }  # fmt: skip


def _bought_fracs(terms: Terms, made: Scenario) -> tuple[float, float]:
    """Return input of all tokens bought and cached of the input: the buyer's own, or the segment's where he gives none."""
    input_frac, cached_frac = (number(made, "segments", terms.segment, f"{kind}_frac") for kind in ("input", "cached"))
    return (
        input_frac if terms.output_frac is None else 1 - terms.output_frac,
        cached_frac if terms.cached_frac is None else terms.cached_frac,
    )


def _text(
    terms: Terms, first: str, found: list[Verdict], even: dict[str, Even], router: dict[str, float], made: Scenario, n_paths: int
) -> list[str]:  # fmt: skip
    """Return the table and the sentences below it."""
    mtok, segment = terms.mtok_per_month * terms.months, made.rows["segments"][terms.segment]
    length = counted(terms.months, "month")
    weak = {one for one, paid in router.items() if not 1 / APART_RATIO < paid / even[one].today < APART_RATIO}
    rows = [
        [f"cost of {length}, USD", "mean", "p10", "median", "p90", "USD/Mtok", "even at", "today", "router", "must switch",
         "above market"]
    ]  # fmt: skip
    lines = [
        f"{terms.mtok_per_month:,.0f} million tokens a month of {terms.segment} ({segment['label']}) for {length} "
        f"from {made.as_of}; scenario {made.name}, {counted(n_paths, 'path')}"
    ]
    for one in found:
        error = "?" if one.mean_usd_error is None else _usd(one.mean_usd_error)
        prices = (one.even_usd_per_mtok, one.today_usd_per_mtok, router.get(one.strategy.removeprefix("fixed at ")))
        own, today, paid = ("" if price is None else f"{price:.3g}" for price in prices)
        rows.append(
            [one.strategy + " *" * bool(weak & set(one.strategy.split())), f"{_usd(one.mean_usd)} ± {error}", _usd(one.p10_usd), _usd(one.p50_usd), _usd(one.p90_usd),
             f"{one.mean_usd / mtok:.3g}", own, today, paid, percent(one.switch_prob), percent(one.dearer_than_spot_prob)]
        )  # fmt: skip
    star = (
        f"  * Today and router are {APART_RATIO} or more times apart, most likely for other models: the row is a weak guide to your "
        "price, and so is its place in this table. Get a quote for your model first."
    )
    return [
        "\n".join([*lines, *printed_table(rows, [19, 9, 9, 9, 10, 9, 8, 8, 13, 14], line_columns())]),
        "  A seller's price is what its customers pay on average for the models they choose there, not the price of one model: yours may cost "
        "many times more, and its cheapest seller be another.",
        *([star] if weak else []),
        f"  Fixed: {'at the price you were quoted' if terms.fixed_usd_per_mtok else 'at the price of today, as no quote is known: give yours as --fixed-usd-per-mtok'}. "
        "Spot: month by month. Above market: the chance that it costs more than spot at the market's price.",
        "  USD/Mtok: the mean cost of a million tokens. Even at: the fixed price that costs on average what spot at the same provider does; "
        f"a lower quote saves. Against spot at the market's price, fixed at {first} is even at {even[first].market:.3g}.",
        *_shorter(terms, even),
        _mix_line(terms, made),
        f"  Must switch: the provider leaves and nobody serves on; taken to cost {terms.switch_cost_months:g} months of spend, and the "
        "market's price from then on.",
        f"  Today: the provider's revenue of the segment over its tokens, median of an estimate (forecast show --match {first}.paid); a mean such "
        "as even at may lie above it though no price rises. Router: what customers of the largest router last paid, of any segment "
        "(host_prices.csv).",
    ]


def _shorter(terms: Terms, even: dict[str, Even]) -> list[str]:
    """Return at which prices shorter contracts are even, where it is a choice between one or two providers."""
    if len(terms.providers) > 2 or len(even[terms.providers[0]].own_by_months) < 2:
        return []
    lines = []
    for provider in terms.providers:
        by_months = even[provider].own_by_months.items()
        said = ", ".join(f"{counted(months, 'month')} {price:.3g}" for months, price in by_months)
        lines.append(f"  By length, fixed at {provider} is even at: {said}.")
    return lines


def _mix_line(terms: Terms, made: Scenario) -> str:
    """Return of which kinds of tokens the prices are."""
    own, (input_frac, cached_frac) = terms.own_mix, _bought_fracs(terms, made)
    how = (
        "priced by output_price_ratio and cached_price_ratio"
        if own
        else "for another one: --output-frac, --cached-frac"
    )
    return (
        f"  Prices are those paid over all tokens of {'your' if own else 'a'} mix of {percent(input_frac)} input, "
        f"{percent(cached_frac)} of it cached, throughout; {how}."
    )


def _usd(value: float) -> str:
    """Return an amount with three significant digits.

    >>> _usd(57_040.0), _usd(105_100.0), _usd(0.0091), _usd(999_700.0)
    ('$57.0k', '$105k', '$0.00910', '$1.00M')
    """
    for size, letter in SIZES:
        if abs(value) >= 0.9995 * size:  # what three digits round up to it
            return f"${value / size:#.3g}".rstrip(".") + letter
    return f"${value:#.3g}".rstrip(".")
