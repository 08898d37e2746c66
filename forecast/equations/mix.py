"""The mix of tokens: which part is output, which part of the input is cached, and how both drift."""

import numpy as np

from forecast.arrays import Array


def drifted_frac(start_frac: Array, pace_per_month: Array, fade_months: Array, month: float) -> Array:
    """Share of one kind of token, whose log odds drift at a pace that fades.

    f(t) = 1/(1 + (1/f₀ − 1)·e^(−v·τ·(1 − e^(−t/τ))))

    Args:
        start_frac: f₀, share in the as_of month, 0 to below 1; 0 stays 0.
        pace_per_month: v, change of the log odds in the as_of month, 1/month.
        fade_months: τ, months, positive.
        month: t, months after as_of, at least 0.

    Returns:
        Share, 0–1. Source: own-mix.

    Half of the tokens, log odds that would rise by log 3 in all: in the long run three quarters.

    >>> drifted_frac(np.array(0.5), np.array(np.log(3) / 12), np.array(12.0), 1e9).round(9).item()
    0.75
    """
    # Here and elsewhere in the loop 1 − e^x, not np.expm1, which takes ten times as long in single precision.
    moved_log = pace_per_month * (fade_months * (1.0 - np.exp(-month / fade_months)))
    return start_frac / (start_frac + (1 - start_frac) * np.exp(-moved_log))
