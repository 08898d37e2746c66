"""Errors on what a fit has not seen: each pair, accelerator or architecture left out in turn, and rivals beside it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.calibration.fit import Fit, Rows, fit
from forecast.calibration.observations import Observations
from forecast.distributions import Z_90
from forecast.serving.effects import TERMS, spread_level

Flags = NDArray[np.bool_]
CASE = "accelerator model precision input_tokens output_tokens accelerators_count concurrency".split()
RIVALS = {"ideal roofline": (1.0, 1.0), "MBU 0.6, MFU 0.5": (0.6, 0.5), "MBU 0.4, MFU 0.2": (0.4, 0.2)}


def left_out(
    rows: Rows, whole: Fit, groups: NDArray[np.str_], progress: Callable[[int], None] = lambda fits: None
) -> Array:
    """Return the log prediction of every row by a fit that saw no row of its group; passing effects are zero.

    `progress` is called with 1 for each group that is done.
    """
    found = np.empty(len(groups))
    for group in sorted(set(groups)):
        test = groups == group
        found[test] = predicted(rows, fit(rows, ~test, whole.estimate))[test]
        progress(1)
    return found


def predicted(rows: Rows, fitted: Fit) -> Array:
    """Return the log prediction of every row as the engine would make it: kept effects only."""
    return rows.asked.predict(np.where(rows.design.kept, fitted.estimate, 0.0))[0]


def rival(observed: Observations, mbu_frac: float, mfu_frac: float) -> Array:
    """Return the log prediction of a flat roofline: the longer of reading and arithmetic, no overhead."""
    rows = Rows(observed).asked
    terms = dict(zip((term for term in TERMS if term != "throughput"), rows.terms, strict=True))
    read = (terms["dense_weights"] + terms["expert_weights"] + terms["kv_cache"]) / mbu_frac
    compute = (terms["decode_compute"] + terms["prefill_compute"]) / mfu_frac
    rate = np.where(rows.allowed, rows.per_accelerator / np.maximum(read, compute), 0.0)
    found: Array = np.log(rate.max(axis=1))
    return found


def measured_again(observed: Observations) -> Array:
    """Return for each row the median log rate of the other runs of its case; NaN where the case was measured once."""
    cases = list(zip(*(observed.columns[name].astype(str) for name in CASE), observed.kind, strict=True))
    found, measured = np.full(len(cases), np.nan), observed.log_tok_per_s
    rows_of: dict[Hashable, list[int]] = {}
    for row, case in enumerate(cases):
        rows_of.setdefault(case, []).append(row)
    for rows in rows_of.values():
        for row in rows if len(rows) > 1 else ():
            found[row] = np.median(measured[[other for other in rows if other != row]])
    return found


def inside_left_out(observed: Observations, error: Array) -> Flags:
    """Return whether each log error lies in an 80 % interval whose width saw no error of the row's pair."""
    levels, pairs = spread_level(observed.columns), observed.design_pair
    found = np.zeros(len(error), bool)
    for pair in sorted(set(pairs)):
        test = pairs == pair
        made = spreads(observed.where(~test), {"others": error[~test]})
        sd = np.array([made.get(f"log_sd:others:{level}", 0.0) for level in levels[test]])
        found[test] = np.abs(error[test]) <= Z_90 * sd
    return found


def spreads(observed: Observations, errors: Mapping[str, Array]) -> dict[str, float]:
    """Return `log_sd:seen:level` by spread_level: the spread whose central 80 % holds 80 % of the errors left out.

    Every pair counts once, so that the few with hundreds of rows do not decide how sure all others are. What is less known
    is never surer: the first of `errors` is the least that the others may be.
    """
    found: dict[str, float] = {}
    counted, least = observed.kind != "interactive", next(iter(errors))
    levels, pairs = spread_level(observed.columns), observed.design_pair
    names, index = np.unique(pairs[counted], return_inverse=True)
    weight = np.zeros(len(pairs))
    weight[counted] = 1 / np.bincount(index, minlength=len(names))[index]
    for seen, error in errors.items():
        for level in sorted(set(levels[counted])):
            chosen = counted & (levels == level)
            own = float(np.quantile(np.abs(error[chosen]), 0.8, weights=weight[chosen], method="inverted_cdf")) / Z_90
            found[f"log_sd:{seen}:{level}"] = max(own, found.get(f"log_sd:{least}:{level}", 0.0))
    return found


def common_sd(observed: Observations, error: Array) -> float:
    """Return the standard deviation of what log errors of one design have in common on all accelerators.

    δ² = (B − W)/n, every pair's mean error counting once: B and W are the mean squares between and within designs of k pairs
    each, n = (Σk − Σk²/Σk)/(designs − 1). Designs with one pair say nothing. 0 where W is above B.

    Args:
        observed: measured rows.
        error: log errors of fits that saw no row of the design, `[row]`.

    Source: one-way analysis of variance with unequal groups.
    """
    counted = observed.kind != "interactive"
    _, first, pair = np.unique(observed.design_pair[counted], return_index=True, return_inverse=True)
    mean = np.bincount(pair, error[counted]) / np.bincount(pair)
    design = observed.columns["architecture"].astype(str)[counted][first]
    groups = [group for name in sorted(set(design)) if len(group := mean[design == name]) > 1]
    count = np.array([len(group) for group in groups])
    if len(groups) < 2:
        return 0.0
    centre = np.concatenate(groups).mean()
    between = sum(len(group) * (group.mean() - centre) ** 2 for group in groups) / (len(groups) - 1)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (count.sum() - len(groups))
    typical = (count.sum() - (count**2).sum() / count.sum()) / (len(groups) - 1)
    return float(np.sqrt(max(0.0, (between - within) / typical)))


def relative(error: Array) -> Array:
    """Return the relative error of a log error."""
    found: Array = np.abs(np.expm1(error))
    return found
