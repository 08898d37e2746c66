"""`forecast calibrate`."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.cli.options import quiet_option
from forecast.cli.shown import bar, note, sentences
from forecast.errors import ForecastError, InputError
from forecast.scenario import load_scenario
from forecast.tables import Tables, load_tables


@click.command("calibrate")
@click.argument("what", type=click.Choice(["throughput", "trends", "market"]))
@click.option("--write", type=click.Path(dir_okay=False), help="Rewrite the fitted rows of this table instead.")
@click.option(
    "--page", type=click.Path(file_okay=False), help="Write throughput.md and throughput.png, or market.md, here."
)
@click.option("--scenario", default="base", help="Of throughput and market.")
@quiet_option()
def command(what: str, write: str | None, page: str | None, scenario: str) -> None:
    """Fit the throughput model or the trends anew, and check that the stored numbers come out again.

    --write replaces the stored rows instead: those of a throughput_effects.csv, or of a fits.csv (a new one begins as a
    copy of the table in force). --page also writes the validation page. For market nothing is fitted: what the engine
    simulates is shown beside what was observed.
    """
    if what == "market":
        if write:
            raise InputError("calibrate market: nothing is fitted, so --write has no table. Leave it out.")
        return _market(page, scenario)
    if what == "trends":
        if page or scenario != "base":
            raise InputError("calibrate trends: --page and --scenario belong to throughput and market. Leave them out.")
        apart = _trends(write)
    else:
        apart = _throughput(write, page, scenario)
    if apart:
        table = "fits" if what == "trends" else "throughput_effects"
        said = [*apart[:20], f"{len(apart)} stored values differ: run with --write data/{table}.csv, and commit."]
        raise ForecastError("\n".join(said))
    if not write:
        click.echo("the stored values are reproduced")


def _throughput(write: str | None, page: str | None, scenario: str) -> list[str]:
    """Return how the fit of the throughput model differs from what is stored; nothing once it is written."""
    from forecast.calibration.page import write_page
    from forecast.calibration.record import TOLERANCE_LOG, calibrate, fitted, groups_left_out, stored
    from forecast.calibration.record import write as write_rows
    from forecast.refits import differences

    made = load_scenario(scenario)
    if write:
        _begin(Path(write), made.tables, "throughput_effects")
    fit = fitted(made)
    with bar(sum(len(set(labels)) for labels in groups_left_out(fit[0].observed)), "throughput") as progress:
        found = calibrate(*fit, progress)
    note(f"throughput: {len(found.rows.observed.kind)} rows, {len(found.values())} values")
    if page:
        write_page(Path(page), found)
    if not write:
        return differences(found.values(), stored(made), TOLERANCE_LOG)
    write_rows(Path(write), found, max(row["as_of"] for row in made.tables["throughput"]))
    return []


def _market(page: str | None, scenario: str) -> None:
    """Print what is simulated beside what was observed, and write the page of it."""
    from forecast.calibration.market.compared import compare, together
    from forecast.calibration.market.comparisons import COMPARISONS
    from forecast.calibration.market.page import observed_text, write_page

    tables = load_tables()
    with bar(len(COMPARISONS), "market") as progress:
        found = compare(tables, COMPARISONS, scenario, progress)
    for one in found:
        where = "inside " if one.inside else "OUTSIDE"
        said = f"{where} {one.comparison.quantity}: observed {observed_text(one)}, simulated {one.simulated}"
        click.echo(sentences(said))
    if page:
        write_page(Path(page), found, together(tables, scenario), scenario)


def _trends(write: str | None) -> list[str]:
    """Return how the fits of the trends differ from what is stored; of those written what a second writing moves."""
    from forecast.trends.record import REFITS, changes, refit
    from forecast.trends.record import write as write_rows

    tables = load_tables()
    if write:
        _begin(Path(write), tables, "fits")
    with bar(REFITS * (2 if write else 1), "trends") as progress:
        rows = refit(tables, progress)
        if write:
            write_rows(Path(write), rows)
            tables = load_tables(Path(write).parent)
            write_rows(Path(write), rows := refit(tables, progress))  # trends that read what others gave
            tables = load_tables(Path(write).parent)
    note(f"trends: {len(rows)} fitted values")
    return changes(tables, rows)


def _begin(path: Path, tables: Tables, name: str) -> None:
    """See that a file to write holds the table in force: a folder of one's own need not have had it before."""
    if path.name != f"{name}.csv" or not path.parent.is_dir():
        raise InputError(f"--write {path}: {name}.csv in a folder that exists is allowed. Correct the path.")
    if not path.is_file():
        path.write_bytes(tables.file(name).read_bytes())
