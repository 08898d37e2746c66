"""A hindcast: resolve the checks at a past date, march the engine on that vintage, and score what it said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.draws import BLOCK_PATHS, Draws, blocks_of, check_chance, check_number, paths_in
from forecast.engines.workers import over_threads, worker_count
from forecast.errors import InputError
from forecast.hindcast import list_prices
from forecast.hindcast.checks import Asked, Event, Hindcast, Observed, Quantity, check_name, check_of
from forecast.hindcast.happenings import asked_of
from forecast.hindcast.quantities import QUANTITIES
from forecast.march import march
from forecast.market.names import Names, market_names
from forecast.scenario import Scenario, load_scenario
from forecast.table_files import Row
from forecast.tables import Tables

Samples = NDArray[np.float64]  # [check, path]
LEAST_PATHS, MOST_PATHS = 100, 1_000_000
HINDSIGHT = "own-hindsight"  # source of rows that no one could have written at their date


@dataclass(frozen=True)
class Question:
    """A row of hindcast_checks at a vintage: what is asked of the forecast, and what happened."""

    name: str
    quantity: Quantity
    asked: Asked
    happened: Observed


def hindcast(
    as_of: date,
    tables: Tables,
    name: str = "base",
    n_paths: int = 10_000,
    seed: int = 7,
    threads: int | None = None,
    progress: Callable[[int], None] = lambda paths: None,
) -> Hindcast:
    """Return the engine's forecast from `as_of` against what the tables say happened after it.

    Args:
        as_of: the vintage; no row known later is seen by the forecast.
        tables: all data, those of later dates included: they say what happened.
        name: the scenario whose structure is used, with its `as_of` replaced.
        n_paths: number of paths, from 100.
        seed: names the chance, as in a run.
        threads: workers; by default $FORECAST_THREADS or the processors. Results do not depend on it.
        progress: called with the number of paths of each block that is done.

    Raises:
        InputError: the date lies outside the data, or a number is out of range.
    """
    check_number("paths", n_paths, LEAST_PATHS, MOST_PATHS)
    check_chance(n_paths, seed, MOST_PATHS)
    workers = worker_count(threads)
    scenario = load_scenario(name, tables, as_of=as_of)
    names = market_names(scenario)
    rows = list(tables["hindcast_checks"])
    listed = [row for row in rows if row["quantity"] == list_prices.QUANTITY]
    questions, left_out = questions_at(scenario, names, tables, [row for row in rows if row not in listed])
    if not questions:
        raise InputError(
            f"as of {as_of}: nothing that is checked has happened since. Choose an earlier date; "
            f"the first is {tables.first_known('provider_finances')}."
        )
    horizon = max(question.asked.months for question in questions)
    samples = sample(replace(scenario, months=horizon), names, questions, n_paths, seed, workers, progress)
    prices, without = list_prices.list_price_checks(listed, as_of, tables, seed)
    asked = list(zip(questions, samples, strict=True))
    return Hindcast(
        scenario=scenario.name,
        as_of=as_of,
        n_paths=n_paths,
        seed=seed,
        checks=(
            *(check_of(q.name, q.quantity.form, s, *q.happened) for q, s in asked if q.quantity.form != "event"),
            *prices,
        ),
        events=tuple(
            Event(q.name, float(s.mean()), q.happened.value > 0, q.happened.source)
            for q, s in asked if q.quantity.form == "event"
        ),
        left_out=(*left_out, *without),
        hindsight=tuple(key for key, item in scenario.inputs.items() if item.origin.source == HINDSIGHT),
    )  # fmt: skip


def questions_at(
    scenario: Scenario, names: Names, tables: Tables, rows: list[Row]
) -> tuple[list[Question], list[tuple[str, str]]]:
    """Return the checks that have an answer, and the name and reason of each that has none."""
    questions: list[Question] = []
    left_out: list[tuple[str, str]] = []
    for row in rows:
        label = check_name(row)
        quantity = QUANTITIES[row["quantity"]]
        asked = asked_of(row["entity"], row["months_ahead"] or 0, scenario, names)
        known = {"provider": names.providers, "segment": names.segments}.get(row["entity_kind"])
        if known is not None and asked.entity not in known:
            left_out.append((label, f"was not in the market of {scenario.as_of}"))
            continue
        happened = quantity.happened(tables, scenario, names, asked)
        if isinstance(happened, str):
            left_out.append((label, happened))
        else:
            questions.append(Question(label, quantity, asked, happened))
    return questions, left_out


def sample(
    scenario: Scenario,
    names: Names,
    questions: list[Question],
    n_paths: int,
    seed: int,
    workers: int,
    progress: Callable[[int], None] = lambda paths: None,
) -> Samples:
    """Return what each path says to each question, `[question, path]`; block by block, the same on any workers."""
    samples = np.empty((len(questions), n_paths))

    def run(block: int) -> None:
        history = march(scenario, names, Draws(scenario, seed, block), watch=True)
        first, count = block * BLOCK_PATHS, paths_in(block, n_paths)
        for row, question in zip(samples, questions, strict=True):
            row[first : first + count] = question.quantity.forecast(history, names, question.asked)[:count]

    blocks = blocks_of(n_paths)
    over_threads(blocks, min(workers, len(blocks)), run, lambda block: progress(paths_in(block, n_paths)))
    return samples
