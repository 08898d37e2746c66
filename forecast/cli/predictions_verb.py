"""`forecast predictions`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from forecast.cli.options import as_of_option, json_option, run_options, set_option
from forecast.cli.shown import answer, sentences, simulated
from forecast.delivery.words import chance
from forecast.paths import Paths
from forecast.predictions.names import known_predictions
from forecast.predictions.scored import Prediction, days_to_score, long_enough, scored
from forecast.scenario import Scenario, load_scenario
from forecast.tables import load_tables


@click.command("predictions")
@click.argument("scenarios", nargs=-1)
@set_option
@as_of_option()
@run_options
@json_option
def command(
    scenarios: tuple[str, ...], settings: tuple[str, ...], as_of: date | None, as_json: bool, **how: Any
) -> None:
    """Give the article's predictions a probability in each of SCENARIOS (base without any) and score the resolved.

    An event counts from the scenario's date on: what happened before it is not asked again. A score compares what happened with the probability the engine gave on what was known when the prediction was made.

    A new prediction is a row of predictions.csv. Its query compares an outcome in a month with a number, as in "price_rank[deepseek:open-frontier] at 2026-12 <= 1", or asks for an event, as in "not exit[groq] by 2026-12"; "forecast where price_rank" says what an outcome is.
    """
    tables = load_tables()
    asked = known_predictions(tables)
    made = [load_scenario(name, tables, settings, as_of) for name in scenarios or ("base",)]
    today = max(scenario.as_of for scenario in made)
    runs = [answering(asked, scenario, **how) for scenario in made]
    when_made = {
        day: answering(asked, load_scenario("base", tables, as_of=day), **how) for day in days_to_score(asked, today)
    }
    found = scored(asked, runs, when_made, today)
    scores = [row["brier"] for row in found if row["brier"] is not None]
    mean = sum(scores) / len(scores) if scores else None
    document = {"as_of": str(today), "predictions": found, "brier": {"n": len(scores), "mean": mean}}
    answer(as_json, document, sentences(predictions_text(found, today, mean)), indent=2)


def answering(asked: Sequence[Prediction], scenario: Scenario, **how: Any) -> Paths:
    """Return a simulation of a scenario that is long enough and keeps the months and outcomes that the predictions ask for."""
    longer, keep = long_enough(asked, scenario)
    return simulated(longer, **keep, **how)


def predictions_text(found: list[dict[str, Any]], today: date, mean: float | None) -> str:
    """Return the predictions for a reader: statement, probabilities, and what became of it."""
    lines = []
    for row in found:
        lines.append(f"{row['statement']}  (made {row['made_on']}, due {row['due_on']})")
        if row["query"]:
            lines.append(f"    query: {row['query']}")
        if row["no_query"]:
            lines.append(f"    no query: {row['no_query']}")
        else:
            if row["note"]:
                lines.append(f"    {row['confidence']} confidence in the reading: {row['note']}")
            for each in row["probabilities"]:
                prob = each["probability"]
                said = each["reason"] if prob is None else chance(prob, each["standard_error"])
                lines.append(f"    {each['scenario']} {each['as_of']}: {said}")
        if row["happened"] is not None:
            said = f"    {'CAME TRUE' if row['happened'] else 'DID NOT'} {row['resolved_on']}: {row['resolution']} [{row['source']}]"
            if row["brier"] is not None:
                said += f"; engine when made {100 * row['probability_when_made']:.1f} %, Brier {row['brier']:.3f}"
            lines.append(said)
        lines.append("")
    resolved = sum(row["happened"] is not None for row in found)
    scores = "" if mean is None else f"; mean Brier score {mean:.3f} (0.25 is a coin's)"
    lines.append(f"{len(found)} predictions, {resolved} resolved by {today}{scores}; ± one standard error")
    return "\n".join(lines)
