"""`forecast compare`."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from forecast.cli.options import input_options, on_stdout, output_options, refuse_no_place, run_options
from forecast.cli.shown import answer, line_columns, note, simulated
from forecast.comparison import Difference, check_comparable, compared_months, differences, finances_compared
from forecast.delivery.cell_text import csv_bytes
from forecast.delivery.columns import HEADER as COLUMNS_HEADER
from forecast.delivery.columns import columns
from forecast.delivery.contrasts import contrast_figure, contrast_text
from forecast.delivery.exports import COMPARISON_FILES, sheet_files
from forecast.delivery.folders import publish_files
from forecast.delivery.plots import save_figure
from forecast.delivery.small_tables import Rows, records
from forecast.scenario import load_scenario

HEADER = [*Difference._fields, "paths_saved_ratio"]


@click.command("compare")
@click.argument("scenarios", nargs=-1, required=True)
@input_options
@run_options
@output_options
def command(
    scenarios: tuple[str, ...],
    settings: tuple[str, ...],
    as_of: date | None,
    months: int | None,
    out: str | None,
    formats: list[str],
    decimal: str,
    picture: str | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Run SCENARIOS under the same chance; print how each differs from the first, with the error of the difference.

    The column "paths saved" says how many times more paths independent runs would need for the same error.
    """
    piped = on_stdout(out, formats, json=as_json)
    refuse_no_place(out, formats, decimal)
    made = [load_scenario(name, settings=settings, as_of=as_of, months=months) for name in scenarios]
    check_comparable(made)
    runs = [
        simulated(each, keep_months=compared_months(each), keep_more=finances_compared(each), **how) for each in made
    ]
    found = differences(runs)
    rows: Rows = [[*row, row.paths_saved_ratio if row.standard_error else None] for row in found]
    if out is not None and not piped:
        units = {row.outcome: row.unit for row in found}
        told = columns({"comparison": HEADER}, "comparison", units)
        files = sheet_files("comparison", HEADER, rows, formats, decimal)
        files |= sheet_files("comparison_columns", COLUMNS_HEADER, told, formats, decimal)
        for path in publish_files(out, files, COMPARISON_FILES):
            note(f"wrote {path}")
    if picture is not None:
        save_figure(contrast_figure(runs, found), picture)
    if piped:
        click.echo(csv_bytes(HEADER, rows, decimal), nl=False)
        return
    about = {"as_of": str(made[0].as_of), "months": made[0].months, "paths": runs[0].n_paths, "seed": runs[0].seed}
    text = contrast_text(found, runs[0].n_paths, str(made[0].as_of), line_columns())
    answer(as_json, about | {"differences": records((HEADER, rows))}, text)
