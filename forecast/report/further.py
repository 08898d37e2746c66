"""Which of the sections that cost seconds are made, and side by side where a process can be forked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
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


def further_sections(asked: Asked, wanted: Sequence[str], threads: int | None = None) -> list[Section]:
    """Return the sections of the kinds that are wanted, in the order of KINDS.

    Args:
        asked: what they are about.
        wanted: kinds.
        threads: workers; by default $FORECAST_THREADS or the processors. Where a process may be forked, kinds are made side by side.
    """
    kinds = [kind for kind in KINDS if kind in wanted]
    workers = min(len(kinds), worker_count(threads))
    if workers < 2 or not can_fork():
        return [section for kind in kinds for section in KINDS[kind](asked)]
    with (
        ProcessPoolExecutor(workers, get_context("fork"), _IN_CHILD.append, (asked,)) as pool,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)  # idle threads of the linear algebra library are no danger
        return [section for made in pool.map(_made_in_child, kinds) for section in made]


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
