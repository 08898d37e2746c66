"""`forecast check`."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.cli.options import json_option, quiet_option
from forecast.cli.shown import is_quiet, json_text, note
from forecast.delivery.words import counted
from forecast.errors import InputError
from forecast.inputs.fitted import fit_problems
from forecast.market.names import market_names
from forecast.predictions.names import known_predictions
from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios
from forecast.table_rules import table_problems
from forecast.tables import load_tables


@click.command("check")
@click.argument("paths", nargs=-1)
@json_option
@quiet_option("Print nothing when all is well.")
def command(paths: tuple[str, ...], as_json: bool) -> None:
    """Validate data folders and scenario files; without PATH the shipped data and every shipped scenario.

    The scenarios that lie in a folder are checked too.
    All problems are reported at once.
    """
    if alone := [path for path in paths if path.endswith(".csv") and not Path(path).is_dir()]:
        raise InputError([
            f"{path}: a table is checked with the folder that holds it. Give the folder: forecast check {Path(path).parent}"
            for path in alone
        ])  # fmt: skip
    folders = [path for path in paths if Path(path).is_dir()]
    files = [path for path in paths if path not in folders]
    files += [str(path) for folder in folders for path in sorted(Path(folder).glob("*.toml"))]
    problems: list[str] = []
    checked = 0
    places: list[str | None] = [*folders] or [None]
    for folder in places:
        try:
            tables = load_tables(folder)
            if folder and not tables.own() and not any(Path(folder).glob("*.toml")):
                note(f"note: {folder} holds no table and no scenario: the shipped tables were checked")
            if found := table_problems(tables) or fit_problems(tables):
                raise InputError(found)
            known_predictions(tables)
            checked += len(tables.schema)
        except InputError as error:
            problems += error.problems
    scenarios = files or ([] if folders else list_scenarios())
    if not problems:
        for name in scenarios:
            try:
                market_names(load_scenario(name, tables))
            except InputError as error:
                problems += [said for said in error.problems if said not in problems]  # scenarios share what is wrong
    if as_json:
        click.echo(json_text({"tables": checked, "scenarios": len(scenarios), "problems": problems}))
    if problems:
        raise InputError(problems)
    if not is_quiet() and not as_json:
        click.echo(f"{counted(checked, 'table')} and {counted(len(scenarios), 'scenario')}: no problems")
