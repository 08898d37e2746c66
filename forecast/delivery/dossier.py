"""What a forecast says of one provider: cash and how long it lasts, then year by year what it earns and whether it is still there."""

from __future__ import annotations

from forecast.delivery.small_tables import WAYS_OUT, finances, marked_months, records, runway
from forecast.delivery.words import banded, dollars, percent
from forecast.tidy_table import Forecast

LABEL_COLUMNS, CELL_COLUMNS = 28, 26
FIGURES = {
    "revenue a year": ("revenue_usd_per_year", dollars),
    "gross margin": ("firm_margin_frac", percent),
    "cash, with rounds": ("cash_with_rounds_usd", dollars),
    "share of tokens": ("provider_tokens_frac", percent),
}


def dossier(forecast: Forecast, provider: str, columns: int = 1000) -> str:
    """Return the text about one provider of the market; so many months as fit into so many columns."""
    horizon = forecast.manifest["months"]
    at = {row["month"]: row for row in records(finances(forecast)) if row["provider"] == provider}
    rows = [at[month] for month in marked_months(forecast, (columns - LABEL_COLUMNS) // CELL_COLUMNS)]
    (cash,) = (row for row in records(runway(forecast)) if row["provider"] == provider)
    lines = [
        f"{provider.upper()}, {cash['kind']}  (median and 80 % band of the paths on which it is in the market)",
        " " * LABEL_COLUMNS + "".join(f"{row['date'] if row['month'] else 'today':>{CELL_COLUMNS}s}" for row in rows),
        _line("still in the market", [percent(row["prob_in_market"]) for row in rows]),
    ]
    for said, (name, shown) in FIGURES.items():
        bands = [[row[f"{name}_{q}"] for q in ("p10", "p50", "p90")] for row in rows]
        if any(value is not None for band in bands for value in band):
            lines.append(_line(said, [banded(band, shown) for band in bands]))
    for way in WAYS_OUT:
        if rows[-1][f"prob_{way}"]:
            lines.append(_line(way.replace("_", " "), [percent(row[f"prob_{way}"]) for row in rows]))
    if rows[-1]["prob_listed"]:
        lines.append(_line("listed", [percent(row["prob_listed"]) for row in rows]))
    if not forecast.find("runway_months", provider=provider):
        return "\n".join([*lines, "  A parent's balance sheet stands behind it: no runway to report."])
    months = [
        f">{horizon}" if cash[f"{q}_months"] is None else f"{cash[f'{q}_months']:.0f}" for q in ("p50", "p10", "p90")
    ]
    dry = {m: cash[f"prob_out_of_cash_{m}m"] for m in (12, 24)}
    gone = ", ".join(f"{percent(prob)} of paths within {m} months" for m, prob in dry.items() if prob is not None)
    lines.append(
        f"  Without new money its {dollars(cash['cash_usd'])} last {months[0]} months ({months[1]} to {months[2]})"
        + (f"; gone on {gone}." if gone else ".")
    )
    return "\n".join(lines)


def _line(said: str, cells: list[str]) -> str:
    return f"  {said}".ljust(LABEL_COLUMNS) + "".join(f"{cell:>{CELL_COLUMNS}s}" for cell in cells)
