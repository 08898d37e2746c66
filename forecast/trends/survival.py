"""Times to an event, some of them still running: Kaplan–Meier quantiles, and values that stand for a distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Array, Distribution

LEVELS: Array = (np.arange(20) + 0.5) / 20  # of the values that stand for a distribution without a short formula


def waiting_quantiles(times: Array, happened: NDArray[np.bool_], levels: Array, weights: Array | None = None) -> Array:
    """Return the times by which a share of `levels` has happened: the least t with 1 − S(t) ≥ p, S by Kaplan–Meier.

    Args:
        times: time to the event, or time without it so far, `[case]`, any unit, of any sign.
        happened: whether the event came; else the case is censored at its time, `[case]`.
        levels: probabilities p, `[level]`, inside (0, 1).
        weights: how often each case counts, `[case]`, positive; once if not given.

    Returns:
        `[level]`; a level that S never reaches gets the longest time seen, which is a lower bound.

    Source: Kaplan & Meier (1958).

    >>> waiting_quantiles(np.array([1.0, 2.0, 2.5, 4.0]), np.array([True, True, False, True]), np.array([0.5, 0.6]))
    array([2., 4.])
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    shift = 1.0 - times.min()  # statsmodels asks for times above zero
    made = SurvfuncRight(times + shift, happened.astype(int), freq_weights=weights)
    reached = 1.0 - made.surv_prob
    at = np.searchsorted(reached, levels - 1e-9)
    found: Array = np.append(made.surv_times - shift, times.max())[at]
    return found


def as_empirical(made: Distribution, digits: int) -> Distribution:
    """Return 20 equally likely values in place of a distribution whose quantiles need SciPy, which a run must not wait for.

    >>> str(as_empirical(Distribution("uniform", (0.0, 20.0)), 1))[:22]
    'empirical(0.5, 1.5, 2.'
    """
    return Distribution("empirical", tuple(np.round(made.quantile(LEVELS), digits).tolist()))
