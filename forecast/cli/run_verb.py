"""`forecast run`."""

from __future__ import annotations

import time
from typing import Any

import click

from forecast.cli.options import on_stdout, output_options, refuse_no_place, run_options, scenario_options
from forecast.cli.shown import exported, json_text, line_columns, note, say, simulated
from forecast.delivery.dossier import dossier
from forecast.delivery.exports import sheet_files, tidy_csv
from forecast.delivery.headline import headline
from forecast.delivery.plots import overview, save_figure
from forecast.delivery.small_tables import records, tables
from forecast.errors import InputError
from forecast.paths import Paths
from forecast.precision import parse_target, simulate_until
from forecast.samples import sample_paths
from forecast.scenario import Scenario
from forecast.serving.speed import resolve
from forecast.summary import summarize_paths
from forecast.tidy_table import SAMPLE


@click.command("run")
@scenario_options
@run_options
@output_options
@click.option(
    "--precision", metavar="[OUTCOME=]ERROR", help="Add paths until no median of the outcome has a larger error."
)
@click.option("--provider", "providers", multiple=True, help="Print this provider year by year instead; repeatable.")
@click.option(
    "--sample-paths",
    "samples",
    type=int,
    default=0,
    show_default=False,
    metavar="K",
    help="Write the first K paths whole; needs --out.",
)
def command(
    made: Scenario,
    out: str | None,
    formats: list[str],
    decimal: str,
    picture: str | None,
    as_json: bool,
    precision: str | None,
    providers: tuple[str, ...],
    samples: int,
    n_paths: int,
    **how: Any,
) -> None:
    """Simulate SCENARIO (a shipped name or a TOML file) and print who is at risk, and where prices go.

    --precision 0.25 adds paths until the error of the median convergence is at most 0.25 months; --precision rent=0.01,
    until that of the median rent at the horizon is at most 0.01 dollars an hour.
    """
    began = time.perf_counter()
    piped = on_stdout(out, formats, json=as_json, sample_paths=samples, provider=providers)
    if providers and as_json:
        raise InputError("run --json: --provider would change nothing, all are in the document. Leave it out.")
    chosen, market = [resolve(made, "provider", name) for name in providers], made.rows["provider_finances"]
    if wrong := [name for name in chosen if name not in market]:
        raise InputError(f"--provider {wrong[0]}: not in the market at {made.as_of}; allowed: {', '.join(market)}.")
    refuse_no_place(out, formats, decimal, samples)
    target = parse_target(precision) if precision else None

    def run(n: int) -> Paths:
        return simulated(made, n_paths=n, **how)

    paths = simulate_until(target, n_paths, run) if target else run(n_paths)
    forecast = summarize_paths(paths)
    forecast.manifest["duration_s"] = round(time.perf_counter() - began, 3)
    if out is not None and not piped:
        more = sheet_files("sample_paths", SAMPLE, sample_paths(paths, samples), formats, decimal) if samples else {}
        for path in exported(forecast, out, formats, decimal, more):
            note(f"wrote {path}")
    if picture is not None:
        save_figure(overview(forecast), picture)
    if piped:
        click.echo(tidy_csv(forecast, decimal), nl=False)
    elif as_json:
        shown = {name: records(table) for name, table in tables(forecast).items()}
        click.echo(json_text({"manifest": forecast.manifest, **shown}))
    elif chosen:
        said = (dossier(forecast, provider, line_columns()) for provider in chosen)
        say("\n".join([*headline(forecast).split("\n")[:3], "\n\n".join(said)]))
    else:
        say(headline(forecast, line_columns()))
