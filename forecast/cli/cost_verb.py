"""`forecast cost`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from forecast.cli.cost_text import cost_text, techniques_text
from forecast.cli.options import as_of_option, given_beside, json_option, out_option, set_option
from forecast.cli.shown import answer, put
from forecast.csv_files import csv_records
from forecast.delivery.cell_text import csv_text
from forecast.deployments.cases import CASE_COLUMNS, price_of_cases, read_case
from forecast.deployments.deployment import Deployment
from forecast.deployments.priced import cost_of
from forecast.deployments.techniques import techniques
from forecast.errors import InputError
from forecast.scenario import load_scenario
from forecast.serving.speed import known_names

INPUTS = {"scenario", "settings", "as_of"}
ALONE = {  # ways to ask, and the options that each looks at; without them all but those of --cases
    "--cases": {*INPUTS, "cases", "out"},
    "--techniques": {*INPUTS, "as_techniques", "as_json", "model", "accelerator", "accelerators", "input_tokens", "output_tokens",
                     "latency_ms"},
}  # fmt: skip


def refuse_unused(way: str) -> None:
    """Raise for options that were given and would be ignored.

    Raises:
        InputError: one sentence that names them.
    """
    used = ALONE.get(way) or click.get_current_context().params.keys() - {"cases", "out"}
    if unused := given_beside(used):
        said = f"cost {way or 'without --cases'}: {', '.join(unused.values())} would change nothing"
        raise InputError(f"{said}. Leave it out.")


@click.command("cost")
@click.option("--model", help="Served model, such as llama-3.3-70b; without any all are named.")
@click.option("--accelerator", help="Accelerator, such as h100 or b200.")
@click.option(
    "--accelerators",
    type=float,
    help="How many of them: with --concurrency one group, without it the best group of at most so many.  [default: the best group]",
)
@click.option(
    "--precision", help="bf16, fp8, fp4, …  [default: the narrowest it supports that costs the model no tier]"
)
@click.option("--input-tokens", default=4000.0)
@click.option("--output-tokens", default=400.0)
@click.option("--cached-frac", default=0.0, help="Input read from a cache.")
@click.option("--concurrency", type=float, help="Sequences served at once.  [default: best throughput]")
@click.option("--latency-ms", default=50.0, help="Slowest step accepted.")
@click.option(
    "--utilisation", "utilisation_frac", type=float, help="Busy share of the hours.  [default: floor_utilisation_frac]"
)
@click.option("--draft-tokens", default=0, help="Speculative decoding.")
@click.option("--acceptance", "acceptance_frac", default=0.7, help="Chance that a draft token is kept.")
@click.option("--wide-parallel", is_flag=True, help="Spread the experts over many nodes, prefill on its own machines.")
@click.option(
    "--usd-per-hour", "usd_per_accelerator_hour", type=float, help="Rent paid for an hour.  [default: owned cost]"
)
@click.option("--tier", help="Segment whose quality the precision must reach.")
@click.option("--techniques", "as_techniques", is_flag=True, help="What each serving technique is worth, as a table.")
@click.option("--scenario", default="base")
@set_option
@as_of_option()
@json_option
@click.option(
    "--cases",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="CSV of many deployments, where sequences that do not fit wait; - is stdin.",
)
@out_option("Where the cases' CSV goes; - is stdout.", default="-")
def command(
    model: str | None,
    accelerator: str | None,
    latency_ms: float,
    as_techniques: bool,
    scenario: str,
    settings: tuple[str, ...],
    as_of: date | None,
    as_json: bool,
    cases: str | None,
    out: str,
    **asked: Any,
) -> None:
    """Cost per million tokens of a model on an accelerator, with its waterfall, against the market price."""
    made = load_scenario(scenario, settings=settings, as_of=as_of)
    refuse_unused("--cases" if cases is not None else "--techniques" if as_techniques else "")
    if asked["wide_parallel"] and asked["draft_tokens"]:
        raise InputError("cost --wide-parallel: --draft-tokens would change nothing. Leave one of them out.")
    if cases is not None:
        return put(out, csv_text(*price_of_cases(made, _read_cases(cases))))
    if not model or not accelerator:
        missing = [kind for kind, name in (("model", model), ("accelerator", accelerator)) if not name]
        known = " ".join(f"{kind.capitalize()}s: {', '.join(known_names(made, kind))}." for kind in missing)
        needed = " and ".join(f"--{kind}" for kind in missing)
        raise InputError(f"cost: {needed} required (or --cases IN.csv), but not given. {known}")
    wanted = Deployment(accelerator, model, latency_s=latency_ms / 1000, **asked)
    if as_techniques:
        table = techniques(made, wanted)
        return answer(as_json, table, techniques_text(table), indent=2)
    found = cost_of(made, wanted)
    answer(as_json, found, cost_text(found), indent=2)


def _read_cases(path: str) -> list[dict[str, str]]:
    header, *records = csv_records(Path(path))
    if missing := [c for c in CASE_COLUMNS if c not in header]:
        raise InputError(
            f"{path} row 1: no column {', '.join(missing)}; it needs {','.join(CASE_COLUMNS)}. Correct it."
        )
    return [read_case(header, cells) for cells in records if cells]
