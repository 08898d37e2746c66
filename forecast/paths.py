"""A simulation reduced to what outcomes need: histograms by month, and small numbers for each path."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from forecast.draws import BLOCK_PATHS, paths_in
from forecast.history import History, year_months
from forecast.market.names import Names
from forecast.outcomes.by_path import found_in, values_of
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS, Counts, count
from forecast.outcomes.finances import FINANCES
from forecast.scenario import Scenario

FATES = ("exit_month", "exit_kind", "listed_month", "runway_months")  # of each provider, `[provider, path]`
Maker = Callable[[tuple[int, ...], DTypeLike], NDArray[Any]]  # makes an array of zeros


class Work(NamedTuple):
    """What to simulate: how many paths of a scenario with which seed, and what of each is kept beside the histograms."""

    scenario: Scenario
    seed: int
    n_paths: int
    kept_months: tuple[int, ...] = ()  # months whose value on every path is kept
    # outcomes by path that are kept in them beside the fans, "price_rank[deepseek:open-frontier]"
    more: tuple[str, ...] = ()


@dataclass
class Paths:
    """What is left of a simulation: counts for each fan and month, and for each path its dates, exits and runways."""

    scenario: Scenario
    names: Names
    seed: int
    n_paths: int
    counts: dict[str, Counts]  # fan → [entity, month, bin]; of FINANCES [entity, year, bin]
    dates: dict[str, NDArray[np.int16]]  # outcome → [entity, path]
    exit_month: NDArray[np.int16]  # [provider, path]
    exit_kind: NDArray[np.int8]
    listed_month: NDArray[np.int16]
    runway_months: NDArray[np.float32]
    kept_months: tuple[int, ...] = ()
    # fan → [entity, kept month, path]; outcome by path → [1, kept month, path]
    kept: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, block: int, history: History) -> None:
        """Take in the history of a block; only the paths that were asked for count."""
        place = self.place(block)
        wanted = place.stop - place.start
        for name, date in DATES.items():
            self.dates[name][:, place] = date.find(history)[:, :wanted]
        for name in FATES:
            getattr(self, name)[:, place] = getattr(history, name)[:, :wanted]
        for name, values in self.kept.items():
            if name in FANS:
                values[:, :, place] = history.series[name][:, self.kept_months, :wanted]
            else:
                values[:, :, place] = values_of(name, history.noted, self.names)[:, :, :wanted]
        recorded = history.series | history.finances
        for name, fan in (FANS | FINANCES).items():
            found = count(fan, np.ascontiguousarray(recorded[name][:, :, :wanted]))
            with self._lock:
                self.counts[name] += found

    def note_months(self) -> tuple[int, ...]:
        """Return the months in which the march must note what outcomes by path are found from."""
        return self.kept_months if any(name not in FANS for name in self.kept) else ()

    def place(self, block: int) -> slice:
        """Return where the paths of a block lie."""
        first = block * BLOCK_PATHS
        return slice(first, first + paths_in(block, self.n_paths))

    def by_path(self) -> list[NDArray[Any]]:
        """Return every array whose last axis is the path, in an order that depends on nothing but the code."""
        fates = (getattr(self, name) for name in FATES)
        return [*self.dates.values(), *fates, *self.kept.values()]

    def merge(self, block: int, by_path: list[NDArray[Any]], counts: list[Counts]) -> None:
        """Take in a block that was reduced elsewhere: its `by_path` arrays and its counts."""
        for mine, theirs in zip(self.by_path(), by_path, strict=True):
            mine[..., self.place(block)] = theirs
        self.add_counts(counts)

    def add_counts(self, counts: list[Counts]) -> None:
        """Add the counts of another part, fan by fan; they are whole numbers, so the order of the parts does not matter."""
        for mine, theirs in zip(self.counts.values(), counts, strict=True):
            mine += theirs

    def forget(self) -> None:
        """Set all counts to nothing."""
        for counts in self.counts.values():
            counts[...] = 0

    def part(self, made: Maker) -> Paths:
        """Return paths that share the arrays by path and have counts of their own, for one more worker."""
        return replace(self, counts=_no_counts(self.scenario, self.names, made))


def no_paths(work: Work, names: Names, made: Maker = np.zeros) -> Paths:
    """Return room for a simulation, with nothing in it yet; `made` makes its arrays."""
    scenario, seed, n_paths, kept_months, more = work
    labels, providers, kept = names.labels(), (len(names.providers), n_paths), (len(kept_months), n_paths)
    rows = {name: len(labels[FANS[name].axis]) for name in FANS if kept_months}
    rows |= dict.fromkeys(found_in(names, more) if kept_months else (), 1)
    return Paths(
        scenario=scenario,
        names=names,
        seed=seed,
        n_paths=n_paths,
        counts=_no_counts(scenario, names, made),
        dates={n: made((len(labels[d.axis]), n_paths), np.int16) for n, d in DATES.items()},
        exit_month=made(providers, np.int16),
        exit_kind=made(providers, np.int8),
        listed_month=made(providers, np.int16),
        runway_months=made(providers, np.float32),
        kept_months=kept_months,
        kept={name: made((count, *kept), np.float32) for name, count in rows.items()},
    )


def _no_counts(scenario: Scenario, names: Names, made: Maker) -> dict[str, Counts]:
    labels, years = names.labels(), len(year_months(scenario.months))
    monthly = {n: made((len(labels[f.axis]), scenario.months + 1, f.bins), np.int32) for n, f in FANS.items()}
    return monthly | {n: made((len(labels[f.axis]), years, f.bins), np.int32) for n, f in FINANCES.items()}
