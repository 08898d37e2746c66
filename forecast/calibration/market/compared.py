"""The list of comparisons, and how each comes out: observed from the tables, simulated from one block of paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from forecast.calibration.market import observed, simulated
from forecast.calibration.market.band import Band, spread
from forecast.calibration.market.simulated import Statistic
from forecast.draws import Draws
from forecast.march import march
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.tables import Tables

SEED = 7
TODAY = "today"
ROUTER_TIME = "2026-01-01"  # the router's hosts are known from 2026-01-25 on
MONTHS = 12


@dataclass(frozen=True)
class Comparison:
    """A quantity read in both worlds: `at` is the vintage of the paths; `mends` says what would mend a misfit."""

    quantity: str
    unit: str
    source: str
    at: str
    observed: Callable[[Tables], Band]
    simulated: Statistic
    mends: str


@dataclass(frozen=True)
class Compared:
    """How a comparison came out."""

    comparison: Comparison
    observed: Band
    simulated: Band

    @property
    def inside(self) -> bool:
        """Whether the middle of the paths lies within the observed interval."""
        return self.observed.holds(self.simulated.middle)


PRICES, ROUTER, HAZARDS = "price_changes.csv, price_series.csv", "token_shares.csv, concentration.csv", "hazards.csv"
GENERATIONS = (
    "a reset also stands for the switch to another generation of models, about one in ten months, which a list of prices "
    "shows as a new series; only resets that keep the model should be compared"
)
ROUTER_IS_SMALL = (
    "the router is under 1 % of the market and over-weights free models; a wider count of tokens by seller"
)

COMPARISONS = (
    *(Comparison(f"prices of one model changed per month, {kind}", "per month", PRICES, TODAY, observed.changes_per_month(kind), simulated.resets_per_month(kind), GENERATIONS) for kind in simulated.ENGINE_KINDS),
    *(Comparison(f"size of a change, {kind}", "median of abs. log", PRICES, TODAY, observed.change_size_log(kind), simulated.reset_size_log(kind), "`reprice_size_sd` and the distance to the market's price kept at a reset") for kind in simulated.ENGINE_KINDS),
    Comparison("rises among changes", "fraction", PRICES, TODAY, observed.rises_frac, simulated.rises_frac, GENERATIONS),
    Comparison("dearest over cheapest host of one model", "ratio", PRICES, TODAY, observed.host_spread_ratio, simulated.host_spread_ratio, "an offer is a host's mean price in a segment, not one model's; models within a segment"),
    Comparison("Herfindahl index of tokens by seller", "fraction", ROUTER, ROUTER_TIME, observed.concentration_level("hhi_low"), simulated.level("hhi_tokens"), ROUTER_IS_SMALL),
    Comparison("share of tokens of the five largest sellers", "fraction", ROUTER, ROUTER_TIME, observed.concentration_level("top5_frac"), simulated.level("top5_tokens_frac"), ROUTER_IS_SMALL),
    Comparison("swing of the Herfindahl index of tokens", "log, root mean square", ROUTER, ROUTER_TIME, observed.concentration_swing_log, simulated.swing_log("hhi_tokens"), "larger passing shocks (`share_shock_sd`)"),
    Comparison("change of a seller's share in a month", "mean of abs. log", ROUTER, ROUTER_TIME, observed.share_change_size_log, simulated.share_change_size_log, "larger passing shocks (`share_shock_sd`)"),
    Comparison("months in which a share halved or doubled", "fraction", ROUTER, ROUTER_TIME, observed.large_share_changes_frac, simulated.large_share_changes_frac, "heavier tails (`share_shock_tail`)"),
    Comparison("mean price paid", "USD/Mtok", "host_prices.csv", TODAY, observed.paid_usd_per_mtok, simulated.paid_usd_per_mtok, "prices paid outside the router"),
    Comparison("gross margin", "fraction", "provider_history.csv", TODAY, observed.gross_margin_frac, simulated.gross_margin_frac, "margins of more than a few firms"),
    Comparison("change of the rent of an H100 in a month", "log per √month", "rents.csv", TODAY, observed.rent_swing_log, simulated.swing_log("rent"), "the law of rents in fits.csv"),
    Comparison("providers bought per provider-year, 2025", "per year", HAZARDS, "2025-01-01", observed.hazard("acquired_count", "2025"), simulated.exits_per_year("acquired_count"), "purchases by regime (regimes.csv)"),
    Comparison("providers shut per provider-year, 2025", "per year", HAZARDS, "2025-01-01", observed.hazard("failed_count", "2025"), simulated.exits_per_year("failed_count"), "the cohort counts small firms that the named providers do not include"),
)  # fmt: skip


def compare(tables: Tables, comparisons: Iterable[Comparison] = COMPARISONS, name: str = "base") -> list[Compared]:
    """Return how each comparison comes out; the paths are the first block, so that the page is the same every time."""
    found: dict[Comparison, Compared] = {}
    asked = tuple(comparisons)
    for at in sorted({one.at for one in asked}):
        vintage = None if at == TODAY else date.fromisoformat(at)
        scenario = replace(load_scenario(name, tables, as_of=vintage), months=MONTHS)
        names = market_names(scenario)
        history = march(scenario, names, Draws(scenario, SEED, 0), watch=True)
        for one in (c for c in asked if c.at == at):
            found[one] = Compared(one, one.observed(tables), spread(one.simulated(history, names)))
    return [found[one] for one in asked]
