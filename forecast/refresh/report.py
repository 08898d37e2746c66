"""What a refresh did, for a person, for a program, and as an exit code."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from forecast.delivery.words import counted, words
from forecast.errors import ForecastError
from forecast.refresh.gathering import SourceReport
from forecast.refresh.planning import Plan

SHOWN = 12


@dataclass
class Report:
    """What came of a refresh: its run, its sources, what failed, what moved and why, what was scored."""

    status: str = "failed"  # published, up to date, failed, would run, or skipped: another holds the lock
    run_id: str = ""
    as_of: str = ""
    scenarios: list[str] = field(default_factory=list)
    folder: str = ""
    sources: list[SourceReport] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)  # of the same form; the work was done all the same
    drift: list[dict[str, Any]] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    scored: int = 0
    step: str = "fetch"  # the step it is at
    plan: Plan | None = field(default=None, repr=False)
    began: float = field(default_factory=time.perf_counter)

    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return round(time.perf_counter() - self.began, 3)

    def add_failure(self, step: str, subject: str, error: BaseException | str) -> None:
        """Take note of a step that failed; the kind of an unforeseen error is part of its message."""
        foreseen = isinstance(error, str | ForecastError | KeyboardInterrupt)
        message = str(error) or "ended by Ctrl-C" if foreseen else f"{type(error).__name__}: {error}"
        self.failures.append({"step": step, "subject": subject, "message": message})

    def exit_code(self, fail_on_drift: bool) -> int:
        """Return 1 when something failed, 3 when a source is too old, 4 for drift where that is asked for, else 0."""
        if any(failure["step"] != "fetch" for failure in self.failures):
            return 1
        if any(source.staleness == "error" for source in self.sources):
            return 3
        return 1 if self.failures else 4 if fail_on_drift and self.drift else 0

    def document(self) -> dict[str, Any]:
        """Return the report as one JSON document."""
        hidden = ("plan", "began", "step")
        shown = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in hidden}
        sources = [asdict(one) | {"suspects": [held._asdict() for held in one.suspects]} for one in self.sources]
        return {**shown, "sources": sources, "seconds": self.seconds()}

    def text(self) -> str:
        """Return the report for a person."""
        head = f"{self.status}: run {self.run_id}, as of {self.as_of}, {', '.join(self.scenarios) or 'no scenario'}"
        lines = [head + (f", {self.seconds():.1f} s" if self.status == "published" else "")]
        lines += [f"  {_source_text(source)}" for source in self.sources]
        for source in self.sources:
            lines += [
                f"    held: {words(one.provider, one.item, one.found)}: {one.reason}" for one in source.suspects[:SHOWN]
            ] if source.quarantined else []  # fmt: skip
        lines += [f"  failed: {words(f['step'], f['subject'])}: {f['message']}" for f in self.failures]
        lines += [f"  warning: {w['step']} {w['subject']}: {w['message']}" for w in self.warnings]
        if self.drift:
            moved = counted(len(self.drift), "headline")
            lines.append(f"  {moved} moved by more than noise; changed: {'; '.join(self.causes)}")
        lines += [f"    {_drift_text(row)}" for row in self.drift[:SHOWN]]
        if self.drift:
            more = f"and {len(self.drift) - SHOWN} more; " if len(self.drift) > SHOWN else ""
            lines.append(f"    {more}`forecast explain latest` says which input moved what")
        if self.scored:
            lines.append(f"  newly due and scored: {counted(self.scored, 'past forecast')}; see `forecast score`")
        if self.folder:
            lines.append(f"  files in {self.folder}")
        return "\n".join(lines)


def _source_text(one: SourceReport) -> str:
    age = "" if one.age_days is None else f", {one.age_days} days old"
    stale = {"fresh": "", "warn": " (getting old)", "error": " (too old)"}[one.staleness]
    counts = f"{one.observations_added} new, {one.quarantined} newly held"
    return f"{one.source:12s} {one.status}: {counts if one.status != 'failed' else one.message}{age}{stale}"


def _drift_text(row: dict[str, Any]) -> str:
    where = " ".join(str(row[name]) for name in ("scenario", "outcome", "segment", "provider") if row[name])
    return (
        f"{where} ({row['statistic']}, month {row['month']}): {row['before']:.4g} → {row['after']:.4g} {row['unit']} "
        f"(± {row['standard_error']:.2g})"
    )
