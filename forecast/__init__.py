"""Market scenario forecasts for AI inference: provider runway, consolidation, and prices against their floor."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.15.0"

if TYPE_CHECKING:
    from forecast.delivery.exports import export_forecast as export
    from forecast.errors import ForecastError, InputError
    from forecast.scenario import load_scenario
    from forecast.simulation import simulate
    from forecast.tables import load_tables

_PLACES = {
    "load_tables": ("forecast.tables", "load_tables"),
    "load_scenario": ("forecast.scenario", "load_scenario"),
    "simulate": ("forecast.simulation", "simulate"),
    "export": ("forecast.delivery.exports", "export_forecast"),
    "ForecastError": ("forecast.errors", "ForecastError"),
    "InputError": ("forecast.errors", "InputError"),
}
__all__ = ["ForecastError", "InputError", "export", "load_scenario", "load_tables", "simulate", "summarize"]


def summarize(paths: Any) -> Any:
    """Return the tidy table of a simulation as a pandas DataFrame (see `forecast.summary`)."""
    from forecast.summary import summarize_paths

    return summarize_paths(paths).frame()


def __getattr__(name: str) -> Any:
    # Names are fetched when first used: `import forecast` alone costs nothing.
    if name not in _PLACES:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    # What is fetched late is there all the same, for whoever looks or completes.
    return sorted({*globals(), *__all__})
