"""A run of the store as the page takes it: the forecast of one of its scenarios, and how earlier ones did."""

from __future__ import annotations

from forecast.errors import InputError
from forecast.refresh.scores import Tally, scores_of
from forecast.store.database import open_store, transaction
from forecast.store.places import Place
from forecast.store.runs import find_run, forecast_of, scenarios_of
from forecast.tidy_table import Forecast

USUAL = "base"


def read_kept(run: str, place: Place, scenario: str | None) -> tuple[Forecast, list[Tally]]:
    """Return a run of a store, and by outcome the scores of the store's forecasts of the same scenario.

    Args:
        run: its id, the beginning of one, or "latest".
        place: where the store lies.
        scenario: which of the run's; None: base, or the only one.

    Raises:
        InputError: no store, no such run, several, or no such scenario in it.
    """
    if not place.exists:
        raise InputError(
            f"{run}: no such folder, and no store at {place.label}. Name a folder that `forecast run --out` wrote or a run "
            f"of `forecast history`, correct --store, or ask for a scenario with --scenario {run}."
        )
    with transaction(open_store(place), place.label) as connection:
        try:
            run_id = find_run(connection, run).run_id
        except InputError as error:
            raise InputError(f"{run}: no such folder, and in the store {place.label}: {error}") from None
        known = scenarios_of(connection, run_id)
        chosen = scenario or (known[0] if len(known) == 1 else USUAL)
        return forecast_of(connection, run_id, chosen), scores_of(connection, chosen)
