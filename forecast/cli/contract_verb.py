"""`forecast contract`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

import click

from forecast.cli.options import as_of_option, bar, chance_options, quiet_option, set_option
from forecast.contract.pricing import Even, Verdict, price_strategies, verdicts
from forecast.contract.terms import Terms, sellers
from forecast.delivery.words import SIZES, counted, percent
from forecast.errors import InputError
from forecast.scenario import Scenario, load_scenario
from forecast.serving.speed import resolve
from forecast.serving.workloads import number


@click.command("contract")
@click.argument("scenario", default="base")
@click.option(
    "--mtok-per-month",
    type=float,
    required=True,
    help="Million tokens a month, input and output together: 50000 are 50 billion.",
)
@click.option("--segment", required=True, help="commodity, open-frontier or closed-frontier.")
@click.option("--months", type=int, required=True, help="Length of the contract.")
@click.option("--provider", "providers", multiple=True,
              help="From whom; two may also be split, all compares every seller.  [default: the two that sell most of the segment]")  # fmt: skip
@click.option(
    "--fixed-usd-per-mtok", type=float, help="Price quoted for the whole time.  [default: the provider's today]"
)
@click.option("--switch-cost-months", type=float, default=0.5, show_default=True,
              help="Months of spend lost when a provider must be replaced: your estimate.")  # fmt: skip
@click.option("--mix", type=click.Choice(["today", "market"]), default="today", show_default=True,
              help="Your tokens stay of today's kinds (input, cached, output), or drift as the market's do.")  # fmt: skip
@set_option
@as_of_option()
@chance_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@quiet_option
def command(
    scenario: str,
    mtok_per_month: float,
    segment: str,
    months: int,
    providers: tuple[str, ...],
    fixed_usd_per_mtok: float | None,
    switch_cost_months: float,
    mix: str,
    settings: tuple[str, ...],
    as_of: date | None,
    n_paths: int,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fix the price today or buy month by month, and of whom: what each costs, and the chance of having to switch.

    --provider all compares every seller of the segment, the cheapest first.
    """
    made = load_scenario(scenario, settings=settings, as_of=as_of, months=months)
    if "all" in providers and len(providers) > 1:
        raise InputError("contract: --provider all stands alone. Leave it out, or the others.")
    if providers == ("all",):
        chosen = sellers(made, segment)
    else:
        chosen = tuple(resolve(made, "provider", name) for name in providers) or sellers(made, segment)[:2]
    terms = Terms(segment, chosen, mtok_per_month, months, fixed_usd_per_mtok, switch_cost_months, mix == "market")
    with bar(n_paths, made.name, quiet) as progress:
        strategies, even = price_strategies(made, terms, n_paths, seed, progress)
    found = verdicts(strategies, even)
    if providers == ("all",):
        found.sort(key=lambda one: one.mean_usd)
    if as_json:
        first = even[terms.providers[0]].market
        document = {"terms": asdict(terms), "break_even_usd_per_mtok": first, "strategies": [asdict(v) for v in found]}
        click.echo(json.dumps(document))
    else:
        click.echo(_text(terms, found, even, made, n_paths))


def _text(terms: Terms, found: list[Verdict], even: dict[str, Even], made: Scenario, n_paths: int) -> str:
    mtok = terms.mtok_per_month * terms.months
    first, length = terms.providers[0], counted(terms.months, "month")
    kinds = ("input", "cached")
    input_frac, cached_frac = (number(made, "segments", terms.segment, f"{kind}_frac") for kind in kinds)
    drift = "drifting from there as the market's does" if terms.drifting_mix else "throughout"
    quoted = terms.fixed_usd_per_mtok is not None
    lines = [
        f"{terms.mtok_per_month:,.0f} million tokens a month of {terms.segment} for {length} from {made.as_of}; "
        f"scenario {made.name}, {counted(n_paths, 'path')}",
        f"  {f'cost of {length}, USD':44s}{'mean':>20s}{'p10':>12s}{'median':>12s}{'p90':>12s}{'USD/Mtok':>12s}"
        f"{'even at':>10s}{'must switch':>14s}{'above the market':>18s}",
    ]
    for one in found:
        error = "?" if one.mean_usd_error is None else _usd(one.mean_usd_error)
        own = "" if one.even_usd_per_mtok is None else f"{one.even_usd_per_mtok:.3g}"
        lines.append(
            f"  {one.strategy:44s}{_usd(one.mean_usd) + ' ± ' + error:>20s}{_usd(one.p10_usd):>12s}"
            f"{_usd(one.p50_usd):>12s}{_usd(one.p90_usd):>12s}{one.mean_usd / mtok:>12.3g}{own:>10s}"
            f"{percent(one.switch_prob):>14s}{percent(one.dearer_than_spot_prob):>18s}"
        )
    return "\n".join([
        *lines,
        "  Spot: month by month. Even at: the fixed price, USD per million tokens, that costs on average what month by month at the same",
        f"  provider does; a lower quote saves. Against the market's spot price fixed at {first} is even at {even[first].market:.3g}.",
        f"  Prices are those paid over all tokens of a mix of {percent(input_frac)} input, {percent(cached_frac)} of it cached, {drift}: "
        "see --mix.",
        f"  Must switch: the provider leaves and nobody serves on; taken to cost {terms.switch_cost_months:g} months of spend, and the "
        "market's price from then on.",
        "  USD/Mtok is the mean cost with both and no quote: compare a quote with even at.",
        *([] if quoted else [
            f"  No quote is known: a provider's price is its revenue over its tokens, an estimate (forecast show --match {first}.paid). "
            "Give yours as --fixed-usd-per-mtok.",
        ]),
    ])  # fmt: skip


def _usd(value: float) -> str:
    """Return an amount with three significant digits.

    >>> _usd(57_040.0), _usd(105_100.0), _usd(0.0091), _usd(999_700.0)
    ('$57.0k', '$105k', '$0.00910', '$1.00M')
    """
    for size, letter in SIZES:
        if abs(value) >= 0.9995 * size:  # what three digits round up to it
            return f"${value / size:#.3g}".rstrip(".") + letter
    return f"${value:#.3g}".rstrip(".")
