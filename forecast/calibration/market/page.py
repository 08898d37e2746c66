"""The page: a table of what was observed and what is simulated, and every misfit with its size."""

from __future__ import annotations

from pathlib import Path

from forecast.calibration.market.band import Band
from forecast.calibration.market.compared import MONTHS, Compared
from forecast.draws import BLOCK_PATHS

INTRODUCTION = """# The market engine: simulated against observed

Written by `forecast calibrate market --page docs`; do not edit.

{inside} of {count} quantities lie inside: the middle of {paths} paths of the {name} scenario over {months} months within the
interval observed. Observed: the value and an 80 % interval, from the tables, with firms as clusters where several rows are of one firm, or,
for levels that differ from firm to firm or day to day, the 10th, 50th and 90th percentile. Simulated: the same percentiles over the paths.
`today` starts at the newest vintage; a date is the vintage from which paths of the observation's own time start.
These are checks of a model whose assumptions were chosen by people who knew much of this; where the observed time lies before the vintage they are no test of foresight
(`forecast hindcast` is).
"""
HEAD = "| quantity | unit | observed | simulated | paths from | inside | source |\n|---|---|---|---|---|---|---|\n"


def write_page(folder: Path, found: list[Compared], name: str) -> None:
    """Write `market.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "market.md").write_text(page(found, name), encoding="utf-8")


def page(found: list[Compared], name: str) -> str:
    """Return the page as Markdown."""
    lines = [_line(one) for one in found]
    misfits = [_misfit(one) for one in found if not one.inside]
    introduction = INTRODUCTION.format(
        name=name, inside=sum(one.inside for one in found), count=len(found), paths=BLOCK_PATHS, months=MONTHS
    )
    return introduction + "\n" + HEAD + "".join(lines) + "\n## Misfits\n\n" + "".join(misfits)


def _line(one: Compared) -> str:
    asked = one.comparison
    inside = "yes" if one.inside else "no"
    return (
        f"| {asked.quantity} | {asked.unit} | {text(one.observed)} | {text(one.simulated)} "
        f"| {asked.at} | {inside} | {asked.source} |\n"
    )


def text(band: Band) -> str:
    """Return a band as read on the page.

    >>> text(Band(0.01234, 0.5, 12.0))
    '0.5 (0.0123 to 12)'
    """
    return f"{band.middle:.3g} ({band.low:.3g} to {band.high:.3g})"


def _misfit(one: Compared) -> str:
    size = f"simulated less observed {one.simulated.middle - one.observed.middle:+.3g} {one.comparison.unit}"
    if one.simulated.middle > 0 and one.observed.middle > 0:
        size += f", a ratio of {one.simulated.middle / one.observed.middle:.2g}"
    return f"- *{one.comparison.quantity}*: {size}. What bears on it: {one.comparison.mends}.\n"
