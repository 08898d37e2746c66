"""The headline: what a forecast says, in words and three small tables that a person reads in a minute."""

from __future__ import annotations

from textwrap import wrap

from forecast.delivery.answers import FLOOR, doubts_of_chance
from forecast.delivery.small_tables import CONCENTRATIONS, at_risk, marked_months, segments, six_in_a_row_fit, three
from forecast.delivery.words import band, banded, calendar, changed_by_hand, counted, dollars, percent
from forecast.tidy_table import Forecast

SHOWN_PROVIDERS = 14
LABEL_COLUMNS, CELL_COLUMNS = 31, 24  # of the table of prices: today and the horizon fit into 80
FLOOR_COLUMNS = 112  # of the words under it
TOO_SHORT = "cannot be told, six months in a row do not fit into the horizon"


def headline(forecast: Forecast, columns: int = 1000) -> str:
    """Return the printed summary: who is at risk and when, when the market consolidates, where prices go, how sure.

    Of the table of prices so many months are shown as fit into so many columns.
    """
    manifest = forecast.manifest
    horizon = manifest["months"]
    lines = [
        f"{manifest['scenario']}: {manifest['title']}",
        f"as of {manifest['as_of']}, {counted(horizon, 'month')} to {calendar(manifest['as_of'], horizon)}; "
        f"{counted(manifest['paths'], 'path')}, seed {manifest['seed']}, run {manifest['run_id']}",
        *([changed] if (changed := changed_by_hand(manifest)) else []),
        "",
        *_at_risk(forecast, horizon),
        "",
        *_consolidation(forecast, horizon),
        "",
        *_prices(forecast, marked_months(forecast, (columns - LABEL_COLUMNS) // CELL_COLUMNS)),
        "",
        *_sure(forecast),
    ]
    return "\n".join(lines)


def _at_risk(forecast: Forecast, horizon: int) -> list[str]:
    able = at_risk(forecast)
    lines = [
        "WHO IS AT RISK  (months of cash without new money; chance of running out; chance of leaving the market)",
        f"  {'provider':12s}{'cash today':>12s}{'p10':>7s}{'median':>8s}{'p90':>7s}"
        f"{'dry 12m':>9s}{'dry 24m':>9s}{'exit ' + str(horizon) + 'm':>10s}  most likely exit",
    ]
    for row in able[:SHOWN_PROVIDERS]:
        lasts = (f">{horizon}" if n is None else f"{n:.0f}" for n in (row.p10_months, row.p50_months, row.p90_months))
        months = "".join(f"{said:>{w}s}" for said, w in zip(lasts, (7, 8, 7), strict=True))
        probs = (row.prob_out_of_cash_12m, row.prob_out_of_cash_24m, row.prob_exit_by_horizon)
        chances = "".join(f"{percent(prob):>{w}s}" for prob, w in zip(probs, (9, 9, 10), strict=True))
        lines.append(
            f"  {row.provider:12s}{dollars(row.cash_usd):>12s}{months}{chances}  {row.most_likely_exit or '–'}"
        )
    rest = len(able) - SHOWN_PROVIDERS
    if rest > 0:
        lines.append(
            f"  {rest} more run dry less often (runway.csv of --out has all); providers with a parent's balance sheet have no runway to report."
        )
    if any(row.most_likely_exit == "left the market" for row in able[:SHOWN_PROVIDERS]):
        lines.append(
            "  Left the market: it sells no more tokens, but the firm goes on. The buyer of whoever is bought or sold serves on."
        )
    return lines


def _consolidation(forecast: Forecast, horizon: int) -> list[str]:
    lines = ["WHEN THE MARKET CONSOLIDATES  (five largest hold at least 80 % for six months)"]
    seen = six_in_a_row_fit(horizon)
    for what, outcome, share in CONCENTRATIONS:
        now = forecast.value(share, None, 0, 0.5)
        later = banded(three(forecast, share, None, horizon), percent)
        chances = [
            f"{percent(forecast.value(outcome, None, month))} by {calendar(forecast.manifest['as_of'], month)}"
            for month in sorted({min(24, horizon), horizon})
        ]
        never = 1 - (forecast.value(outcome, None, horizon) or 0.0)
        said = f"consolidated: {', '.join(chances)}; not within the horizon: {percent(never)}" if seen else TOO_SHORT
        lines += [f"  {what:7s} top five {percent(now)} today, {later} at the horizon", f"{'':10s}{said}"]
    now = forecast.value("independent_providers", None, 0, 0.5)
    low, count, high = three(forecast, "independent_providers", None, horizon)
    return [*lines, f"  independent providers: {now:.0f} today, {count:.0f} at the horizon ({low:.0f}-{high:.0f})"]


def _prices(forecast: Forecast, marks: list[int]) -> list[str]:
    as_of = forecast.manifest["as_of"]
    heads = "".join(f"{calendar(as_of, m) if m else 'today':>{CELL_COLUMNS}s}" for m in marks)
    lines = [
        "WHERE PRICE AND FLOOR GO  (USD per million tokens paid, all tokens blended; median and 80 % band)",
        f"{'':{LABEL_COLUMNS}s}{heads}",
    ]
    shown = {
        "price": "market_price",
        "today's mix": "constant_mix_price",
        "floor": "floor",
        "price / floor": "price_to_floor_ratio",
    }

    def cells(outcome: str, segment: str | None) -> str:
        return "".join(f" {band(three(forecast, outcome, segment, m))}".rjust(CELL_COLUMNS) for m in marks)

    for segment in segments(forecast):
        for name, outcome in shown.items():
            lines.append(f"  {segment if name == 'price' else '':16s}{name:13s}" + cells(outcome, segment))
    reached = (f"{s} {percent(forecast.value('convergence_month', s, marks[-1]))}" for s in segments(forecast))
    said = ", ".join(reached) if six_in_a_row_fit(marks[-1]) else TOO_SHORT
    return [
        *lines,
        "  H100 rent, USD/hour".ljust(LABEL_COLUMNS) + cells("rent", None),
        f"  Price within 25 % of the floor for six months by {calendar(as_of, marks[-1])}: {said}",
        "  Price and floor are of the mix of the month, ever more cached input and less output: what the average customer",
        "  pays. Whoever buys the same kinds of tokens throughout pays the price of today's mix.",
        *(f"  {line}" for line in wrap(FLOOR, FLOOR_COLUMNS)),
    ]


def _sure(forecast: Forecast) -> list[str]:
    counts = forecast.manifest["counts"]
    lines = [
        "HOW SURE",
        f"  {doubts_of_chance(forecast)}",
        f"  {counts['uncertain_inputs']} of {counts['inputs']} inputs are distributions. Private cash, burn, margins and volumes are",
        "  assumptions: `forecast show` marks each, with its source and date.",
        "  How past forecasts did: `forecast hindcast --as-of 2025-07-01`, `forecast backtest`.",
    ]
    if forecast.manifest["finances_as_of"][:7] != forecast.manifest["as_of"][:7]:
        known = forecast.manifest["finances_as_of"]
        lines.append(
            f"  Mind: the finances of providers are those known at {known}; later ones are not in the tables of this vintage."
        )
    return lines
