"""Fitted effects as rows of `throughput_effects`: written by the calibration, checked against what is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.calibration.fit import Fit, Rows, fit
from forecast.calibration.observations import Observations, observations
from forecast.calibration.validation import RIVALS, common_sd, left_out, predicted, rival, spreads
from forecast.refits import rewrite
from forecast.scenario import Scenario
from forecast.serving.effects import ALL, DESIGN_SD, FORM, NUMBERS, ROWS

Labels = NDArray[np.str_]
FITTED = "own-fit-throughput"
IN_THE_FIT = "in the fit"
HEADER = "term,feature,level,value,standard_error,status,confidence,as_of,source,note".split(",")
TOLERANCE_LOG = 2e-3  # other processors and libraries round the last digits


@dataclass(frozen=True)
class Calibration:
    """A fit with what it leaves out: everything the stored rows and the validation page are made of."""

    rows: Rows
    whole: Fit
    within: Array  # log predictions in the fit
    by_pair: Array  # log predictions with the accelerator × architecture left out
    by_accelerator: Array
    by_architecture: Array

    def values(self) -> dict[str, float]:
        """Return every kept effect, count and spread by `term:feature:level`."""
        observed, errors = self.rows.observed, self.errors()
        common = {DESIGN_SD: common_sd(observed, errors["model_new"])}
        return self.whole.values() | rows_fitted(observed) | spreads(observed, errors) | common

    def errors(self) -> dict[str, Array]:
        """Return the log errors by what of a case was measured before."""
        measured = self.rows.observed.log_tok_per_s
        wide = np.maximum(np.abs(self.by_accelerator - measured), np.abs(self.by_architecture - measured))
        return {
            "both_known": self.by_pair - measured,
            "accelerator_new": self.by_accelerator - measured,
            "model_new": self.by_architecture - measured,
            "both_new": wide,
        }

    def counted(self) -> tuple[Observations, dict[str, Array]]:
        """Return the rows that are counted, and the log errors on them by who predicts, pairs left out first."""
        observed = self.rows.observed
        chosen = observed.kind != "interactive"
        kept = observed.where(chosen)
        ours = {"accelerator × architecture left out": self.by_pair, "accelerator left out": self.by_accelerator,
                "architecture left out": self.by_architecture, IN_THE_FIT: self.within}  # fmt: skip
        told = {f"this model, {name}": guess[chosen] for name, guess in ours.items()}
        told |= {name: rival(kept, *shares) for name, shares in RIVALS.items()}
        return kept, {name: guess - kept.log_tok_per_s for name, guess in told.items()}


def rows_fitted(observed: Observations) -> dict[str, float]:
    """Return the log of the rows of every accelerator by `rows:accelerator:name`."""
    names, counts = np.unique(observed.columns["accelerator"], return_counts=True)
    return {f"{ROWS}:accelerator:{name}": float(np.log(count)) for name, count in zip(names, counts, strict=True)}


def fitted(scenario: Scenario) -> tuple[Rows, Fit]:
    """Return all rows known at the scenario's vintage and the fit to them, in under a second."""
    rows = Rows(observations(scenario))
    return rows, fit(rows)


def groups_left_out(observed: Observations) -> list[Labels]:
    """Return what each row belongs to that is left out in turn: its pair with the design, its accelerator, its architecture."""
    return [observed.design_pair, *(observed.columns[name].astype(str) for name in ("accelerator", "architecture"))]


def calibrate(rows: Rows, whole: Fit, progress: Callable[[int], None] = lambda fits: None) -> Calibration:
    """Return a fit, as `fitted` made it, with its predictions of everything left out in turn.

    `progress` is called with 1 for each of the fits without a group, of which there are as many as groups.
    """
    left = [left_out(rows, whole, labels, progress) for labels in groups_left_out(rows.observed)]
    return Calibration(rows, whole, predicted(rows, whole), *left)


def stored(scenario: Scenario) -> dict[str, float]:
    """Return the stored fitted values by `term:feature:level`."""
    rows = scenario.rows["throughput_effects"]
    return {name: row["value"] for name, row in rows.items() if row["source"] == FITTED}


def write(path: Path, made: Calibration, as_of: date) -> None:
    """Rewrite the fitted rows of a `throughput_effects` file; rows of other sources stay as they are."""
    order = ["term", "feature", "level", "as_of"]
    rewrite(path, HEADER, _rows(made, as_of), lambda row: row["source"] == FITTED, order)


def _rows(made: Calibration, as_of: date) -> list[dict[str, Any]]:
    errors = dict(zip(made.whole.design.names, made.whole.standard_error, strict=True))
    prior = {f"{e.term}:{e.feature}:{ALL}": e.sd for e in FORM if e.feature in NUMBERS}
    observed = made.rows.observed
    count = len(observed.kind)
    found = []
    for name, value in made.values().items():
        term, feature, level = name.split(":")
        note = f"robust fit to {count} rows"
        if name == DESIGN_SD:
            note = "what errors of designs left out have in common on all accelerators"
        elif term == "log_sd":
            note = "holds 80 % of the errors of what was left out"
        elif term == ROWS:
            note = "log of the rows fitted: what was measured is surer"
        elif feature not in NUMBERS:
            note = f"{int((observed.columns_of(feature) == level).sum())} rows; shrunk towards zero"
        sure = name in prior and errors[name] < 0.5 * prior[name]
        found.append({
            "term": term, "feature": feature, "level": level, "value": f"{value:.4f}",
            "standard_error": f"{errors.get(name, 0.0):.4f}", "status": "derived",
            "confidence": "medium" if sure or term in ("log_sd", ROWS) else "low", "as_of": str(as_of), "source": FITTED,
            "note": note,
        })  # fmt: skip
    return found
