"""The page: one HTML file that asks for nothing outside itself and runs no script.

Its last sections are here too: how sure its numbers are, what they rest on, what its words mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from forecast.assumptions import Assumption
from forecast.delivery.answers import doubts
from forecast.delivery.cell_text import plain
from forecast.delivery.words import calendar, changed_by_hand, counted
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.outcomes.finances import FINANCES
from forecast.report.markup import Section, bullets, folded, table, text
from forecast.report.sections import SECTIONS
from forecast.report.style import style_sheet
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
# The browser itself refuses whatever a text might smuggle in.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


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


def _group(name: str, items: Sequence[Assumption]) -> str:
    rows = [
        [item.key.partition(".")[2], f"{plain(item.value) if isinstance(item.value, float) else item.value} {item.unit}",
         item.status, item.citation or item.source, item.as_of, item.place, item.why]
        for item in items
    ]  # fmt: skip
    header = ["input", "value", "mark", "source", "known on", "place", "note"]
    return folded(f"{name.replace('_', ' ')}: {len(items):,}", table(name, header, rows, words=True))


def page(forecast: Forecast, more: Sequence[Section] = ()) -> str:
    """Return a forecast as one self-contained HTML page; the same forecast gives the same text.

    Args:
        forecast: the tidy table with its manifest.
        more: further sections, such as what drives the answers; they stand before "How sure".
    """
    closing = sureness_section(forecast), assumption_section(forecast), definition_section(forecast)
    every = [*(make(forecast) for make in SECTIONS), *more, *closing]
    shown = [section for section in every if section.content]
    title = text(forecast.manifest["title"])
    links = "".join(f'<a href="#{section.key}">{text(section.title)}</a>' for section in shown)
    body = "".join(
        f'<section aria-labelledby="{s.key}"><h2 id="{s.key}">{text(s.title)}</h2>{s.content}</section>' for s in shown
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{style_sheet()}</style></head>'
        f'<body><header><h1>{title}</h1>{_which_run(forecast)}</header><nav aria-label="Contents">{links}</nav>'
        f"<main>{body}</main><footer>{_identity(forecast)}</footer></body></html>\n"
    )


def _which_run(forecast: Forecast) -> str:
    manifest = forecast.manifest
    end = calendar(manifest["as_of"], manifest["months"])
    said = (
        f"Scenario {manifest['scenario']}, as of {manifest['as_of']}, {counted(manifest['months'], 'month')} to {end}; "
        f"{counted(manifest['paths'], 'path')}, run {manifest['run_id']}. Every number is conditional on the tables it was made from."
    )
    story = f"<p>{text(manifest['story'])}</p>" if manifest.get("story") else ""
    changed = f"<p>But {text(by_hand)}.</p>" if (by_hand := changed_by_hand(manifest)) else ""
    return f'{story}{changed}<p class="quiet">{text(said)}</p>'


def _identity(forecast: Forecast) -> str:
    """Return what tells this run from another; the day it was made is the table's, not the clock's."""
    manifest = forecast.manifest
    made = forecast.facts[0].made_on if forecast.facts else ""
    rows = [["run", manifest["run_id"]], ["made on", made], ["seed", manifest["seed"]], ["paths", f"{manifest['paths']:,}"],
            ["version", manifest["versions"]["forecast"]], ["digest of the inputs", manifest["inputs_digest"]]]  # fmt: skip
    return table("This run", ["what", "value"], rows, words=True)
