"""The sources by name, in the order in which they are believed where several speak of the same series."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from forecast.errors import InputError, suggestion
from forecast.sources import drop, eia, gpu_rents, litellm, llm_prices, models_dev, openrouter
from forecast.sources.quotes import Parsed


@dataclass(frozen=True)
class Source:
    """A feed: how it is read, where it is, its key in `sources.csv`, and how many days old its newest news may be."""

    name: str
    parse: Callable[[bytes], Parsed]
    key: str
    address: str = ""
    warn_days: int = 3
    error_days: int = 10
    secret: str = ""  # variable with the key that the service wants

    @property
    def variable(self) -> str:
        """The variable that gives another address."""
        return f"FORECAST_SOURCE_{self.name.upper().replace('-', '_')}"

    def configured_address(self) -> str:
        """Return the address to ask, empty where something must be set first."""
        address = os.environ.get(self.variable, self.address)
        if address == self.address and self.secret:
            key = os.environ.get(self.secret, "")
            return f"{address}&api_key={key}" if key else ""
        return address


SOURCES = {
    source.name: source
    for source in (
        Source("drop", drop.parse, "drop-folder"),
        Source("openrouter", openrouter.parse, "openrouter-listing", openrouter.ADDRESS),
        Source("models-dev", models_dev.parse, "models-dev", models_dev.ADDRESS),
        Source("litellm", litellm.parse, "litellm", litellm.ADDRESS),
        Source("llm-prices", llm_prices.parse, "llm-prices", llm_prices.ADDRESS, 30, 90),
        Source("gpu-rents", gpu_rents.parse, "gpu-rents-feed", "", 7, 30),
        Source("eia", eia.parse, "eia-api", eia.ADDRESS, 120, 240, secret="EIA_API_KEY"),
    )
}
RANK = {name: rank for rank, name in enumerate(SOURCES)}


def chosen_sources(names: tuple[str, ...]) -> list[Source]:
    """Return the sources of the given names; without any, all that are configured.

    Raises:
        InputError: an unknown name, or a source that needs an address or a key first.
    """
    problems = []
    for name in names:
        if name not in SOURCES:
            problems.append(
                f"--source {name}: one of {', '.join(SOURCES)} is allowed.{suggestion(name, SOURCES)} Correct it."
            )
        elif name != "drop" and not SOURCES[name].configured_address():
            problems.append(f"--source {name}: not configured. Set {SOURCES[name].secret or SOURCES[name].variable}.")
    if problems:
        raise InputError(problems)
    wanted = names or [name for name in SOURCES if name == "drop" or SOURCES[name].configured_address()]
    return [SOURCES[name] for name in SOURCES if name in wanted]
