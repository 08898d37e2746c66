"""The sections that close the page: how sure its numbers are, what they rest on, what its words mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from forecast.assumptions import Assumption
from forecast.delivery.answers import doubts
from forecast.delivery.cell_text import plain
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.outcomes.finances import FINANCES
from forecast.report.markup import bullets, folded, table, text
from forecast.tidy_table import Forecast

TERMS = {
    "path": "one possible future, drawn with all inputs and all chance of the months; a forecast counts over many",
    "80 % band": "the range from the 10 to the 90 % quantile: one path in ten lies below it, one above",
    "not within the horizon": "it does not happen in the months that were simulated; it may happen later, or never",
    "runway": "months until the cash of a provider is gone if it gets no new money",
    "exit": "the provider leaves the market: sold in distress, bought, shut, or no seller of tokens any more",
    "Monte Carlo error": "how far a number would move with other chance; one standard error",
    "mark": "measured and derived are observed or follow from it; assumption, background, claim and projection are not",
}


class Section(NamedTuple):
    """A section of the page: its anchor, its heading, and what stands under it, as HTML."""

    key: str
    title: str
    content: str


def sureness_section(forecast: Forecast) -> Section:
    """Return the Monte Carlo error, and what it does not cover."""
    return Section("sureness", "How sure", bullets(doubts(forecast)))


def assumption_section(forecast: Forecast) -> Section:
    """Return every input that is uncertain or that nobody measured, with source, date and mark, by table."""
    said = f"<p>{len(forecast.assumptions):,} inputs are uncertain, or marked as neither measured nor derived.</p>"
    groups = groupby(forecast.assumptions, key=lambda item: item.key.partition(".")[0])
    shown = said + "".join(_group(name, list(found)) for name, found in groups)
    return Section("assumptions", "What is assumed", shown if forecast.assumptions else "")


def definition_section(forecast: Forecast) -> Section:
    """Return what the words of the page mean, and how each outcome of the forecast is defined."""
    held = {name: each.definition for name, each in (FANS | FINANCES | DATES).items() if name in forecast.by_outcome}
    shown = "".join(f"<dt>{text(name)}</dt><dd>{text(said)}</dd>" for name, said in (TERMS | held).items())
    return Section("definitions", "Definitions", f"<dl>{shown}</dl>")


CLOSING: tuple[Callable[[Forecast], Section], ...] = (sureness_section, assumption_section, definition_section)


def _group(name: str, items: Sequence[Assumption]) -> str:
    rows = [
        [item.key.partition(".")[2], f"{plain(item.value) if isinstance(item.value, float) else item.value} {item.unit}",
         item.status, item.citation or item.source, item.as_of, item.place, item.why]
        for item in items
    ]  # fmt: skip
    header = ["input", "value", "mark", "source", "known on", "place", "note"]
    return folded(f"{name.replace('_', ' ')}: {len(items):,}", table(name, header, rows, words=True))
