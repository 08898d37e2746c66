"""What a sensitivity analysis says: a printed table, rows for a file, and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.delivery.plots import FLOOR, PRICE
from forecast.delivery.printed import NOTE_COLUMNS, fitted, printed_table
from forecast.delivery.words import number
from forecast.sensitivity.analysis import STUDIED, Sensitivity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PATHS_PER_INPUT = 15  # with 8 an input without any effect still showed 2 % of a variance, with 12 under half a percent
HEADER = (
    "outcome unit input first_order first_order_error total total_error shapley shapley_error correlated "
    "mean_in_lowest_tenth mean_in_highest_tenth learning_spares"
).split()


def sensitivity_rows(found: Sensitivity) -> list[list[Any]]:
    """Return one row an input, as HEADER says; what is computed for the studied inputs only is empty elsewhere."""
    rows: list[list[Any]] = []
    for i, name in enumerate(found.inputs):
        studied: list[Any] = [None] * 5
        if i < STUDIED:
            indices = (each[i] for effect in (found.total, found.shapley) for each in (effect.index, effect.error))
            studied = [*map(float, indices), int(found.correlated[i])]
        rows.append([
            str(found.asked), found.asked.unit, name, float(found.first.index[i]), float(found.first.error[i]), *studied,
            float(found.low_tail[i]), float(found.high_tail[i]), float(found.worth[i]) if i < STUDIED else None,
        ])  # fmt: skip
    return rows


def settled(found: Sensitivity) -> int:
    """Return how many inputs at the head of the order stand apart from the next by two standard errors."""
    index, error = found.first.index[: STUDIED + 1], found.first.error[: STUDIED + 1]
    apart = index[:-1] - index[1:] > 2 * np.hypot(error[:-1], error[1:])
    return int(np.argmin(apart)) if not apart.all() else len(apart)


def borrowed(found: Sensitivity) -> list[bool]:
    """Return of each of the studied whether it explains more alone than its Shapley part, by over two errors."""
    alone, fair = found.first, found.shapley
    more = alone.index[: len(fair.index)] - fair.index
    return (more > 2 * np.hypot(alone.error[: len(more)], fair.error)).tolist()


def sensitivity_text(found: Sensitivity, columns: int = 1000) -> str:
    """Return the printed analysis: what the inputs decide, the leading ones, the box, and how far it has converged.

    The table is laid out for so many columns.
    """
    variance = "variance of the logarithm" if found.on_log else "variance"
    lines = [
        f"WHAT DRIVES {found.asked}  ({found.asked.unit}; mean {number(found.mean)}, sd {number(found.sd)})",
        f"  {all_inputs(found)} decide {_percent(found.inputs_share)} "
        f"(± {100 * found.inputs_share_error:.0f}) of the {variance}; the rest is the luck of the months.",
    ]
    if found.known_frac < 1:
        known = _percent(found.known_frac)
        lines.append(f"  Read on the {known} of paths on which it is in the market with this luck and with another.")
    marks = ["*" * star + "?" * lent for star, lent in zip(found.correlated, borrowed(found), strict=True)]
    rows = [["input", "alone", "total", "Shapley", "lowest → highest tenth", "learning"]]
    for i in range(min(STUDIED, len(found.inputs))):
        shares = [
            f"{100 * effect.index[i]:z.1f} ± {100 * effect.error[i]:.1f} %"
            for effect in (found.first, found.total, found.shapley)
        ]
        tails = f"{number(found.low_tail[i])} → {number(found.high_tail[i])}"
        spares = max(found.worth[i], 0) / found.loss if found.loss else 0.0
        rows.append([short_name(found.inputs[i]) + marks[i], *shares, tails, _percent(spares)])
    notes = [*_box_lines(found), f"  {convergence(found)}"]
    if any("?" in mark for mark in marks):
        notes.append(
            "  ? more alone than its Shapley part, by over two errors: it goes together with another input, truly or by chance on these "
            "paths. Read Shapley; alone, tenths and learning are partly the other's."
        )
    if any(found.correlated):
        notes.append(
            "  * correlated with another one on these paths: its total index holds for independent inputs only; read Shapley."
        )
    table = printed_table(rows, (14, 14, 14, 24, 10), columns)
    head, foot = (fitted("\n".join(said), min(columns, NOTE_COLUMNS)) for said in (lines, notes))
    return "\n".join([head, *table, foot])


def all_inputs(found: Sensitivity) -> str:
    """Return the subject of what all inputs do together: an input drawn for each family or accelerator counts for each."""
    return f"All uncertain inputs together ({len(found.inputs)} numbers a path, some inputs having one for each accelerator)"


def convergence(found: Sensitivity) -> str:
    """Return how far the order of the inputs can be trusted with so many paths."""
    if found.n_paths < PATHS_PER_INPUT * len(found.inputs):
        return (
            f"Not converged: of {len(found.inputs)} numbers some follow the outcome by chance on {found.n_paths:,} paths; "
            f"give --paths {PATHS_PER_INPUT * len(found.inputs)} or more."
        )
    sure = settled(found)
    order = "the first is settled" if sure == 1 else f"the order of the first {sure} is settled"
    return (
        f"Converged: {order if sure else 'the first two are within their errors'}; the surrogate of "
        f"{min(STUDIED, len(found.inputs))} inputs explains {_percent(found.surrogate.explained)} of paths left out."
    )


def _box_lines(found: Sensitivity) -> list[str]:
    if not found.box:
        return [f"  {found.event}: no range of these inputs makes it likelier."]
    ranges = [range_text(name, low, high) for name, (low, high) in found.box_limits.items()]
    return [
        f"  {found.event} happens on {_percent(found.box.base)} of paths, and on {_percent(found.box.density)} of those with",
        f"    {' and '.join(ranges)}  (which hold {_percent(found.box.coverage)} of its cases; on paths not used to find it)",
    ]


def range_text(name: str, low: float, high: float) -> str:
    """Return one side of a box as text; an infinite end limits nothing.

    >>> range_text("parameters.x", 0.5, np.inf)
    'x ≥ 0.5'
    """
    short = short_name(name)
    if np.isfinite(low) and np.isfinite(high):
        return f"{number(low)} ≤ {short} ≤ {number(high)}"
    return f"{short} ≥ {number(low)}" if np.isfinite(low) else f"{short} ≤ {number(high)}"


def short_name(name: str) -> str:
    """Return an input's address without the table that most inputs lie in."""
    return name.removeprefix("parameters.")


def _percent(share: float) -> str:
    return f"{100 * max(share, 0.0):.0f} %"


def sensitivity_figure(found: Sensitivity) -> Figure:
    """Return one figure: shares of the variance, and the mean outcome in the tails of each input (a tornado)."""
    from matplotlib.figure import Figure

    count = min(STUDIED, len(found.inputs))
    place, names = np.arange(count)[::-1], [short_name(name) for name in found.inputs[:count]]
    figure = Figure(figsize=(13, 5), layout="constrained")
    shares, tornado = figure.subplots(1, 2, sharey=True)
    figure.suptitle(f"What drives {found.asked}; all inputs together decide {_percent(found.inputs_share)} of it")
    for effect, offset, label, hatch, alpha in (
        (found.first, 0.2, "alone (first order)", "", 0.9),
        (found.shapley, -0.2, "Shapley", "///", 0.4),
    ):
        shares.barh(
            place + offset, 100 * effect.index[:count], 0.38, xerr=200 * effect.error[:count],
            color=PRICE, alpha=alpha, hatch=hatch, label=label, error_kw={"linewidth": 1},
        )  # fmt: skip
    shares.set_yticks(place, names, fontsize=8)
    shares.set(xlabel="% of the variance (bars: two standard errors)")
    shares.legend(fontsize=8)
    low, high = found.low_tail[:count], found.high_tail[:count]
    tornado.barh(place, low - found.mean, 0.6, left=found.mean, color=FLOOR, label="lowest tenth of the input")
    tornado.barh(
        place, high - found.mean, 0.6, left=found.mean, color=PRICE, hatch="///", alpha=0.6, label="highest tenth"
    )
    tornado.axvline(found.mean, color="#444444", linewidth=0.8)
    tornado.set(xlabel=f"mean outcome, {found.asked.unit}")
    tornado.legend(loc="lower right", fontsize=8)  # the shortest bars stand below
    for axes in (shares, tornado):
        axes.grid(axis="x", alpha=0.25)
    return figure
