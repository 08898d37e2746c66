"""The whole answer to "what drives this outcome?": indices, tornado, box and worth of learning, from one sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.delivery.words import number
from forecast.distributions import Array
from forecast.errors import InputError
from forecast.sensitivity.asked import Asked
from forecast.sensitivity.boxes import Box, find_box
from forecast.sensitivity.first_order import LEADING, Effect, first_order, importance
from forecast.sensitivity.learning import commitment_loss, learning_worth
from forecast.sensitivity.sample import Sample
from forecast.sensitivity.shares import normal_correlation, shapley, total_indices
from forecast.sensitivity.surrogate import Surrogate, fit_surrogate

STUDIED = 8  # inputs in the surrogate: the most important
TAIL_FRAC = 0.1
LEAST_PATHS = 1_000


@dataclass(frozen=True)
class Sensitivity:
    """What drives an outcome. Arrays follow `inputs`, the studied ones first and by importance."""

    asked: Asked
    inputs: tuple[str, ...]
    first: Effect
    total: Effect  # of the studied
    shapley: Effect  # of the studied
    correlated: tuple[bool, ...]  # whether each of the studied is, with any input: then its total index does not hold
    low_tail: Array  # mean outcome where the input is in its lowest tenth
    high_tail: Array
    worth: Array  # of learning each of the studied, in the outcome's unit
    loss: float  # without learning
    surrogate: Surrogate
    inputs_share: float  # of the variance that all inputs together decide; the rest is luck of the months
    inputs_share_error: float
    on_log: bool
    event: str
    box: Box | None
    box_limits: dict[str, tuple[float, float]]  # of the studied inputs, in their own units
    mean: float
    sd: float
    n_paths: int
    known_frac: float  # of the paths drawn, those on which the outcome is a number with either luck


def analyse(sample: Sample, asked: Asked, above: float | None = None) -> Sensitivity:
    """Return what drives an outcome of a sample.

    Args:
        sample: inputs and outcomes on the same paths, at least a thousand.
        asked: which outcome.
        above: the box explains where the outcome lies above this; by default its upper quartile.

    Raises:
        InputError: too few paths, an outcome that is the same on all, or a level that is no number.
    """
    if above is not None and not np.isfinite(above):
        raise InputError(f"--above {above}: a finite number, in the outcome's unit, is needed. Correct it.")
    drawn, sample = len(sample.outcomes[str(asked)]), sample.known(str(asked))
    outcome, twin = sample.outcomes[str(asked)], sample.twins[str(asked)]
    if len(outcome) < LEAST_PATHS:
        there = "" if len(outcome) == drawn else f" on which {asked} is a number"
        raise InputError(
            f"sensitivity: {len(outcome)} paths{there}; at least {LEAST_PATHS:,} are needed. Raise --paths."
        )
    if np.ptp(outcome) == 0:
        raise InputError(
            f"sensitivity: {asked} is {outcome[0]:g} on every path, so nothing drives it. Ask for another."
        )
    positive = bool(min(outcome.min(), twin.min()) > 0)  # who has left earns 0, with this luck or with another
    on_log = positive and asked.unit not in ("probability", "months", "fraction", "providers")
    y, other = (np.log(x) if on_log else x for x in (outcome, twin))
    first = first_order(sample.scores, y)
    correlation = normal_correlation(sample.scores)
    weight = importance(sample.scores, y, first, correlation)
    alone = np.where(first.index >= LEADING, weight, first.index)  # what seems to lead may only follow one that does
    order = np.argsort(-weight, kind="stable")
    studied = order[:STUDIED]
    scores = sample.scores[studied]
    made, correlation = fit_surrogate(scores, y), correlation[studied]
    tails = [sample.scores <= TAIL_FRAC, sample.scores >= 1 - TAIL_FRAC]
    low, high = (np.array([outcome[row].mean() for row in tail])[order] for tail in tails)
    if above is None:
        above = 0.5 if set(np.unique(outcome)) <= {0.0, 1.0} else float(np.quantile(outcome, 0.75))
    happened = outcome > above
    box = find_box(scores, happened) if 0 < happened.mean() < 1 else None
    share = float(np.corrcoef(y, other)[0, 1])
    return Sensitivity(
        asked=asked,
        inputs=tuple(sample.inputs[i] for i in order),
        first=Effect(alone[order], first.error[order]),
        total=total_indices(made),
        shapley=shapley(made, correlation[:, studied], seed=1),
        correlated=tuple(bool((np.abs(row) > 0).sum() > 1) for row in correlation),
        low_tail=low,
        high_tail=high,
        worth=learning_worth(scores, outcome),
        loss=commitment_loss(outcome),
        surrogate=made,
        inputs_share=share,
        inputs_share_error=(1 - share**2) / np.sqrt(len(y)),
        on_log=on_log,
        event=f"{asked} > {number(above)}",
        box=box,
        box_limits=_limits(sample, studied, box),
        mean=float(outcome.mean()),
        sd=float(outcome.std()),
        n_paths=len(outcome),
        known_frac=len(outcome) / drawn,
    )


def _limits(sample: Sample, studied: NDArray[np.int64], box: Box | None) -> dict[str, tuple[float, float]]:
    """Return the box in the inputs' own units: an end that limits nothing is infinite."""
    found = {}
    for i, (low, high) in (box.ranges if box else {}).items():
        least, most = np.quantile(sample.values[studied[i]], [low, high]).tolist()
        found[sample.inputs[studied[i]]] = (least if low > 0 else -np.inf, most if high < 1 else np.inf)
    return found
