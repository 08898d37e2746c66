"""Which tiers of quality a model reaches, and what a precision costs it there."""

from __future__ import annotations

from forecast.equations import served_model
from forecast.errors import InputError, suggestion
from forecast.scenario import Scenario
from forecast.serving.formats import PRECISIONS, native_precision, precisions
from forecast.serving.kinds import served_row


def quality_lost_points(scenario: Scenario, model: str, precision: str) -> float:
    """Return the accuracy points that a model loses at a precision against its weights as published."""
    return served_model.quality_lost_points(precision, native_precision(served_row(scenario, model)))


def narrowest_precision(scenario: Scenario, accelerator: str, model: str, tier: str | None = None) -> str:
    """Return the narrowest precision of an accelerator that costs a model no tier it needs (`tiers_met`); without one, the narrowest."""
    tried = precisions(scenario.rows["accelerators"][accelerator])

    def kept(precision: str) -> bool:
        try:
            return bool(tiers_met(scenario, model, precision, tier))
        except InputError:
            return False

    return next(filter(kept, tried), tried[0])


def tiers_met(scenario: Scenario, model: str, precision: str, tier: str | None = None) -> dict[str, list[str]]:
    """Return the tiers (segments, by their least GPQA) a model reaches at a precision, and those the precision costs it.

    Raises:
        InputError: the tier is unknown, or the precision costs the model the tier asked for, or its only tiers.
    """
    score, lost_points = served_row(scenario, model)["gpqa_frac"], quality_lost_points(scenario, model, precision)
    least = {name: row["gpqa_at_least"] for name, row in scenario.rows["segments"].items()}
    if tier is not None and tier not in least:
        raise InputError(f'no tier "{tier}"; {", ".join(least)} are known.{suggestion(tier, least)} Correct it.')
    if score is None:
        return {"met": [], "lost": []}
    left = score - lost_points / 100
    met = [name for name, needed in least.items() if left >= needed]
    lost = [name for name, needed in least.items() if left < needed <= score]
    if (tier in lost) or (lost and not met):
        named = tier or lost[-1]
        points = {p: quality_lost_points(scenario, model, p) for p in PRECISIONS}
        best = [p for p, each in points.items() if score - each / 100 >= least[named]]
        raise InputError(
            f"{model} at {precision}: loses {lost_points:g} points of GPQA, {100 * score:.1f} to {100 * left:.1f}; the tier "
            f"{named} needs {100 * least[named]:g}. Use {', '.join(best)}."
        )
    if tier is not None and tier not in met:
        raise InputError(
            f"{model}: scores {100 * score:.1f} on GPQA; the tier {tier} needs {100 * least[tier]:g}. Choose another model."
        )
    return {"met": met, "lost": lost}
