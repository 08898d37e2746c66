"""Which of the sections that cost seconds are made, and side by side where a process can be forked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from forecast.engines.workers import can_fork, worker_count
from forecast.errors import InputError, suggestion
from forecast.report.closing import Section
from forecast.report.computed import Asked, audit_sections, drivers_sections, past_sections, predictions_sections

KINDS: dict[str, Callable[[Asked], list[Section]]] = {
    "drivers": drivers_sections,
    "past": past_sections,
    "predictions": predictions_sections,
    "audit": audit_sections,
}


def further_sections(
    asked: Asked,
    wanted: Sequence[str],
    threads: int | None = None,
    progress: Callable[[int], None] = lambda kinds: None,
) -> list[Section]:
    """Return the sections of the kinds that are wanted, in the order of KINDS.

    Args:
        asked: what they are about.
        wanted: kinds.
        threads: workers; by default $FORECAST_THREADS or the processors. Where a process may be forked, kinds are made side by side.
        progress: called with 1 for each kind that is done.
    """
    kinds = [kind for kind in KINDS if kind in wanted]
    workers = min(len(kinds), worker_count(threads))
    if workers < 2 or not can_fork():
        return _collected((KINDS[kind](asked) for kind in kinds), progress)
    with (
        ProcessPoolExecutor(workers, get_context("fork"), _IN_CHILD.append, (asked,)) as pool,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)  # idle threads of the linear algebra library are no danger
        return _collected(pool.map(_made_in_child, kinds), progress)


def _collected(made: Iterable[list[Section]], progress: Callable[[int], None]) -> list[Section]:
    found: list[Section] = []
    for sections in made:
        found += sections
        progress(1)
    return found


_IN_CHILD: list[Asked] = []  # what a forked worker inherits: paths are large and need not be sent


def _made_in_child(kind: str) -> list[Section]:
    return KINDS[kind](_IN_CHILD[0])


def wanted_kinds(text: str) -> list[str]:
    """Return the kinds that a text lists, comma-separated; "all" and "none" are allowed.

    Raises:
        InputError: another word.
    """
    if text in ("all", "none"):
        return list(KINDS) if text == "all" else []
    found = [word.strip() for word in text.split(",")]
    if wrong := next((word for word in found if word not in KINDS), None):
        allowed = f"all, none, or any of {', '.join(KINDS)}, comma-separated,"
        raise InputError(f'--with {text}: no "{wrong}"; {allowed} is allowed.{suggestion(wrong, KINDS)} Correct it.')
    return found
