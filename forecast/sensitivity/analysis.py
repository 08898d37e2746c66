"""The whole answer to "what drives this outcome?": indices, tornado, box and worth of learning, from one sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.delivery.words import number
from forecast.errors import InputError
from forecast.sensitivity.asked import Asked
from forecast.sensitivity.boxes import Box, find_box
from forecast.sensitivity.first_order import LEADING, Effect, first_order, importance
from forecast.sensitivity.learning import commitment_loss, learning_worth
from forecast.sensitivity.sample import Sample
from forecast.sensitivity.shares import normal_correlation, shapley, total_indices
from forecast.sensitivity.surrogate import fit_surrogate

STUDIED = 8  # inputs in the surrogate: the most important
TAIL_FRAC = 0.1
LEAST_PATHS = 1_000


class Sensitivity:
    """What drives an outcome. Arrays follow `inputs`, the studied ones first and by importance."""

    def __init__(
        self,
        sample: Sample,
        asked: Asked,
        y: Array,
        inputs_share: float,
        above: float | None,
        on_log: bool,
        known_frac: float,
    ) -> None:
        """Take the sample where the outcome is known, y (the outcome, or its log), and what `analyse` has found of both."""
        outcome = sample.outcomes[str(asked)]
        first, correlation = first_order(sample.scores, y), normal_correlation(sample.scores)
        weight = importance(sample.scores, y, first, correlation)
        # What seems to lead may only follow one that does.
        alone = np.where(first.index >= LEADING, weight, first.index)
        order = np.argsort(-weight, kind="stable")
        studied = order[:STUDIED]
        scores, correlation = sample.scores[studied], correlation[studied]
        tails = [sample.scores <= TAIL_FRAC, sample.scores >= 1 - TAIL_FRAC]
        if above is None:
            above = 0.5 if set(np.unique(outcome)) <= {0.0, 1.0} else float(np.quantile(outcome, 0.75))
        happened = outcome > above
        self.asked, self.on_log, self.n_paths = asked, on_log, len(outcome)
        self.known_frac = known_frac  # of the paths drawn, those on which the outcome is a number with either luck
        self.mean, self.sd = float(outcome.mean()), float(outcome.std())
        self.inputs = tuple(sample.inputs[i] for i in order)
        # Of the variance that all inputs together decide; the rest is luck of the months.
        self.inputs_share = inputs_share
        self.inputs_share_error = (1 - inputs_share**2) / np.sqrt(len(y))
        self.first = Effect(alone[order], first.error[order])
        self.surrogate = fit_surrogate(scores, y)
        # Of the studied: these three, and the worth below.
        self.total = total_indices(self.surrogate)
        self.shapley = shapley(self.surrogate, correlation[:, studied], seed=1)
        # Whether each is correlated with any input: then its total index does not hold.
        self.correlated = tuple(bool((np.abs(row) > 0).sum() > 1) for row in correlation)
        # Mean outcome where the input is in its lowest and in its highest tenth.
        self.low_tail, self.high_tail = (np.array([outcome[row].mean() for row in tail])[order] for tail in tails)
        self.worth = learning_worth(scores, outcome)  # of learning it, in the outcome's unit
        self.loss = commitment_loss(outcome)  # without learning
        self.event = f"{asked} > {number(above)}"
        self.box = find_box(scores, happened) if 0 < happened.mean() < 1 else None
        self.box_limits = _limits(sample, studied, self.box)  # in the inputs' own units


def check_study(n_paths: int, above: float | None, which: str = "") -> None:
    """Raise an InputError where so many paths, `which` says of what sort, are too few, or the level `above` is no number."""
    if above is not None and not np.isfinite(above):
        raise InputError(f"--above {above}: a finite number, in the outcome's unit, is needed. Correct it.")
    check_paths("sensitivity", n_paths, which)


def check_paths(verb: str, n_paths: int, which: str = "") -> None:
    """Raise an InputError where a verb has too few paths to tell what moves an outcome."""
    if n_paths < LEAST_PATHS:
        raise InputError(f"{verb}: {n_paths} paths{which}; at least {LEAST_PATHS:,} are needed. Raise --paths.")


def analyse(sample: Sample, asked: Asked, above: float | None = None) -> Sensitivity:
    """Return what drives an outcome of a sample.

    Args:
        sample: inputs and outcomes on the same paths, at least a thousand.
        asked: which outcome.
        above: the box explains where the outcome lies above this; by default its upper quartile.

    Raises:
        InputError: too few paths, an outcome that is the same on all, or a level that is no number.
    """
    drawn, sample = len(sample.outcomes[str(asked)]), sample.known(str(asked))
    outcome, twin = sample.outcomes[str(asked)], sample.twins[str(asked)]
    check_study(len(outcome), above, "" if len(outcome) == drawn else f" on which {asked} is a number")
    if np.ptp(outcome) == 0:
        raise InputError(
            f"sensitivity: {asked} is {outcome[0]:g} on every path, so nothing drives it. Ask for another."
        )
    positive = bool(min(outcome.min(), twin.min()) > 0)  # who has left earns 0, with this luck or with another
    on_log = positive and asked.unit not in ("probability", "months", "fraction", "providers")
    y, other = (np.log(x) if on_log else x for x in (outcome, twin))
    return Sensitivity(sample, asked, y, float(np.corrcoef(y, other)[0, 1]), above, on_log, len(outcome) / drawn)


def _limits(sample: Sample, studied: NDArray[np.int64], box: Box | None) -> dict[str, tuple[float, float]]:
    """Return the box in the inputs' own units: an end that limits nothing is infinite."""
    found = {}
    for i, (low, high) in (box.ranges if box else {}).items():
        least, most = np.quantile(sample.values[studied[i]], [low, high]).tolist()
        found[sample.inputs[studied[i]]] = (least if low > 0 else -np.inf, most if high < 1 else np.inf)
    return found
