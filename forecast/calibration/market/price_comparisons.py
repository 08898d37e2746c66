"""What is compared of prices: how they move, what is paid over list and over cost, and rents."""

from __future__ import annotations

from forecast.calibration.market import observed, paid_observed, router_observed, simulated
from forecast.calibration.market.compared import MID, TODAY, Comparison

PRICES = "price_changes.csv, price_series.csv"
KINDS = ("first", "host", "cloud")
REPRICING = (
    "a new price is also drawn to the market's, which moves the fitted size a little (`forecast trend repricing`); a hundred paths are "
    "read together, as few prices change on one"
)

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
            f"tokens of the router's ten largest models moved to newer ones of their author in {months} months, beside makers' offers that move",
            "fraction",
            "token_shares.csv",
            TODAY,
            router_observed.renewed_frac(months),
            simulated.renewed_frac("first", months),
            "the engine's rate (`renew_ratio`) was set to this, and is one for all makers: users move faster from some models than from others",
            fitted=True,
        )
        for months in (1, 3)
    ),
    *(
        Comparison(
            f"size of a change, {kind}",
            "mean of abs. log",
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
        "prices of cached tokens by seller (parameters.cached_price_ratio)",
    ),
    Comparison(
        "price of tokens over their serving cost, first",
        "ratio",
        "provider_history.csv",
        MID,
        paid_observed.price_over_cost("first", paid_observed.TOKENS_ALONE),
        simulated.price_over_cost("first"),
        "margins that firms publish or others claim, of few. A margin in the books is today's serving cost; what machines, use of them or "
        "batches cost says only how it moves",
    ),
    *(
        Comparison(
            f"revenue over its cost, whole firms, {kind}",
            "ratio",
            "provider_history.csv",
            MID,
            paid_observed.price_over_cost(kind, paid_observed.WHOLE_FIRM),
            simulated.revenue_over_cost(kind),
            "what business is beside tokens, and its margin, an assumption (other_margin_frac): Zhipu's moved from projects to tokens",
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
