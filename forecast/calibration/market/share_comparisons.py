"""What is compared of shares: how concentrated the market and the router are, and how shares there swing."""

from __future__ import annotations

from forecast.calibration.market import observed, router_observed, router_simulated, simulated
from forecast.calibration.market.compared import ROUTER_TIME, Comparison

ROUTER = "token_shares.csv"
SWINGS = "the swing of a share on the router (fits.csv), which is one for all sellers and the same in calm and in turbulent months"
ROUTER_IS_SMALL = "how much of a difference in size the router shows (fits.csv): ten labs say it at this vintage; a wider count of tokens by seller"

SHARE_COMPARISONS = (
    Comparison(
        "Herfindahl index on the router, of the sellers that the market names",
        "fraction",
        ROUTER,
        ROUTER_TIME,
        router_observed.concentration_level("hhi"),
        router_simulated.herfindahl,
        ROUTER_IS_SMALL,
        one_draw=True,
    ),
    Comparison(
        "tokens of the five largest of them",
        "fraction",
        ROUTER,
        ROUTER_TIME,
        router_observed.concentration_level("top5"),
        router_simulated.top5,
        ROUTER_IS_SMALL,
        one_draw=True,
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
