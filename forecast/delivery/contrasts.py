"""What a comparison of scenarios says: a printed table of the differences that matter, and a picture of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.comparison import COMPARED_MEANS, Difference
from forecast.delivery.plots import BANDS, PRICE, SPEND, plain_log_axis
from forecast.delivery.printed import NOTE_COLUMNS, fitted, printed_table
from forecast.delivery.words import apart, calendar, counted
from forecast.summary import fan_quantiles
from forecast.tidy_table import PROBS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from forecast.paths import Paths

PRINTED = (
    "market_price", "floor", "price_to_floor_ratio", "tier_price", "rent", "top5_tokens_frac", "top5_spend_frac",
    "independent_providers", "convergence_month", "consolidation_month", "price_rise",
)  # fmt: skip
PRINTED_PROVIDERS, PRINTED_FINANCES = 8, 5
DRAWN_MOVE_PROB = 0.005  # a chance that moves by less in every scenario is not drawn
COLOURS, LINES = (SPEND, PRICE, "#c2571a", "#2a7a3b", "#7b3f9d"), ("-", "--", "-.", ":", (0, (5, 1)))


def contrast_text(found: Sequence[Difference], n_paths: int, as_of: str, columns: int = 1000) -> str:
    """Return the printed comparison: by scenario, the headlines at the horizon and the providers whose fate differs most.

    The tables are laid out for so many columns.
    """
    lines = []
    for scenario in dict.fromkeys(row.scenario for row in found):
        rows = [row for row in found if row.scenario == scenario]
        against, sure = rows[0].against, [row for row in rows if abs(row.difference) > 2 * row.standard_error]
        saved = [row.paths_saved_ratio for row in rows if np.isfinite(row.paths_saved_ratio)]
        horizon, fates, money = max(row.month for row in rows), _fates(rows), _money(rows)
        cost = f"; independent runs would need {np.median(saved):.0f} times the paths (median)" if saved else ""
        names = [against[:14], scenario[:16]]
        shown = [row for row in rows if row.outcome in PRINTED and row.month == horizon]
        table = [["", *names, "difference", "± error", "paths saved"]]
        table += [_cells(row) for row in (*shown, *fates, *map(_in_billions, money))]
        widths = (*(max(10, len(name) + 2) for name in names), 11, 9, 12)
        notes = []
        if fates:
            rarer = "leaving the market by then, also by being bought, which is rarer where money is scarce"
            notes.append(f"  exit: {rarer}; the {len(fates)} that move most.")
        if money:
            notes.append("  revenue, cash: means, 0 for whoever has left; of the few whose revenue moves most.")
        notes.append(
            f"  {len(sure)} of {len(rows)} headlines differ by more than two standard errors{cost}; --out or --json has all."
        )
        lines += [
            f"{scenario} against {against}, month {horizon} from {as_of} ({calendar(as_of, horizon)}); {counted(n_paths, 'path')} under the "
            "same chance; geometric means",
            *printed_table(table, widths, columns),
            *(fitted(said, min(columns, NOTE_COLUMNS)) for said in notes),
            "",
        ]
    return "\n".join(lines[:-1])


def _fates(rows: Sequence[Difference]) -> list[Difference]:
    exits = [row for row in rows if row.outcome == "exit" and row.difference]
    return sorted(exits, key=lambda row: (-abs(row.difference), row.provider or ""))[:PRINTED_PROVIDERS]


def _money(rows: Sequence[Difference]) -> list[Difference]:
    """Return revenue and cash of the providers whose revenue moves most, by provider."""
    moved = [row for row in rows if row.outcome == "revenue" and row.difference]
    most = sorted(moved, key=lambda row: (-abs(row.difference), row.provider or ""))[:PRINTED_FINANCES]
    return [row for one in most for row in rows if row.provider == one.provider and row.outcome in COMPARED_MEANS]


def _in_billions(row: Difference) -> Difference:
    amounts = ("value", "value_against", "difference", "standard_error", "independent_standard_error")
    return row._replace(unit=f"billion {row.unit}", **{name: getattr(row, name) / 1e9 for name in amounts})


def _cells(row: Difference) -> list[str]:
    what = f"{row.outcome} {row.segment or row.provider or ''}".strip() + f", {row.unit}"
    saved = f"{row.paths_saved_ratio:.0f}×" if np.isfinite(row.paths_saved_ratio) else "-"
    difference, error = apart(row.difference, row.standard_error)
    return [what, f"{row.value_against:.3g}", f"{row.value:.3g}", difference, error, saved]


def contrast_figure(runs: Sequence[Paths], found: Sequence[Difference]) -> Figure:
    """Return one figure: the price of each segment in each scenario, and how the chance of leaving the market moves."""
    from matplotlib.figure import Figure

    names = runs[0].names
    figure = Figure(figsize=(13, 8), layout="constrained")
    grid = figure.add_gridspec(2, len(names.segments))
    for column, segment in enumerate(names.segments):
        axes = figure.add_subplot(grid[0, column])
        for run, colour, style in zip(runs, COLOURS, LINES, strict=False):
            values = fan_quantiles(run, "market_price")[0][column]
            low, middle, high = (values[:, PROBS.index(p)] for p in (BANDS[0][0], 0.5, BANDS[0][1]))
            months = np.arange(len(middle))
            axes.fill_between(months, low, high, color=colour, alpha=0.12, linewidth=0)
            axes.plot(months, middle, color=colour, linestyle=style, label=run.scenario.name)
        axes.set(yscale="log", title=segment, xlabel=f"months from {runs[0].scenario.as_of}")
        axes.set(ylabel="" if column else "USD per million tokens")
        axes.grid(alpha=0.25)
        plain_log_axis(axes)
    figure.axes[0].legend(fontsize=8, title="price: median, 80 %")
    _fates_panel(figure.add_subplot(grid[1, :]), found)
    return figure


def _fates_panel(axes: Any, found: Sequence[Difference]) -> None:
    rows = [row for row in found if row.outcome == "exit"]
    title = f"Chance of leaving the market within {rows[0].month} months, less that in {rows[0].against} (± 2 standard errors)"
    widest: dict[str | None, float] = {}
    for row in rows:
        widest[row.provider] = max(widest.get(row.provider, 0.0), abs(row.difference))
    providers = [one for one in sorted(widest, key=lambda one: -widest[one]) if widest[one] >= DRAWN_MOVE_PROB]
    axes.set(ylabel="percentage points", title=title)
    axes.set_xlabel(
        f"{len(widest) - len(providers)} others move by less than {100 * DRAWN_MOVE_PROB:g} points everywhere"
    )
    place = {provider: i for i, provider in enumerate(providers)}
    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    for number, (scenario, colour) in enumerate(zip(scenarios, COLOURS[1:], strict=False)):
        mine = [row for row in rows if row.scenario == scenario and row.provider in place]
        axes.errorbar(
            [place[row.provider] + 0.15 * number for row in mine],
            [100 * row.difference for row in mine],
            yerr=[200 * row.standard_error for row in mine],
            fmt="os^Dv"[number % 5], color=colour, label=scenario, markersize=4, linewidth=1,
        )  # fmt: skip
    axes.axhline(0, color="#444444", linewidth=0.8)
    axes.set_xticks(range(len(providers)), [str(p) for p in providers], rotation=60, ha="right", fontsize=8)
    axes.legend(fontsize=8)
    axes.grid(axis="y", alpha=0.25)
