"""The waist: outcomes of the paths as one tidy table. Simulation ends here, delivery begins here.

Every number carries its Monte Carlo standard error; a quantile that lies beyond the horizon is empty and says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import forecast
from forecast.assumptions import Assumption, assumptions
from forecast.market.doors import EXIT_KINDS, NEVER
from forecast.monte_carlo import probability_error
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS, quantiles
from forecast.paths import Paths
from forecast.table_files import file_digest

if TYPE_CHECKING:
    import pandas

Array = NDArray[np.float64]

PROBS: Array = np.array([0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99])


class Fact(NamedTuple):
    """One row of the tidy table; empty cells are None."""

    run_id: str
    made_on: str
    as_of: str
    scenario: str
    outcome: str
    kind: str
    unit: str
    segment: str | None
    provider: str | None
    month: int | None
    quantile: float | None
    value: float | None
    standard_error: float | None
    beyond_horizon: int


@dataclass(frozen=True)
class Forecast:
    """The tidy table and what belongs to it: the manifest of the run, the kind of each provider, what is assumed."""

    facts: list[Fact]
    manifest: dict[str, Any]
    provider_kinds: dict[str, str]
    assumptions: list[Assumption] = field(default_factory=list)

    def frame(self) -> pandas.DataFrame:
        """Return the tidy table as a pandas DataFrame; `attrs` keep the manifest."""
        import pandas

        table = pandas.DataFrame(self.facts, columns=list(Fact._fields))
        table.attrs = {
            "manifest": self.manifest,
            "provider_kinds": self.provider_kinds,
            "assumptions": self.assumptions,
        }
        return table

    @cached_property
    def by_outcome(self) -> dict[str, list[Fact]]:
        """The facts of each outcome, in their order."""
        found: dict[str, list[Fact]] = {}
        for fact in self.facts:
            found.setdefault(fact.outcome, []).append(fact)
        return found

    def find(self, outcome: str, **where: Any) -> list[Fact]:
        """Return the facts of an outcome whose cells equal the given ones."""
        return [f for f in self.by_outcome.get(outcome, []) if all(getattr(f, k) == v for k, v in where.items())]

    @cached_property
    def index(self) -> dict[tuple[str, str | None, int | None, float | None], Fact]:
        """The facts by outcome, segment or provider, month and quantile."""
        return {(f.outcome, f.segment or f.provider, f.month, f.quantile): f for f in self.facts}

    def value(self, outcome: str, entity: str | None, month: int | None, quantile: float | None = None) -> float | None:
        """Return one value of the table; None where it lies beyond the horizon or the table has none."""
        fact = self.index.get((outcome, entity, month, quantile))
        return fact.value if fact else None


def run_id(paths: Paths) -> str:
    """Return the digest of data, scenario, seed, paths and code version: equal ids, equal forecasts."""
    text = f"{paths.scenario.digest()}|{paths.seed}|{paths.n_paths}|{forecast.__version__}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def summarize_paths(paths: Paths, made_on: date | None = None) -> Forecast:
    """Return the forecast: every outcome of the paths with its quantiles, probabilities and standard errors.

    Args:
        paths: a simulation.
        made_on: the day to write into the table; today by default.
    """
    scenario, names = paths.scenario, paths.names
    head = (run_id(paths), str(made_on or date.today()), str(scenario.as_of), scenario.name)
    facts: list[Fact] = []

    def add(outcome: str, kind: str, unit: str, segment: str | None, provider: str | None, month: int | None,
            prob: float | None, value: float | None, error: float | None, beyond: bool = False) -> None:  # fmt: skip
        facts.append(Fact(*head, outcome, kind, unit, segment, provider, month, prob, value, error, int(beyond)))

    labels = names.labels()
    for outcome, fan in FANS.items():
        values, errors = fan_quantiles(paths, outcome)
        for (segment, provider), value, error in zip(labels[fan.axis], values, errors, strict=True):
            facts += _fan_facts((*head, outcome, "fan", fan.unit, segment, provider), value, error)
    for outcome, index in (("effective_providers_tokens", "hhi_tokens"), ("effective_providers_spend", "hhi_spend")):
        values, errors = fan_quantiles(paths, index)
        # Where hardly any tokens are left to named providers the index lies in the lowest bin, which is called zero.
        hhi, error = np.maximum(values[0, :, ::-1], FANS[index].low), errors[0, :, ::-1]
        facts += _fan_facts((*head, outcome, "fan", "providers", None, None), 1 / hhi, error / hhi**2)
    for outcome, when in DATES.items():
        for (segment, provider), months in zip(labels[when.axis], paths.dates[outcome], strict=True):
            reached = np.where(months == NEVER, np.inf, months).astype(float)
            if outcome != "price_rise":
                _add_quantiles(add, outcome, "date", "months", segment, provider, reached)
            kind = "event" if outcome == "price_rise" else "date"
            for month in range(scenario.months + 1):
                prob = float((reached <= month).mean())
                add(
                    outcome,
                    kind,
                    "probability",
                    segment,
                    provider,
                    month,
                    None,
                    prob,
                    probability_error(prob, paths.n_paths),
                )
    _add_providers(add, paths)
    kinds = dict(zip(names.providers, names.kinds, strict=True))
    return Forecast(facts, _manifest(paths, head[0]), kinds, assumptions(scenario))


def _fan_facts(head: tuple[str | None, ...], values: Array, errors: Array) -> Iterable[Fact]:
    """Return the facts of a fan, `[month, prob]`; made column by column, since there are tens of thousands."""
    months, probs = len(values), len(PROBS)
    month, prob = np.repeat(np.arange(months), probs).tolist(), PROBS.tolist() * months
    cells = zip(month, prob, values.reshape(-1).tolist(), errors.reshape(-1).tolist(), strict=True)
    return map(Fact._make, (head + cell + (0,) for cell in cells))


def _add_providers(add: Any, paths: Paths) -> None:
    scenario, n = paths.scenario, paths.n_paths
    for i, provider in enumerate(paths.names.providers):
        cash = scenario.inputs[f"provider_finances.{provider}.cash_usd"].value.median()
        add("cash_usd", "quantity", "USD", None, provider, 0, 0.5, cash, 0.0)
        gone = paths.exit_month[i] != NEVER
        survival = np.where(gone, paths.exit_month[i], np.inf).astype(float)
        _add_quantiles(add, "survival_months", "quantity", "months", None, provider, survival)
        _add_chances(add, "exit", provider, survival, scenario.months)
        if not paths.names.backed[i, 0]:
            runway = paths.runway_months[i].astype(float)
            _add_quantiles(add, "runway_months", "quantity", "months", None, provider, runway)
            _add_chances(add, "out_of_cash", provider, runway, scenario.months)
        at_horizon = {
            f"exit_{kind.replace(' ', '_')}": paths.exit_kind[i] == code
            for code, kind in enumerate(EXIT_KINDS[1:], start=1)
        }
        for name, happens in (*at_horizon.items(), ("listed", paths.listed_month[i] != NEVER)):
            prob = float(happens.mean())
            error = probability_error(prob, n)
            add(name, "event", "probability", None, provider, scenario.months, None, prob, error)


def _add_chances(add: Any, outcome: str, provider: str, months: Array, horizon: int) -> None:
    """Add the chance that it has happened by each month, from the month of each path, infinite where it never does."""
    happened = np.sort(months).searchsorted(np.arange(horizon + 1), side="right")
    for month, prob in enumerate((happened / len(months)).tolist()):
        error = probability_error(prob, len(months))
        add(outcome, "event", "probability", None, provider, month, None, prob, error)


def _add_quantiles(
    add: Any, outcome: str, kind: str, unit: str, segment: str | None, provider: str | None, values: Array
) -> None:
    """Add the quantiles of a number per path, infinite where it lies beyond the horizon."""
    ordered, n = np.sort(values), len(values)
    for prob in PROBS.tolist():
        low, middle, high = (
            float(ordered[_rank(p, n)])
            for p in (prob - probability_error(prob, n), prob, prob + probability_error(prob, n))
        )
        beyond = np.isinf(middle)
        error = None if beyond or np.isinf(high) else (high - low) / 2
        add(outcome, kind, unit, segment, provider, None, prob, None if beyond else middle, error, bool(beyond))


def _rank(prob: float, n: int) -> int:
    return min(max(int(np.ceil(prob * n)) - 1, 0), n - 1)


def fan_quantiles(paths: Paths, outcome: str) -> tuple[Array, Array]:
    """Return a fan's quantiles at PROBS and their standard errors, each `[entity, month, prob]`.

    The error of a quantile is half the distance between the quantiles one standard error of the probability to
    either side; draws are stratified, so it errs on the large side.
    """
    spread = np.sqrt(PROBS * (1 - PROBS) / paths.n_paths)
    every = np.concatenate([PROBS, PROBS - spread, PROBS + spread])
    found = quantiles(FANS[outcome], paths.counts[outcome], every)
    middle, low, high = np.split(found, 3, axis=-1)
    return middle, (high - low) / 2


def _manifest(paths: Paths, identity: str) -> dict[str, Any]:
    scenario = paths.scenario
    return {
        "run_id": identity,
        "scenario": scenario.name,
        "title": scenario.title,
        "story": scenario.story,
        "as_of": str(scenario.as_of),
        "months": scenario.months,
        "paths": paths.n_paths,
        "seed": paths.seed,
        "inputs_digest": scenario.digest(),
        "finances_as_of": str(max(row["as_of"] for row in scenario.rows["provider_finances"].values())),
        "inputs": scenario.tables.digests() | {f"scenarios/{path.name}": file_digest(path) for path in scenario.files},
        "counts": {
            "inputs": len(scenario.inputs),
            "uncertain_inputs": sum(item.value.name != "fixed" for item in scenario.inputs.values()),
            "providers": len(paths.names.providers),
            "accelerators": len(paths.names.accelerators),
        },
        "versions": {"forecast": forecast.__version__, "numpy": np.__version__},
    }
