"""`forecast cost`."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from forecast.deployments import CASE_COLUMNS, Deployment, cost_of, price_of_cases
from forecast.errors import InputError
from forecast.exports import csv_text
from forecast.scenario import load_scenario


@click.command("cost")
@click.option("--model", help="Served model.")
@click.option("--accelerator", help="Accelerator.")
@click.option("--accelerators", type=click.FloatRange(1, 4096), help="How many of them.  [default: the best group]")
@click.option("--precision", help="bf16, fp8, fp4, …  [default: the best the accelerator supports]")
@click.option("--input-tokens", type=click.FloatRange(1, 1e7), default=4000, show_default=True)
@click.option("--output-tokens", type=click.FloatRange(1, 1e6), default=400, show_default=True)
@click.option(
    "--cached-frac", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Input read from a cache."
)
@click.option(
    "--concurrency", type=click.FloatRange(1, 1e6), help="Sequences served at once.  [default: best throughput]"
)
@click.option(
    "--latency-ms", type=click.FloatRange(0.01, 1e5), default=50, show_default=True, help="Slowest step accepted."
)
@click.option(
    "--utilisation", type=click.FloatRange(0.01, 1), help="Busy share of the hours.  [default: floor_utilisation_frac]"
)
@click.option("--draft-tokens", type=click.IntRange(0, 32), default=0, show_default=True, help="Speculative decoding.")
@click.option(
    "--acceptance",
    type=click.FloatRange(0, 1),
    default=0.7,
    show_default=True,
    help="Chance that a draft token is kept.",
)
@click.option("--scenario", default="base", show_default=True)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override an input; repeatable.")
@click.option("--as-of", "as_of", type=click.DateTime(["%Y-%m-%d"]), help="Vintage: nothing known later exists.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--cases", type=click.Path(dir_okay=False), help="CSV of many deployments.")
@click.option("--out", type=click.Path(dir_okay=False, allow_dash=True), default="-", help="Where the cases' CSV goes.")
def command(
    model: str | None, accelerator: str | None, accelerators: float | None, precision: str | None, input_tokens: float,
    output_tokens: float, cached_frac: float, concurrency: float | None, latency_ms: float, utilisation: float | None,
    draft_tokens: int, acceptance: float, scenario: str, settings: tuple[str, ...], as_of: datetime | None, as_json: bool,
    cases: str | None, out: str,
) -> None:  # fmt: skip
    """Cost per million tokens of a model on an accelerator, with its waterfall, against the market price."""
    made = load_scenario(scenario, settings=settings, as_of=as_of.date() if as_of else None)
    if cases is not None:
        text = csv_text(*price_of_cases(made, _read_cases(cases)))
        if out == "-":
            click.echo(text, nl=False)
        else:
            Path(out).write_text(text, encoding="utf-8")
        return
    if not model or not accelerator:
        raise InputError("cost: --model and --accelerator are required (or --cases IN.csv). Add them.")
    wanted = Deployment(
        accelerator, accelerators, model, precision, input_tokens, output_tokens, concurrency, cached_frac, latency_ms / 1000,
        utilisation, float(draft_tokens), acceptance if draft_tokens else 0.0,
    )  # fmt: skip
    found = cost_of(made, wanted)
    click.echo(json.dumps(found, indent=2) if as_json else _printed(found))


def _read_cases(path: str) -> list[dict[str, str]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [c for c in CASE_COLUMNS if c not in (reader.fieldnames or [])]:
                raise InputError(
                    f"{path} row 1: no column {', '.join(missing)}; it needs {','.join(CASE_COLUMNS)}. Correct it."
                )
            return list(reader)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}. Correct the path.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text. Save the file as UTF-8 CSV.") from None


def _printed(found: dict[str, Any]) -> str:
    speed, cost = found["output_tokens_per_s_per_accelerator"], found["cost_usd_per_mtok"]
    lines = [
        f"{found['model']} on {found['accelerators']:.0f} × {found['accelerator']}, {found['precision']}, "
        f"{found['input_tokens']:.0f} in / {found['output_tokens']:.0f} out, batch {found['concurrency']:.0f} "
        f"({found['step_ms']:.1f} ms between tokens)",
        f"  output tokens/s per accelerator  {speed['p50']:.0f}  (80 % band {speed['p10']:.0f}-{speed['p90']:.0f})",
        f"  owned cost                       ${found['owned_usd_per_accelerator_hour']:.2f} per accelerator-hour",
        f"  USD per million tokens           input {cost['input']:.4f}   output {cost['output']:.4f}   blended {cost['blended']:.4f}",
        "  waterfall of the blended cost",
        *(
            f"    {part:14s} {value:9.5f}   {100 * value / cost['blended']:5.1f} %"
            for part, value in found["waterfall"].items()
        ),
        f"  floor, best accelerator          {found['floor_usd_per_mtok']:.4f}  ({found['floor_accelerator']})",
    ]
    if market := found["market_usd_per_mtok"]:
        lines.append(
            f"  market list price, same mix      {market['median']:.4f}  ({market['lowest']:.4f}-{market['highest']:.4f}, "
            f"{market['hosts']} hosts), {market['median'] / cost['blended']:.1f} times this cost"
        )
    if found["status"] != "derived":
        lines.append(
            f"  mark: {found['status']}: no independent measurement of this family; the band is wide on purpose"
        )
    if not found["available"]:
        lines.append(f"  mark: projection: not broadly available at {found['as_of']}")
    return "\n".join(lines)
