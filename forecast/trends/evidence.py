"""What makes a fit believable: the backtest that chose its form, and tests of what the form leaves unexplained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from forecast.arrays import Array
from forecast.distributions import Distribution, standard_normal_quantile
from forecast.errors import ForecastError
from forecast.scoring import coverage, crps_of_quantiles, skill
from forecast.trends.monthly import MonthlySeries
from forecast.trends.rivals import RIVALS, rival_quantiles
from forecast.trends.rolling import HORIZONS_MONTHS, LEVELS, WALK, Cases
from forecast.trends.trend import Band, Diagnostic, Fan, FormScore

JUDGED_MONTHS = (6, 12)  # horizons that choose a form
FEWEST_CASES = 20  # below that luck chooses
LAGS = 6
MOST_STEPS = 4000  # where one misfit decides the scale, convergence is slow
EVEN: Array = (np.arange(20) + 0.5) / 20  # levels of the values that stand for a distribution without a short formula
FEWEST_POINTS = 10  # of the prior: when fewer carry a fit, the prior misses the data


def form_scores(cases: Cases, own: str) -> tuple[FormScore, ...]:
    """Return how a form, called `own`, and each of its rivals did at each horizon that has cases."""
    said = {own: cases.quantiles_log, **cases.rivals_log}
    found = []
    for months in HORIZONS_MONTHS:
        at = cases.horizon_months == months
        if not at.any():
            continue
        value = cases.value_log[at]
        walk = crps_of_quantiles(cases.rivals_log[WALK][:, at], LEVELS, value)
        for name, quantiles in said.items():
            found.append(form_score(name, months, quantiles[:, at], value, walk))
    return tuple(found)


def form_score(form: str, months: int, quantiles: Array, value: Array, walk_loss: Array) -> FormScore:
    """Return how the quantiles of a form, `[level, case]`, did over a horizon against what came true, `[case]`.

    `walk_loss` is the CRPS of the driftless walk in the same cases.
    """
    loss = crps_of_quantiles(quantiles, LEVELS, value)
    inside = coverage(quantiles[1], quantiles[-2], value)
    return FormScore(form, months, len(value), float(loss.mean()), skill(loss, walk_loss), inside)


def normal_scores(
    said: Mapping[str, tuple[Array, Array]], months: int, value: Array, walk_sd: Array
) -> tuple[FormScore, ...]:
    """Return how forms did that say normal numbers, name → mean and standard deviation, `[case]`; arguments as of `form_score`."""
    normal = standard_normal_quantile(LEVELS)[:, None]
    walk = crps_of_quantiles(walk_sd * normal + 0 * value, LEVELS, value)
    return tuple(form_score(form, months, mean + sd * normal, value, walk) for form, (mean, sd) in said.items())


def best_form(scored: tuple[FormScore, ...], own: str) -> tuple[str, str]:
    """Return (form, why): the lowest CRPS over 6 and 12 months; with too few cases to tell, `own`.

    >>> best_form((), "toward a floor")[0]
    'toward a floor'
    """
    judged = [score for score in scored if score.horizon_months in JUDGED_MONTHS]
    count = sum(score.cases for score in judged if score.form == own)
    if count < FEWEST_CASES:
        return own, f"{count} past forecasts over 6 or 12 months can be judged; {FEWEST_CASES} would choose a form."
    forms = dict.fromkeys(score.form for score in judged)
    mean = {form: float(np.mean([score.crps for score in judged if score.form == form])) for form in forms}
    ranked = sorted(mean, key=lambda form: mean[form])
    said = ", ".join(f"{form} {mean[form]:.3f}" for form in ranked)
    return ranked[0], f"CRPS over 6 and 12 months: {said}; of {count} forecasts of months not yet seen."


def chosen_fan(form: str, own: Array, series: MonthlySeries, pool: Sequence[MonthlySeries], months: int) -> Fan:
    """Return the fan of the chosen form in the unit of the series: `own` (logs, `[level, month]`) or that of a rival."""
    ahead = range(1, months + 1)
    chosen = rival_quantiles(series, pool, ahead)[form] if form in RIVALS else own
    return Fan(tuple(LEVELS.tolist()), np.exp(chosen))


def huber(values: Array, reach: Array, what: str) -> float:
    """Return the slope through the origin of values on their reach, both `[case]`; a reach of ones gives the robust mean.

    Source: Huber (1981). One far value moves it little:

    >>> round(huber(np.array([-0.1, 0.0, 0.1, 9.0]), np.ones(4), "doctest"), 2)
    0.1

    Raises:
        ForecastError: it does not converge; `what` says for which trend.
    """
    from statsmodels.api import RLM

    made = RLM(values, reach[:, None]).fit(maxiter=MOST_STEPS, conv="coefs")
    if len(made.fit_history["params"]) >= MOST_STEPS:
        raise ForecastError(f"{what}: the robust regression did not converge in {MOST_STEPS} steps.")
    return float(made.params[0])


def band(value: Array, weight: Array) -> Band:
    """Return the 10 %, 50 % and 90 % quantiles of weighted points."""
    return Band(*np.quantile(value, (0.1, 0.5, 0.9), weights=weight, method="inverted_cdf").tolist())


def half_life_months(reversion_per_month: Array) -> Array:
    """Return the months in which half of a deviation goes: log 2/−log(1 − κ).

    >>> half_life_months(np.array([0.5])).tolist()
    [1.0]
    """
    return np.asarray(-np.log(2.0) / np.log1p(-np.minimum(reversion_per_month, 0.999)))


def residual_diagnostics(residual: Array) -> tuple[Diagnostic, ...]:
    """Return tests of standardised one-month residuals, in order of time; none where there are fewer than twelve."""
    if len(residual) < 2 * LAGS:
        return ()
    from statsmodels.stats.diagnostic import acorr_ljungbox
    from statsmodels.stats.stattools import jarque_bera

    left = float(acorr_ljungbox(residual, lags=[LAGS])["lb_pvalue"].iloc[0])
    return (
        Diagnostic(
            "ljung_box_p", left, f"chance of such correlation of {LAGS} lags in white noise; above 0.05 is well"
        ),
        Diagnostic("jarque_bera_p", float(jarque_bera(residual)[1]), "chance of such tails in a normal law"),
        Diagnostic("residual_sd", float(residual.std()), "standard deviation of the standardised residuals; 1 is well"),
    )


def cloud_diagnostic(weight: Array) -> Diagnostic:
    """Return how many equal points of the prior the weights are worth, 1/Σw².

    >>> cloud_diagnostic(np.array([0.5, 0.5, 0.0])).value
    2.0
    """
    meaning = f"of {len(weight)} points that carry the fit; below {FEWEST_POINTS} the prior misses the data"
    return Diagnostic("effective_points", float(1.0 / (weight @ weight)), meaning)


def distribution(name: str, *arguments: float) -> Distribution:
    """Return a distribution whose arguments are rounded to four digits: more would be noise of the fit.

    >>> str(distribution("normal", 1.234567, 0.05))
    'normal(mean=1.235, sd=0.05)'
    """
    return Distribution(name, tuple(float(f"{argument:.4g}") for argument in arguments))


def empirical(quantiles: Array, digits: int) -> Distribution:
    """Return equally likely values, `quantiles` at the levels `EVEN`: a run must not wait for SciPy, nor round more finely.

    >>> str(empirical(20 * EVEN, 1))[:22]
    'empirical(0.5, 1.5, 2.'
    """
    return Distribution("empirical", tuple(np.round(quantiles, digits).tolist()))
