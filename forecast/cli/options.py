"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def scenario_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add SCENARIO, --set, --as-of and --months to a verb."""
    for decorate in reversed((
        click.argument("scenario", default="base"),
        click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override an input; repeatable."),
        click.option("--as-of", "as_of", type=click.DateTime(["%Y-%m-%d"]), help="Vintage: nothing known later exists."),
        click.option("--months", type=int, help="Horizon in months."),
    )):  # fmt: skip
        function = decorate(function)
    return function
