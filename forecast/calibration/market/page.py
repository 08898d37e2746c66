"""The page: a table of what was observed and what is simulated, and every misfit with its size."""

from __future__ import annotations

from pathlib import Path

from forecast.calibration.market.compared import MONTHS, Compared, Together
from forecast.delivery.folders import publish_file
from forecast.draws import BLOCK_PATHS

INTRODUCTION = """# The market engine: simulated against observed

Written by `forecast calibrate market --page docs`; do not edit.

{inside} of {count} quantities lie inside. {fitted} of them the engine was given from the same data, which tests nothing: of the other
{free}, {free_inside} lie inside.

- *Observed:* the value and an 80 % interval from the tables, with firms as clusters where several rows are of one firm. For levels that
  differ from firm to firm or day to day: the 10th, 50th and 90th percentile.
- *Simulated:* the same percentiles over {paths} paths of the {name} scenario and {months} months. Events per firm and year, and correlations:
  over 20 groups of paths, as they are too rare for a rate of one path.
- *Inside:* the middle of the paths lies within the observed interval. What came once (counts, the router's level): the observed value
  lies within the 80 % of the paths.
- *Paths from:* `today` is the newest vintage; a date is the vintage from which paths of the observation's own time start.

The assumptions of the model were chosen by people who knew much of this. Where the observed time lies before the vintage these checks are no
test of foresight (`forecast hindcast` is).
"""
HEAD = "| quantity | unit | observed | simulated | paths from | inside | source |\n|---|---|---|---|---|---|---|\n"


def write_page(folder: Path, found: list[Compared], both: Together, name: str) -> None:
    """Write `market.md`."""
    publish_file(folder / "market.md", page(found, both, name).encode())


def page(found: list[Compared], both: Together, name: str) -> str:
    """Return the page as Markdown."""
    lines = [_line(one) for one in found]
    misfits = [_misfit(one) for one in found if not one.inside]
    free = [one for one in found if not one.comparison.fitted]
    introduction = INTRODUCTION.format(
        name=name, inside=sum(one.inside for one in found), count=len(found), fitted=len(found) - len(free),
        free=len(free), free_inside=sum(one.inside for one in free), paths=BLOCK_PATHS, months=MONTHS,
    )  # fmt: skip
    table = introduction + "\n" + HEAD + "".join(lines)
    return f"{table}\n## Misfits\n\n{''.join(misfits)}\n{_together(both)}"


def _together(both: Together) -> str:
    """Return how the fates of firms go together, as a section; nothing observed tells whether it is so."""
    said = ", ".join(f"{value:.3f} of {way}" for way, value in both.correlation.items())
    return (
        f"## Exits together\n\nMean correlation of two providers within {both.months} months: {said}. "
        "They share the funding market with its uncertain rates, demand, prices and rents; the correlation within "
        "a quarter, above, is all that was observed of it.\n"
    )


def _line(one: Compared) -> str:
    asked = one.comparison
    inside = ("yes" if one.inside else "no") + (", fitted" if asked.fitted else "")
    return (
        f"| {asked.quantity} | {asked.unit} | {observed_text(one)} | {one.simulated} "
        f"| {asked.at} | {inside} | {asked.source} |\n"
    )


def observed_text(one: Compared) -> str:
    """Return what was observed as read on the page: a number alone where it came once."""
    return f"{one.observed.p50:.3g}" if one.comparison.one_draw else str(one.observed)


def _misfit(one: Compared) -> str:
    size = f"simulated less observed {one.simulated.p50 - one.observed.p50:+.3g} {one.comparison.unit}"
    if one.simulated.p50 > 0 and one.observed.p50 > 0:
        size += f", a ratio of {one.simulated.p50 / one.observed.p50:.2g}"
    if one.comparison.one_draw:
        size += f"; {one.reached_frac:.0%} of paths reach it"
    return f"- *{one.comparison.quantity}*: {size}. What bears on it: {one.comparison.mends}.\n"
