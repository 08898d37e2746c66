"""The figure of the validation page: predicted against measured, and the errors of this model and of its rivals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.calibration.record import IN_THE_FIT, Calibration
from forecast.calibration.validation import relative

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"concurrency": "#1f5fa8", "offline": "#c2571a", "server": "#4d8b31"}


def picture(made: Calibration) -> Figure:
    """Return one figure: predicted against measured, and the errors of this model and of its rivals."""
    from matplotlib.figure import Figure

    kept, errors = made.counted()
    measured = kept.log_tok_per_s
    predicted = measured + next(iter(errors.values()))
    figure = Figure(figsize=(12, 5.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for kind, colour in COLOURS.items():
        chosen = kept.kind == kind
        left.plot(np.exp(measured[chosen]), np.exp(predicted[chosen]), ".", ms=4, alpha=0.5, color=colour, label=kind)
    ends = np.exp([measured.min() - 0.2, measured.max() + 0.2])
    left.plot(ends, ends, color="black", lw=0.8)
    left.fill_between(ends, 0.8 * ends, 1.25 * ends, color="black", alpha=0.08, lw=0, label="within a quarter")
    left.set(xscale="log", yscale="log", xlabel="measured output tokens/s per accelerator", ylabel="predicted, pair left out",
             title="Pairs the fit had not seen")  # fmt: skip
    left.legend(frameon=False)
    curves = {name: error for name, error in errors.items() if IN_THE_FIT not in name}
    for i, (name, error) in enumerate(curves.items()):
        style = "-" if name.startswith("this") else "--"
        right.plot(np.sort(100 * relative(error)), np.linspace(0, 100, len(error)), style, color=f"C{i}", label=name)
    right.set(xscale="log", xlim=(0.5, 1000), xlabel="absolute error, %", ylabel="% of rows with less", title="Errors")
    right.grid(alpha=0.25)
    right.legend(frameon=False, fontsize=8, loc="upper left")
    return figure
