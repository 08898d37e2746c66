"""The page: one HTML file that asks for nothing outside itself and runs no script."""

from __future__ import annotations

from collections.abc import Sequence

from forecast.delivery.words import calendar, changed_by_hand, counted
from forecast.report.closing import CLOSING, Section
from forecast.report.markup import table, text
from forecast.report.sections import SECTIONS
from forecast.report.style import style_sheet
from forecast.tidy_table import Forecast

# The browser itself refuses whatever a text might smuggle in.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(forecast: Forecast, more: Sequence[Section] = ()) -> str:
    """Return a forecast as one self-contained HTML page; the same forecast gives the same text.

    Args:
        forecast: the tidy table with its manifest.
        more: further sections, such as what drives the answers; they stand before "How sure".
    """
    every = [*(make(forecast) for make in SECTIONS), *more, *(make(forecast) for make in CLOSING)]
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
