"""`forecast own`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import click
import numpy as np

from forecast.cli.options import need_options
from forecast.cli.shown import answer, bar, line_columns
from forecast.contract.capacity import Need, Ways, need_of, own_or_rent
from forecast.delivery.printed import printed_table
from forecast.delivery.words import counted, percent
from forecast.monte_carlo import mean_error
from forecast.renting import asked_rents
from forecast.scenario import Scenario, load_scenario
from forecast.serving.speed import resolve
from forecast.serving.workloads import number

WAYS = {"own": "own", "contract": "contract for the whole time", "on_demand": "on demand, busy hours only"}


@click.command("own")
@click.argument("scenario", default="base")
@click.option("--accelerator", required=True, help="Accelerator, such as h100 or b200.")
@click.option("--months", type=int, default=36, help="How long it is needed.")
@click.option(
    "--utilisation",
    "busy_frac",
    type=float,
    help="Busy share of the hours, 0.01 to 1.  [default: floor_utilisation_frac]",
)
@click.option("--price-usd", type=float, help="Price quoted for one.  [default: that of accelerator_prices.csv]")
@click.option(
    "--rent-usd-per-hour", type=float, help="Rent quoted on demand today.  [default: the median of those asked]"
)
@click.option(
    "--resale-frac",
    type=float,
    help="Part of its price for which you sell it at the end, 0 to 1.  [default: used_price_ratio of a new one's price then, for the life that is left]",
)
@need_options
def command(
    scenario: str,
    accelerator: str,
    months: int,
    settings: tuple[str, ...],
    as_of: date | None,
    n_paths: int,
    seed: int,
    as_json: bool,
    **quoted: float | None,
) -> None:
    """Buy accelerators or rent them: the cost of an hour, the use above which owning is cheaper, and when it has paid back.

    The price of power and the interest are inputs: --set electricity_usd_per_kwh=…, --set capital_rate_per_year=….
    """
    made = load_scenario(scenario, settings=settings, as_of=as_of)
    need = need_of(made, resolve(made, "accelerator", accelerator), months, **quoted)
    with bar(n_paths, made.name) as progress:
        found = document(need, own_or_rent(made, need, n_paths, seed, progress), made)
    answer(as_json, found, *_text(found, need, made, n_paths, quoted["rent_usd_per_hour"] is not None))


def document(need: Need, ways: Ways, made: Scenario) -> dict[str, Any]:
    """Return the answer as other programs read it; a month beyond the horizon is null."""
    costs = np.stack([getattr(ways, name) for name in WAYS])
    cheapest = costs.argmin(axis=0)
    return {
        "need": asdict(need),
        "as_of": str(made.as_of),
        "horizon_months": made.months,
        "usd_per_accelerator_hour": {
            name: {"mean": float(cost.mean()), "mean_error": mean_error(cost) if len(cost) > 1 else None, **_band(cost),
                   "cheapest_prob": float((cheapest == i).mean())}
            for i, (name, cost) in enumerate(zip(WAYS, costs, strict=True))
        },
        "even_busy_frac": _band(ways.even_busy_frac),
        "own_cheaper_than_on_demand_prob": float((ways.own < ways.on_demand).mean()),
        "own_cheaper_than_contract_prob": float((ways.own < ways.contract).mean()),
        "paid_back_months": _band(ways.paid_back_months),
        "not_paid_back_prob": float(np.isinf(ways.paid_back_months).mean()),
        "resale_frac": _band(ways.resale_frac),
    }  # fmt: skip


def _band(values: Any) -> dict[str, float | None]:
    found = np.quantile(values, [0.1, 0.5, 0.9], method="inverted_cdf")
    return {name: float(q) if np.isfinite(q) else None for name, q in zip(("p10", "p50", "p90"), found, strict=True)}


def _text(found: dict[str, Any], need: Need, made: Scenario, n_paths: int, quoted: bool) -> list[str]:
    """Return the table and the sentences below it."""
    asked = None if quoted else asked_rents(made, need.accelerator)
    even = found["even_busy_frac"]
    rent = f"${need.rent_usd_per_hour:.2f} " + (
        f"asked on demand ({asked['lowest']:.2f}-{asked['highest']:.2f}, {counted(asked['quotes'], 'quote')})"
        if asked
        else "as you were quoted"
    )
    head = (
        f"{need.accelerator} for {counted(need.months, 'month')} from {made.as_of}, busy {percent(need.busy_frac)} of the hours; "
        f"scenario {made.name}, {counted(n_paths, 'path')}"
    )
    rows = [["USD for an hour of the clock", "mean", "p10", "median", "p90", "cheapest"]]
    for name, said in WAYS.items():
        way = found["usd_per_accelerator_hour"][name]
        error = "?" if way["mean_error"] is None else f"{way['mean_error']:.1g}"
        quantiles = (f"{way[q]:.2f}" for q in ("p10", "p50", "p90"))
        rows.append([said, f"{way['mean']:.3g} ± {error}", *quantiles, percent(way["cheapest_prob"])])
    sure = percent(found["own_cheaper_than_on_demand_prob"])
    return [
        "\n".join([head, *printed_table(rows, (13, 8, 8, 8, 10), line_columns())]),
        f"  Owning is cheaper than renting on demand from a busy share of {_share(even)} on; at {percent(need.busy_frac)}, on {sure} of paths.",
        f"  It is cheaper than a contract on {percent(found['own_cheaper_than_contract_prob'])} of them. {_paid(found)}",
        f"  Bought for {_price(need, made)}, and network_frac of it for the network.",
        f"  Rent: {rent}; it moves as an H100's does. A contract holds today's price, which lies between rent and owned cost "
        "(contract_rent_ratio), and pays all hours, as the owner does. Money is of today, at capital_rate_per_year.",
        f"  Sold at the end for {_share(found['resale_frac'])} of its price"
        + (": an assumption (used_price_ratio, for the life that is left); yours: --resale-frac. `forecast cost` spreads the price over its whole life." if need.resale_frac is None else "."),
        "  Whoever rents may move to newer machines, which serve a token for less: that freedom is not priced.",
    ]  # fmt: skip


def _price(need: Need, made: Scenario) -> str:
    """Return what one is bought for, and where that is from."""
    if need.price_usd is not None:
        return f"${need.price_usd:,.0f} as you were quoted"
    low, high = (number(made, "accelerator_prices", need.accelerator, f"price_{end}_usd") for end in ("low", "high"))
    return f"${low:,.0f} to ${high:,.0f} (accelerator_prices.csv; yours: --price-usd)"


def _share(band: dict[str, float]) -> str:
    """Return a share in percent with its band, where it has one."""
    low, middle, high = (percent(band[q]) for q in ("p10", "p50", "p90"))
    return middle if low == high else f"{middle} ({low} to {high})"


def _paid(found: dict[str, Any]) -> str:
    """Return when the rent spared has paid for the machine."""
    horizon, never = found["horizon_months"], percent(found["not_paid_back_prob"])
    low, middle, high = (
        f">{horizon}" if month is None else f"{month:.0f}" for month in found["paid_back_months"].values()
    )
    if found["not_paid_back_prob"] > 0.5:
        early = "" if low[0] == ">" else f"; on one path in ten after {low} months or sooner"
        return f"Unsold, the machine has not paid for itself within {horizon} months on {never} of paths{early}."
    return f"Unsold, the machine has paid for itself after {middle} months ({low} to {high}), not within {horizon} on {never}."
