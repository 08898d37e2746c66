"""`forecast report`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from forecast.cli.options import Place, given_beside, input_options, out_option, run_options, store_option
from forecast.cli.shown import bar, note, put, simulated
from forecast.delivery.folders import publish_files
from forecast.errors import InputError
from forecast.report.figures import chart_files
from forecast.report.markup import Section
from forecast.report.page import page
from forecast.report.stored import read_kept, read_run
from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios
from forecast.store.places import place_of
from forecast.summary import summarize_paths
from forecast.tables import load_tables
from forecast.tidy_table import Forecast

PLACES = {"run", "out", "figures", "store"}  # what a stored run may be asked with
Made = tuple[Forecast, list[Section]]


@click.command("report")
@click.argument("run", required=False)
@click.option(
    "--scenario", help="Without RUN: simulate it, a name or a TOML file. Of a stored run: which one.  [default: base]"
)
@store_option
@input_options
@run_options
@click.option(
    "--with",
    "kinds",
    default="all",
    help="Without RUN, further sections: any of drivers,past,predictions,audit, comma-separated, or none.",
)
@out_option("The page; - is stdout.  [default: report.html]", default="report.html")
@click.option(
    "--figures",
    type=Place(folder=True),
    help="Folder for each chart of the forecast as SVG, and as PNG where cairosvg is installed (extra: png).",
)
def command(
    run: str | None, scenario: str | None, store: str | None, out: str, figures: str | None, **how: Any
) -> None:
    """Write one self-contained HTML page about RUN, or about a scenario.

    RUN is a folder that `forecast run --out` wrote, or else a run of the store: an id of `forecast history`, its
    beginning, or "latest". It is shown as it is, at once. Without RUN, or with a scenario's name or TOML file in its
    place, the scenario is simulated, and the page also says what drives the answers and what to watch (drivers), how past
    forecasts did (past), what became of the article's predictions (predictions) and of its claims (audit); these
    sections take some seconds.
    """
    if run is not None and scenario is None and store is None and _is_scenario(run):
        run, scenario = None, run
    if run is None:
        forecast, more = _simulated(scenario or "base", **how)
    else:
        forecast, more = _stored(run, scenario, store)
    put(out, page(forecast, more))
    if out != "-":
        note(f"wrote {Path(out)}")
    if figures is not None:
        files = chart_files(forecast)
        publish_files(figures, files, files)
        note(f"wrote {len(files)} files in {figures}")


def _is_scenario(name: str) -> bool:
    """Return whether RUN is a scenario: no id of a run reads like one's name, and a folder wins."""
    return not Path(name).is_dir() and (name in list_scenarios() or name.endswith(".toml"))


def _simulated(
    name: str, settings: tuple[str, ...], as_of: date | None, months: int | None, kinds: str, **how: Any
) -> Made:
    from forecast.report.further import further_sections, wanted_kinds, what_to_keep

    wanted, tables = wanted_kinds(kinds), load_tables()
    made = load_scenario(name, tables, settings, as_of, months)
    paths = simulated(made, **what_to_keep(wanted, made, tables), **how)
    forecast = summarize_paths(paths)
    with bar(len(wanted), "sections", hidden=not wanted) as progress:
        return forecast, further_sections(paths, tables, wanted, how["threads"], progress)


def _stored(run: str, scenario: str | None, store: str | None) -> Made:
    """Return a run as it was kept; a folder wins over a run of the store of that name."""
    if Path(run).is_dir():
        _refuse_others(run, PLACES)
        return read_run(run), []
    from forecast.report.past import stored_section

    _refuse_others(run, PLACES | {"scenario"})
    forecast, scores = read_kept(run, place_of(store), scenario)
    return forecast, [stored_section(scores)]


def _refuse_others(run: str, allowed: set[str]) -> None:
    if others := given_beside(allowed):
        names = ", ".join(others[name] for name in sorted(others))
        raise InputError(
            f"report {run} {names}: a stored run is shown as it is, not simulated again. Drop {names}, or drop {run}."
        )
