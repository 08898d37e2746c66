"""`forecast contract`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

import click

from forecast.cli.options import as_of_option, chance_options, set_option
from forecast.contract import Terms, Verdict, largest_sellers, price_strategies, verdicts
from forecast.scenario import Scenario, load_scenario
from forecast.serving.speed import resolve
from forecast.serving.workloads import number


@click.command("contract")
@click.argument("scenario", default="base")
@click.option("--mtok-per-month", type=float, required=True, help="Million tokens a month, input and output together.")
@click.option("--segment", required=True, help="commodity, open-frontier or closed-frontier.")
@click.option("--months", type=int, required=True, help="Length of the contract.")
@click.option("--provider", "providers", multiple=True,
              help="From whom; give two to split it.  [default: the two that sell most of the segment]")  # fmt: skip
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
) -> None:
    """Fix the price today or buy month by month, at one provider or two: what each costs, and the chance of having to switch."""
    made = load_scenario(scenario, settings=settings, as_of=as_of, months=months)
    chosen = tuple(resolve(made, "provider", name) for name in providers) or largest_sellers(made, segment)
    terms = Terms(segment, chosen, mtok_per_month, months, fixed_usd_per_mtok, switch_cost_months, mix == "market")
    strategies, even = price_strategies(made, terms, n_paths, seed)
    found = verdicts(strategies)
    if as_json:
        document = {"terms": asdict(terms), "break_even_usd_per_mtok": even, "strategies": [asdict(v) for v in found]}
        click.echo(json.dumps(document))
    else:
        click.echo(_text(terms, found, even, made, n_paths))


def _text(terms: Terms, found: list[Verdict], even: float, scenario: Scenario, n_paths: int) -> str:
    input_frac, cached_frac = (
        number(scenario, "segments", terms.segment, f"{kind}_frac") for kind in ("input", "cached")
    )
    drift = "drifting from there as the market's does" if terms.drifting_mix else "throughout"
    lines = [
        f"{terms.mtok_per_month:,.0f} million tokens a month of {terms.segment} for {terms.months} months; scenario {scenario.name}, "
        f"{n_paths:,} paths",
        f"  {'':44s}{'mean cost':>20s}{'p10':>12s}{'median':>12s}{'p90':>12s}{'must switch':>14s}{'dearer than spot':>18s}",
    ]
    for one in found:
        lines.append(
            f"  {one.strategy:44s}{_usd(one.mean_usd) + ' ± ' + _usd(one.mean_usd_error):>20s}{_usd(one.p10_usd):>12s}"
            f"{_usd(one.p50_usd):>12s}{_usd(one.p90_usd):>12s}{100 * one.switch_prob:12.1f} %{100 * one.dearer_than_spot_prob:16.0f} %"
        )
    return "\n".join([
        *lines,
        f"  A price fixed at {terms.providers[0]} costs as much on average as following the market at {even:.3g} USD per million tokens.",
        f"  Prices are of a mix of {100 * input_frac:.0f} % input, {100 * cached_frac:.0f} % of it cached, {drift}: see --mix. "
        f"Replacing a provider is taken to cost {terms.switch_cost_months:g} months of spend.",
        "  Without a quote the fixed price is what the provider charges today, which is itself an estimate with a band.",
    ])  # fmt: skip


def _usd(value: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"${value / size:.3g}{letter}"
    return f"${value:.3g}"
