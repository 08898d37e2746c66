"""The fit: effects that make the step agree with measurements, by robust least squares with Gaussian priors.

A prior is a row of `effects.FORM`; random effects have mean zero. Errors are Student-t, so that a run on broken or
undeclared software pulls little. Besides the effects that are kept there are *passing* ones, which describe the run and
not the case (stack, date, expert parallelism, server and interactive rules, the pair itself, and how far the few runs
at 16 bits beat the same software's immature 8-bit arithmetic, on parts that have it): they keep those differences out of
the kept ones and are zero in a prediction. Memory that a run reserved for whole answers (`Observations.as_run`) counts
in the fit alone too. Gauss-Newton steps use the analytic derivative ∂ ln y/∂θᵢ = −tᵢ/t; the covariance is the inverse
of their matrix (Laplace).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.calibration.observations import Observations
from forecast.families import FAMILIES
from forecast.serving.effects import ALL, FORM, NUMBERS, OF_LAYOUT, TERMS, Columns, features
from forecast.serving.groups import batch_of, cut_up, layouts, step_terms

DEGREES_OF_FREEDOM = 4.0
SCALES = {"concurrency": 0.10, "offline": 0.12, "server": 0.15, "interactive": 0.30}  # of the log error within a pair
MOST_STEPS = 60
CLOSE_ENOUGH = 1e-7  # of the objective


@dataclass(frozen=True)
class Design:
    """The entries of the model over a set of rows: which term each moves, by how much in each row, and its prior."""

    names: tuple[str, ...]
    terms: NDArray[np.int64]
    weights: Array  # [row, entry]
    mean: Array
    sd: Array
    kept: NDArray[np.bool_]
    of_layout: NDArray[np.bool_]  # [feature, entry]: those that weigh a layout, of which a row tries several


@dataclass(frozen=True)
class Fit:
    """Fitted effects with their standard errors, kept ones first named as in `throughput_effects`."""

    design: Design
    estimate: Array
    standard_error: Array

    def values(self) -> dict[str, float]:
        """Return the kept effects by `term:feature:level`."""
        d = self.design
        return {n: float(v) for n, v, k in zip(d.names, self.estimate, d.kept, strict=True) if k}


def design(observed: Observations) -> Design:
    """Return the entries: kept effects, then passing ones."""
    entries: list[tuple[str, str, Array, float, float, bool]] = []
    made = features(observed.columns)
    for effect in FORM:
        levels, weights = made[effect.feature]
        names = [ALL] if effect.feature in NUMBERS else sorted(set(levels))
        entries += [
            (f"{effect.term}:{effect.feature}:{level}", effect.term, weights * (levels == level), effect.mean, effect.sd, True)
            for level in names
        ]  # fmt: skip
    entries += _passing(observed)
    return Design(
        names=tuple(entry[0] for entry in entries),
        terms=np.array([TERMS.index(entry[1]) for entry in entries]),
        weights=np.stack([entry[2] for entry in entries], axis=1),
        mean=np.array([entry[3] for entry in entries]),
        sd=np.array([entry[4] for entry in entries]),
        kept=np.array([entry[5] for entry in entries]),
        of_layout=np.array([[f":{name}:" in entry[0] for entry in entries] for name in OF_LAYOUT]),
    )


def _passing(observed: Observations) -> list[tuple[str, str, Array, float, float, bool]]:
    moe, server = observed.columns["moe"], (observed.kind == "server") * 1.0
    single = ~np.isnan(observed.columns["concurrency"])
    small_dense = (moe == 0) & (observed.columns["total_computed_b"] < 100)
    found = [
        ("server", server, -0.10, 0.2), ("server large", server * ~small_dense, 0.0, 0.3),
        ("interactive", (observed.kind == "interactive") * 1.0, -0.5, 0.5),
        ("year", observed.year, 0.0, 0.2), ("year moe", observed.year * moe, 0.0, 0.2),
        ("expert parallel", observed.expert_parallel * single, 0.0, 0.3),
    ]  # fmt: skip
    family = observed.columns["family"]
    found += [(f"year moe {name}", observed.year * moe * (family == name), 0.0, 0.2) for name in sorted(set(family))]
    stack = [f"{s}|{a}|{f}" for s, a, f in
             zip(observed.stack, observed.columns["architecture"], family, strict=True)]  # fmt: skip
    for labels, sd in ((observed.design_pair, 0.06), (np.array(stack), 0.05)):
        found += [(str(label), (labels == label) * 1.0, 0.0, sd) for label in sorted(set(labels))]
    without_eight_bits = FAMILIES["nvidia"].fitted_as[0]  # sixteen are the best these parts have
    wide = (np.isin(observed.columns["precision"], ("bf16", "fp16")) & (family != without_eight_bits)) * 1.0
    sixteen = [("16 bits", term, wide, 0.0, 0.3, False) for term in ("decode_compute", "prefill_compute")]
    return [*sixteen, *((name, "throughput", weights, mean, sd, False) for name, weights, mean, sd in found)]


class Rows:
    """Measured rows as a fit reads them: their terms at the printed peaks, computed once; only the factors change while fitting."""

    def __init__(self, observed: Observations, columns: Columns | None = None) -> None:
        self.observed, columns = observed, observed.as_run if columns is None else columns
        tried = layouts(columns)
        batch = batch_of(columns, tried)
        ratio = (columns["input_tokens"] / columns["output_tokens"])[:, None]
        made = step_terms(columns, tried.sizes, tried.engines, batch, ratio)
        self.cut = np.stack([cut_up(columns, tried.sizes)[name] for name in OF_LAYOUT])
        self.allowed = batch >= tried.least_batch
        self.per_accelerator = batch / tried.sizes
        self.terms = np.stack([np.broadcast_to(made[t], batch.shape) for t in TERMS if t != "throughput"])

    @cached_property
    def asked(self) -> Rows:
        """The same rows as the engine answers them, which knows no run."""
        return Rows(self.observed, self.observed.columns)

    @cached_property
    def design(self) -> Design:
        """The entries of the model over these rows."""
        return design(self.observed)

    def predict(self, estimate: Array) -> tuple[Array, Array]:
        """Return log tokens per second and accelerator of the best layout, and its derivative by entry `[row, entry]`."""
        made = self.design
        steps = [i for i, term in enumerate(TERMS) if term != "throughput"]
        theta, by_layout = factors(made, estimate), layout_factors(made, estimate)[steps]
        parts = self.terms * np.exp(theta[steps][:, :, None] + np.tensordot(by_layout, self.cut, 1))
        total = parts.sum(axis=0)
        rate = np.where(self.allowed, self.per_accelerator / total, 0.0)
        best = rate.argmax(axis=1)
        row = np.arange(len(best))
        slope = np.ones_like(theta)
        slope[steps] = -parts[:, row, best] / total[row, best]
        weights = made.weights + self.cut[:, row, best].T @ made.of_layout
        return np.log(rate[row, best]) + theta[TERMS.index("throughput")], weights * slope[made.terms].T


def factors(made: Design, estimate: Array) -> Array:
    """Return the log factors of every term in every row, `[term, row]`."""
    return np.stack([made.weights[:, made.terms == i] @ estimate[made.terms == i] for i in range(len(TERMS))])


def layout_factors(made: Design, estimate: Array) -> Array:
    """Return by how much every term's log factor grows with every feature of a layout, `[term, feature]`."""
    found: Array = np.stack([np.bincount(made.terms, of * estimate, len(TERMS)) for of in made.of_layout], axis=1)
    return found


def fit(rows: Rows, used: NDArray[np.bool_] | None = None, start: Array | None = None) -> Fit:
    """Return the effects that fit the used rows best, from `start` (the priors' means by default)."""
    observed, made = rows.observed, rows.design
    used = np.ones(len(observed.kind), bool) if used is None else used
    scale = np.array([SCALES[kind] for kind in observed.kind])
    nu = DEGREES_OF_FREEDOM

    def objective(estimate: Array, log_rate: Array) -> float:
        error = ((observed.log_tok_per_s - log_rate) / scale)[used]
        prior = (estimate - made.mean) / made.sd
        return float((nu + 1) * np.log1p(error**2 / nu).sum() + (prior**2).sum()) / 2

    estimate = made.mean.copy() if start is None else start.copy()
    log_rate, jacobian = rows.predict(estimate)
    best = objective(estimate, log_rate)
    precision = np.diag(1 / made.sd**2)
    for _ in range(MOST_STEPS):
        error = observed.log_tok_per_s - log_rate
        weight = np.where(used, (nu + 1) / (nu + (error / scale) ** 2) / scale**2, 0.0)
        curvature = jacobian.T @ (jacobian * weight[:, None]) + precision
        step = np.linalg.solve(curvature, jacobian.T @ (weight * error) - precision @ (estimate - made.mean))
        before, length = best, 1.0
        while length > 1e-3:
            tried = estimate + length * step
            log_rate, jacobian = rows.predict(tried)
            best = objective(tried, log_rate)
            if best <= before:
                break
            length /= 2
        estimate = tried
        if before - best < CLOSE_ENOUGH * before:
            break
    return Fit(made, estimate, np.sqrt(np.diag(np.linalg.inv(curvature))))
