"""`forecast export`."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.cli.options import (
    decimal_option,
    formats_option,
    json_option,
    on_stdout,
    out_option,
    quiet_option,
    store_option,
)
from forecast.cli.shown import exported, json_text, note
from forecast.delivery.exports import tidy_csv
from forecast.errors import InputError
from forecast.store.database import open_store, transaction
from forecast.store.places import stored
from forecast.store.runs import find_run, forecast_of, scenarios_of


@click.command("export")
@click.argument("run")
@store_option
@formats_option
@decimal_option
@out_option("Folder for the files; - is stdout: only the tidy table, as CSV.  [default: forecast-RUN]", folder=True)
@click.option("--scenario", help="Only this one; its files then lie in the folder itself.")
@json_option
@quiet_option("Print no notes.")
def command(
    run: str, store: str | None, formats: list[str], decimal: str, out: str | None, scenario: str | None, as_json: bool
) -> None:
    """Write the files of RUN (an id of `forecast history`, its beginning, or "latest") again from the store.

    A run of several scenarios is written into a folder for each.
    """
    place = stored(store)
    with transaction(open_store(place), place.label) as connection:
        found = find_run(connection, run)
        names = [scenario] if scenario else scenarios_of(connection, found.run_id)
        forecasts = {name: forecast_of(connection, found.run_id, name) for name in names}
    if on_stdout(out, formats, json=as_json):
        if len(forecasts) > 1:
            raise InputError(f"--out -: stdout holds one table, the run has {', '.join(names)}. Give one --scenario.")
        click.echo(tidy_csv(forecasts[names[0]], decimal), nl=False)
        return
    folder = Path(out or f"forecast-{found.run_id}")
    files: list[str] = []
    for name, forecast in forecasts.items():
        written = exported(forecast, folder if len(forecasts) == 1 else folder / name, formats, decimal)
        for path in () if as_json else written:
            note(f"wrote {path}")
        files += map(str, written)
    if as_json:
        click.echo(json_text({"run_id": found.run_id, "files": files}))
