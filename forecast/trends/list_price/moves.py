"""What makes sellers move their list prices: repricings of a whole list, and prices far below those of others.

How often each kind of seller moves, which way and how far is told by `trends/repricing.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Z_90
from forecast.trends.list_price.features import FEATURES
from forecast.trends.list_price.others import ROUTER
from forecast.trends.list_price.panel import Panel
from forecast.trends.list_price.windows import Windows
from forecast.trends.trend import Diagnostic
from forecast.units import MONTHS_PER_YEAR

TOGETHER_MOVES = 3  # moves of one provider in one month that make a repricing of its list
HALF_LOG = float(np.log(2.0))


def repriced_together(panel: Panel) -> Diagnostic:
    """Return the share of moves, routers aside, that came with two or more of the same provider in the same month."""
    sellers = panel.kind != ROUTER
    moved = (panel.step != 0) & sellers[:, None]
    events = np.array([moved[panel.provider == name].sum(axis=0) for name in np.unique(panel.provider[sellers])])
    together = events[events >= TOGETHER_MOVES].sum() / max(events.sum(), 1)
    return Diagnostic(
        "repriced_together_frac", float(together), "share of sellers' moves in repricings of three or more"
    )


def far_below_peers(windows: Windows, provider: NDArray[np.str_]) -> tuple[Diagnostic, ...]:
    """Return how much likelier a seller far below its peers moves: a logistic regression, errors robust by provider.

    Windows of a year, routers aside; beside price below half of the peers' median: kind and months at rest.

    Args:
        windows: what was seen.
        provider: of each window, `[row]`.
    """
    import statsmodels.api as sm

    chosen = (windows.span_months == MONTHS_PER_YEAR) & ~windows.routed
    one = windows.where(chosen)
    below = one.features[:, FEATURES.index("below_peers")] > HALF_LOG
    controls = one.features[:, [FEATURES.index(name) for name in ("one", "is_first", "is_cloud", "quiet_months")]]
    moved = (one.change_log != 0).astype(float)
    if moved[below].sum() < TOGETHER_MOVES:
        return ()
    groups = np.unique(provider[chosen], return_inverse=True)[1]
    model = sm.GLM(moved, np.column_stack([controls, below]), family=sm.families.Binomial())
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups})
    odds, error = float(fit.params[-1]), float(fit.bse[-1])
    band = [float(np.exp(odds + z * error)) for z in (-Z_90, 0.0, Z_90)]
    return (
        Diagnostic(
            "odds_below_half_of_peers",
            band[1],
            f"times the odds of a move within a year ({band[0]:.2g} to {band[2]:.2g}); 1 is none",
        ),
        Diagnostic("odds_converged", float(fit.converged), "whether that regression converged, 1 or 0"),
    )
