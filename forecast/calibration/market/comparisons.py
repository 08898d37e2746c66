"""What is compared: each quantity with its reader in either world, and what bears on a misfit."""

from __future__ import annotations

from datetime import date

from forecast.calibration.market import (
    firms_observed,
    firms_simulated,
    foreseen,
    observed,
    paid_observed,
    router_observed,
    router_simulated,
    simulated,
)
from forecast.calibration.market.compared import ROUTER_TIME, TODAY, Comparison

PRICES, ROUTER = "price_changes.csv, price_series.csv", "token_shares.csv"
ROUNDS, COHORT = "round_intervals.csv", "hazard_cohort.csv"
KINDS = ("first", "host", "cloud")
SWINGS = "the swing of a share on the router (fits.csv), which is one for all sellers and the same in calm and in turbulent months"
REPRICING = (
    "a new price is also drawn to the market's, which adds to the fitted size (`forecast trend repricing`); a hundred paths are read "
    "together, as few prices change on one"
)
ROUTER_IS_SMALL = "how much of a difference in size the router shows (fits.csv): ten labs say it at this vintage; a wider count of tokens by seller"

BY_REGIME = "rates by regime (fits.csv), which these counts gave: no test, but a check that the engine keeps to them"
FAILING = "the cash and burn of small firms, assumptions; the market names firms that were alive when it was drawn up"
BY_KIND = (
    "how much more often a kind is bought (acquired_ratio of provider_kinds.csv), an assumption; few events of each"
)
FORESEEN = "rates of a market that was not seen at the vintage"
MID = "2025-07-01"
REGIMES_SEEN = ("hot", "normal")  # no cold month lies in the data
LONG_MONTHS = 36  # in which the funding market turns
COUNTS = {"rounds_count": "rounds", "departures_count": "firms bought or shut", "listings_count": "listings"}

PRICE_COMPARISONS = (
    *(
        Comparison(
            f"prices of one model changed in a month, {kind}",
            "fraction",
            PRICES,
            TODAY,
            observed.changes_per_month(kind),
            simulated.reprices_per_month(kind),
            REPRICING,
            fitted=True,
        )
        for kind in KINDS
    ),
    *(
        Comparison(
            f"tokens of the router's ten largest models moved to newer ones of their author in {months} months, beside offers that move",
            "fraction",
            "token_shares.csv",
            TODAY,
            router_observed.renewed_frac(months),
            simulated.renewed_frac(months),
            "the engine's rate is that of models added to sellers' lists, and one rate for all: users move faster from some models than from others",
        )
        for months in (1, 3)
    ),
    *(
        Comparison(
            f"size of a change, {kind}",
            "median of abs. log",
            PRICES,
            TODAY,
            observed.change_size_log(kind),
            simulated.reprice_size_log(kind),
            REPRICING,
            fitted=True,
        )
        for kind in KINDS
    ),
    Comparison(
        "rises among changes",
        "fraction",
        PRICES,
        TODAY,
        observed.rises_frac,
        simulated.rises_frac,
        "a new price is drawn to the market's and to cost, with noise that rises as often as it falls",
    ),
    Comparison(
        "dearest over cheapest host of one model",
        "ratio",
        PRICES,
        TODAY,
        observed.host_spread_ratio,
        simulated.host_spread_ratio,
        "an offer is a host's mean price in a segment, not one model's; models within a segment",
    ),
    Comparison(
        "mean price paid at the router's hosts, weighed by the tokens of the market's tables",
        "USD/Mtok",
        "host_prices.csv, provider_finances.csv",
        TODAY,
        paid_observed.paid_on_router,
        simulated.paid_at_hosts,
        "prices paid by contract, which are not the router's",
    ),
    Comparison(
        "price paid over list price of the same mix without caching",
        "ratio",
        "host_prices.csv, price_changes.csv",
        TODAY,
        paid_observed.paid_over_list,
        simulated.paid_over_list,
        "list prices weighed by use (segments.csv)",
    ),
    *(
        Comparison(
            f"price over serving cost, {kind}",
            "ratio",
            "provider_history.csv",
            MID,
            paid_observed.price_over_cost(kind),
            simulated.price_over_cost(kind),
            "margins of more firms: of hosts three are known, of clouds one, and their spread is no interval of a median",
        )
        for kind in ("first", "host")
    ),
    *(
        Comparison(
            f"change of the rent of an H100 in {months} months",
            "log, root mean square",
            "rents.csv",
            MID,
            observed.rent_swing_log(months),
            simulated.swing_over_log("rent", months),
            "the law of rents (fits.csv)",
        )
        for months in (1, 6)
    ),
)
SHARE_COMPARISONS = (
    Comparison(
        "Herfindahl index on the router, of the sellers that the market names",
        "fraction",
        ROUTER,
        ROUTER_TIME,
        router_observed.concentration_level("hhi"),
        router_simulated.herfindahl,
        ROUTER_IS_SMALL,
    ),
    Comparison(
        "tokens of the five largest of them",
        "fraction",
        ROUTER,
        ROUTER_TIME,
        router_observed.concentration_level("top5"),
        router_simulated.top5,
        ROUTER_IS_SMALL,
    ),
    Comparison(
        "Herfindahl index of spend over that of tokens",
        "ratio",
        "concentration.csv, host_prices.csv",
        ROUTER_TIME,
        observed.spend_concentration_ratio,
        simulated.spend_concentration_ratio,
        "two of the three observed are by author, the engine's is by seller",
    ),
    *(
        Comparison(
            f"change of the Herfindahl index on the router in {months} months",
            "log, root mean square",
            ROUTER,
            ROUTER_TIME,
            router_observed.concentration_swing_log(months),
            router_simulated.concentration_swing_log(months),
            SWINGS,
        )
        for months in (1, 2)
    ),
    Comparison(
        "change of a seller's share on the router in a month",
        "mean of abs. log",
        ROUTER,
        ROUTER_TIME,
        router_observed.share_change_size_log,
        router_simulated.share_change_size_log,
        SWINGS,
        fitted=True,
    ),
    Comparison(
        "months in which a share on the router halved or doubled",
        "fraction",
        ROUTER,
        ROUTER_TIME,
        router_observed.large_share_changes_frac,
        router_simulated.large_share_changes_frac,
        SWINGS,
        fitted=True,
    ),
    Comparison(
        "growth that a share on the router loses in a month for a unit of its log",
        "log",
        ROUTER,
        ROUTER_TIME,
        router_observed.share_reversion,
        router_simulated.share_reversion,
        SWINGS,
    ),
)
FIRM_COMPARISONS = (
    *(
        Comparison(
            f"{what} per firm and year, {regime} market",
            "per year",
            source,
            TODAY,
            firms_observed.per_year(event, regime),
            firms_simulated.per_year(event, regime),
            FAILING if event == "failed" else BY_REGIME,
            fitted=event != "failed",
        )
        for event, what, source in (
            ("round", "rounds", ROUNDS),
            ("acquired", "firms bought", COHORT),
            ("failed", "firms failing", COHORT),
            ("ipo", "firms listed", COHORT),
        )
        for regime in REGIMES_SEEN
    ),
    *(
        Comparison(
            f"rounds per firm and year, hot market, {kind}",
            "per year",
            ROUNDS,
            TODAY,
            firms_observed.per_year("round", "hot", (kind,)),
            firms_simulated.per_year("round", "hot", (kind,)),
            "the chance of a round does not know the kind of firm",
        )
        for kind in ("host", "chip")
    ),
    *(
        Comparison(
            f"firms bought per firm and year, hot market, {kind}",
            "per year",
            COHORT,
            TODAY,
            firms_observed.per_year("acquired", "hot", (kind,)),
            firms_simulated.per_year("acquired", "hot", (kind,)),
            BY_KIND,
        )
        for kind in ("host", "chip", "neocloud")
    ),
    *(
        Comparison(
            f"{what} in the {months} months after {at}",
            "count, of the firms then named",
            "events.csv",
            at,
            foreseen.happened(count, date.fromisoformat(at), months),
            foreseen.expected(count, months),
            FORESEEN,
            one_draw=True,
        )
        for at, months in (("2025-01-01", 12), (MID, 12), (ROUTER_TIME, 6))
        for count, what in COUNTS.items()
    ),
    Comparison(
        "correlation of two firms' exits within a quarter",
        "fraction",
        COHORT,
        TODAY,
        firms_observed.exits_correlation,
        firms_simulated.exits_correlation,
        "a cause of exits that firms share beside the funding market and cash",
        LONG_MONTHS,
    ),
    Comparison(
        "gross margin",
        "fraction",
        "provider_history.csv",
        MID,
        firms_observed.gross_margin_frac,
        firms_simulated.gross_margin_frac,
        "margins of more than a few firms",
    ),
    *(
        Comparison(
            f"sold below serving cost, {when}",
            "fraction of firms' months",
            "provider_history.csv",
            at,
            firms_observed.losing_frac,
            firms_simulated.losing_frac,
            "a known margin is a firm's mean over its offers and a year; few are known",
        )
        for when, at in (("mid-2025", MID), ("today", TODAY))
    ),
    Comparison(
        "greatest loss on tokens in a year over all money raised",
        "ratio",
        "provider_history.csv",
        MID,
        firms_observed.loss_bound,
        firms_simulated.loss_over_raised,
        "a loss above what was raised cannot be",
    ),
)
COMPARISONS = PRICE_COMPARISONS + SHARE_COMPARISONS + FIRM_COMPARISONS
