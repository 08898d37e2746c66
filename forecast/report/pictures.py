"""The charts of the page as files: SVG always, PNG where a renderer is installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from forecast.report.figures import SUBJECTS
from forecast.report.markup import text
from forecast.report.style import in_light
from forecast.tidy_table import Forecast

RENDERER = "cairosvg"
PNG_SCALE = 3.0
_HEAD = 38  # room for title and unit, which on the page stand outside the drawing


def chart_files(forecast: Forecast) -> dict[str, bytes]:
    """Return every chart as a file by name: SVG, and PNG too where the optional renderer can be imported."""
    files = {}
    for subject in SUBJECTS:
        for chart in subject(forecast):
            drawing = standalone(chart.drawing, chart.title, chart.note.partition(";")[0])
            files[f"{chart.key}.svg"] = drawing.encode()
            if find_spec(RENDERER):
                files[f"{chart.key}.png"] = import_module(RENDERER).svg2png(drawing.encode(), scale=PNG_SCALE)
    return files


def standalone(drawing: str, title: str, note: str) -> str:
    """Return a drawing of the page as an SVG file: its own name space, font, heading and paper, in the light colours."""
    head, _, content = drawing.partition(">")
    width, height = (int(size) for size in head.split('viewBox="0 0 ')[1].split('"')[0].split())
    tall = height + _HEAD
    begin = head.replace(
        f'viewBox="0 0 {width} {height}"', f'viewBox="0 {-_HEAD} {width} {tall}" width="{width}" height="{tall}"'
    )
    paper = f'<rect y="{-_HEAD}" width="{width}" height="{tall}" fill="var(--paper)"/>'
    said = (
        f'<text x="4" y="-22" font-size="12" font-weight="600" fill="var(--ink)">{text(title, 60)}</text>'
        f'<text x="4" y="-7" font-size="10" fill="var(--quiet)">{text(note, 80)}</text>'
    )
    space = begin.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans, sans-serif"')
    return in_light(f"{space}>{paper}{said}{content}\n")
