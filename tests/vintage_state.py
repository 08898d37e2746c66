"""The state of the vintage of 2026-07-01: rows of the vintage before, moved by what was published up to that day.

Nobody wrote these rows then, and whoever writes them now knows what came: so a rule writes them, the same for all
providers, and reads tables cut to the day. `tests/test_vintage_state.py` holds the rows of `data/` against it.
"""

from datetime import date

import numpy as np

from forecast.distributions import Distribution
from forecast.hindcast.happenings import EVENT_KINDS
from forecast.hindcast.series import SOLID
from forecast.trends.known import came_about, counts_a_part

BEFORE, DAY = date(2026, 1, 1), date(2026, 7, 1)
RUN_RATE, REVENUES = "revenue_run_rate_usd", ("revenue_run_rate_usd", "revenue_year_usd")
OLDEST_YEARS = 1.0  # of a run rate that is brought forward: the growth of firms that fell silent is not known
WIDER_SCOPE = ("alibaba",)  # whose published revenue counts all of a cloud's AI products
ALL_USES = ("volcano",)  # whose published tokens count its own uses too
BAND = 1.5  # either way, of a volume brought forward
KNOWN_BAND = 0.15  # either way, of cash that was published


def ends(cell):
    """Return the 10 and 90 % points of a cell."""
    return cell.quantile(np.array([0.1, 0.9])) if isinstance(cell, Distribution) else np.array([cell, cell])


def median(cell):
    return float(cell.quantile(np.array([0.5]))[0]) if isinstance(cell, Distribution) else cell


def text(value):
    """Return a number, or a lognormal with these ends, with three digits."""
    numbers = [f"{float(f'{v:.3g}'):.12g}" for v in np.atleast_1d(value)]
    return numbers[0] if np.isscalar(value) else f"lognormal(p10={numbers[0]}, p90={numbers[1]})"


def figures(tables, provider, *metrics):
    """Return the solid figures of a provider known at the tables' vintage, the oldest first."""
    return sorted(
        (
            row
            for row in tables["provider_history"]
            if row["provider"] == provider and row["metric"] in metrics and row["confidence"] != "low"
            and row["status"] in SOLID and came_about(row, tables.as_of) and not counts_a_part(row)
        ),
        key=lambda row: row["date_on"],
    )  # fmt: skip


def rounds_after(tables, provider, day):
    """Return the sizes of the rounds and listings of a provider after a day, and their days; of some the size is not known."""
    found = [
        (row["amount_usd"], row["date_on"])
        for row in tables["events"]
        if row["kind"] in EVENT_KINDS["rounds"] + EVENT_KINDS["listings"] and row["status"] in SOLID
        and row["date_on"] > day and row["actors"].split("; ")[0 if row["kind"] == "ipo" else -1] == provider
    ]  # fmt: skip
    return [(size, on) for size, on in found if size]


def grown(tables, day, of="demand_growth_start_per_year"):
    """Return how many times as much there is of what grows as on an earlier day, by the growth fitted at the vintage."""
    fit = tables["fits"].latest("key")[f"parameters.{of}"]["value"]
    return float(np.exp(median(fit) * (tables.as_of - day).days / 365))


class State:
    """What one provider's row becomes; `old` is its row of the vintage before, `then` and `now` are tables cut there."""

    def __init__(self, provider, then, now):
        self.provider, self.then, self.now = provider, then, now
        self.old = then["provider_finances"].latest("provider")[provider]
        self.revenues = figures(now, provider, *REVENUES)

    def fitted(self):
        """Return whether all revenue is brought forward by the law of growth."""
        rates = figures(self.now, self.provider, RUN_RATE)
        recent = bool(rates) and (DAY - rates[-1]["date_on"]).days <= 365 * OLDEST_YEARS
        return recent and self.provider not in WIDER_SCOPE

    def revenue(self, tables, row):
        """Return all revenue of a year at a vintage: as fitted there, or else what the row's parts make."""
        fit = tables["fits"].latest("key").get(f"provider_finances.{self.provider}.revenue_usd_per_year")
        if row["revenue_usd_per_year"] is not None and fit is not None:
            return median(fit["value"])
        sold = 365 * median(row["tokens_mtok_per_day"]) * median(row["paid_usd_per_mtok"])
        return sold + row["other_revenue_usd_per_year"]

    def tokens(self):
        """Return the volume: the last one published, or as revenue has grown, or as the market has."""
        volumes = figures(self.now, self.provider, "tokens_per_day")
        fresh = [row for row in volumes if row["date_on"] > BEFORE]
        if fresh and self.provider in ALL_USES:
            base = figures(self.then, self.provider, "tokens_per_day")[-1]["value"]
            return (
                ends(self.old["tokens_mtok_per_day"])
                * fresh[-1]["value"]
                / base
                * grown(self.now, fresh[-1]["date_on"])
            )
        if fresh:
            middle = fresh[-1]["value"] / 1e6 * grown(self.now, fresh[-1]["date_on"])
            return np.array([middle / BAND, middle * BAND])
        return ends(self.old["tokens_mtok_per_day"]) * self.growth()

    def growth(self):
        """Return what tokens without a published volume grew by: as the firm's revenue, where that is known."""
        start = self.revenue(self.then, self.old)
        if self.fitted():
            return self.revenue(self.now, {"revenue_usd_per_year": "fitted"}) / start
        years = [row for row in self.revenues if row["metric"] == "revenue_year_usd" and row["as_of"] > BEFORE]
        if years and self.provider not in WIDER_SCOPE:
            middle = date(years[-1]["date_on"].year, 7, 1)
            return years[-1]["value"] * grown(self.now, middle) / start
        return grown(self.now, BEFORE)

    def margin(self):
        """Return the gross margin: the last one that was published since, or as before."""
        found = [row for row in figures(self.now, self.provider, "gross_margin_frac") if row["as_of"] > BEFORE]
        old = self.old["gross_margin_frac"]
        return str(old) if not found else f"normal(mean={found[-1]['value']:g}, sd={old.arguments[1]:g})"

    def burn(self):
        """Return what is burnt in a year: the last figure published since, or as before."""
        found = [row for row in figures(self.now, self.provider, "cash_burn_usd_per_year") if row["as_of"] > BEFORE]
        return found[-1]["value"] * np.array([1 / BAND, BAND]) if found else ends(self.old["burn_usd_per_year"])

    def cash(self):
        """Return cash: the last published, or as before, with the money of rounds and listings since.

        What was burnt is not taken off: between earlier vintages cash of which nothing was published stayed about level,
        as unseen debt and income made up for it.
        """
        found = [row for row in figures(self.now, self.provider, "cash_usd") if row["as_of"] > BEFORE]
        if not found:
            return ends(self.old["cash_usd"]) + sum(size for size, _ in rounds_after(self.now, self.provider, BEFORE))
        start = found[-1]["value"] * np.array([1 - KNOWN_BAND, 1 + KNOWN_BAND])
        return start + sum(size for size, _ in rounds_after(self.now, self.provider, found[-1]["date_on"]))

    def row(self):
        """Return the cells that the rule gives, as text."""
        rounds = [
            (self.old["last_round_usd"], self.old["last_round_on"]),
            *rounds_after(self.now, self.provider, BEFORE),
        ]
        last_usd, last_on = rounds[-1]
        other = self.old["other_revenue_usd_per_year"] * grown(self.now, BEFORE, "other_growth_start_per_year")
        fresh = [row for row in self.revenues if (DAY - row["date_on"]).days <= 365 * OLDEST_YEARS]
        last = fresh[-1]["value"] if fresh and self.provider not in WIDER_SCOPE else None
        burn = self.burn()
        return {
            "tokens_mtok_per_day": text(self.tokens()),
            "paid_usd_per_mtok": str(self.old["paid_usd_per_mtok"]),
            "gross_margin_frac": self.margin(),
            "other_revenue_usd_per_year": text(other),
            "other_margin_frac": f"{self.old['other_margin_frac']:g}",
            "cash_usd": text(self.cash()),
            "burn_usd_per_year": text(burn) if burn.any() else "0",
            "debt_service_usd_per_year": text(self.old["debt_service_usd_per_year"]),
            "last_round_usd": text(float(last_usd)),
            "last_round_on": str(last_on or ""),
            "revenue_usd_per_year": "fitted" if self.fitted() else "",
            "known_revenue_usd_per_year": f"{last:.12g}" if last else "",
        }


def provider_rows(tables):
    """Return the cells of each provider's row of the day, in the order of the table."""
    then, now = tables.vintage(BEFORE), tables.vintage(DAY)
    return {provider: State(provider, then, now).row() for provider in then["provider_finances"].latest("provider")}
