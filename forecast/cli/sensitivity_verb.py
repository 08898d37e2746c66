"""`forecast sensitivity`."""

from __future__ import annotations

import click

from forecast.cli.options import Picture, on_stdout, out_option, outcome_options
from forecast.cli.shown import answer, bar, line_columns, put, steps
from forecast.delivery.cell_text import csv_text
from forecast.delivery.plots import save_figure
from forecast.errors import InputError
from forecast.market.names import market_names
from forecast.scenario import Scenario
from forecast.sensitivity.analysis import Sensitivity, analyse, check_study
from forecast.sensitivity.asked import asked_within, parse_asked
from forecast.sensitivity.sample import draw_sample
from forecast.sensitivity.words import HEADER, sensitivity_figure, sensitivity_rows, sensitivity_text

USUAL = ("market_price:{}", "price_to_floor_ratio:{}", "rent", "top5_tokens_frac")


@click.command("sensitivity")
@outcome_options("Such as exit:groq@24; repeatable.")
@click.option("--above", type=float, help="Explain where the outcome lies above this.  [default: its upper quartile]")
@out_option("Write every input's row into this CSV file; - is stdout, without the text.")
@click.option("--picture", type=Picture(), help="Draw it into a PNG or SVG file; one outcome only.")
def command(
    made: Scenario,
    n_paths: int,
    seed: int,
    outcomes: tuple[str, ...],
    above: float | None,
    out: str | None,
    picture: str | None,
    as_json: bool,
) -> None:
    """Show which inputs drive which outcome of SCENARIO, and what learning each would be worth.

    "alone" is the share of the variance that an input explains by itself; "total", with all its interactions; "Shapley",
    its fair part where inputs act together or are correlated. "learning" is for someone who must commit to a number
    today, and for whom a shortfall costs three times as much as an excess: the part of that loss that knowing the input
    would save (the CSV has it in the outcome's unit).
    """
    piped = on_stdout(out, (), json=as_json)
    names = market_names(made)
    asked = [parse_asked(text, names, made.months) for text in outcomes] or asked_within(USUAL, names, made.months)
    if picture is not None and len(asked) != 1:
        raise InputError(f"--picture {picture}: shows one outcome, {len(asked)} are asked for. Give one --outcome.")
    check_study(n_paths, above)  # before sampling, which takes longest
    with bar(n_paths, made.name) as progress:
        sample = draw_sample(made, asked, n_paths, seed, progress)
    found = [analyse(sample, each, above) for each in steps(asked, "outcomes")]
    table = csv_text(HEADER, [row for each in found for row in sensitivity_rows(each)])
    if out is not None:
        put(out, table)
    if picture is not None:
        save_figure(sensitivity_figure(found[0]), picture)
    if not piped:
        texts = (sensitivity_text(each, line_columns()) for each in found)
        answer(as_json, {"outcomes": [_document(each) for each in found]}, "\n\n".join(texts))


def _document(found: Sensitivity) -> dict[str, object]:
    box = found.box
    return {
        "outcome": str(found.asked),
        "unit": found.asked.unit,
        "paths": found.n_paths,
        "mean": found.mean,
        "sd": found.sd,
        "inputs_share": found.inputs_share,
        "inputs_share_error": found.inputs_share_error,
        "surrogate_explained": found.surrogate.explained,
        "loss": found.loss,
        "event": found.event,
        "box": box and {
            "density": box.density, "coverage": box.coverage, "base": box.base,
            "limits": {name: [None if abs(end) == float("inf") else end for end in ends] for name, ends in found.box_limits.items()},
        },
        "inputs": [dict(zip(HEADER[2:], row[2:], strict=True)) for row in sensitivity_rows(found)],
    }  # fmt: skip
