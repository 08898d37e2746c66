"""How often sellers of each kind move their list prices, which way and how far: what a reader asks first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.trends.list_price.features import FEATURES
from forecast.trends.list_price.panel import Panel
from forecast.trends.list_price.peers import ROUTER
from forecast.trends.list_price.windows import Windows
from forecast.trends.trend import Band, Diagnostic
from forecast.units import MONTHS_PER_YEAR

NORMAL_90 = 1.2816  # the 90 % point of the normal law
TOGETHER_MOVES = 3  # moves of one provider in one month that make a repricing of its list
HALF_LOG = float(np.log(2.0))


@dataclass(frozen=True)
class Habit:
    """Moves of the list prices of one kind of seller."""

    moves_per_year: Band  # per model and year listed
    rises_frac: float
    rise_ratio: float | None  # middle one, None where there was none
    cut_ratio: float | None
    moves_count: int

    def text(self) -> str:
        rate = self.moves_per_year
        sizes = (("rises", self.rise_ratio), ("cuts", self.cut_ratio))
        return (
            f"{rate.p50:.2g} moves a year listed ({rate.p10:.2g} to {rate.p90:.2g}), {100 * self.rises_frac:.0f} % up, "
            f"{''.join(f'{way} ×{ratio:.2g}, ' for way, ratio in sizes if ratio)}{self.moves_count} moves"
        )


def habit_of(panel: Panel, kind: str) -> Habit | None:
    """Return the habit of a kind of seller, None where too few of its prices have moved to say.

    Prices of one provider that move in one month are one event: the interval of the rate k/n is k/n·e^(±z·s) with
    s² = Σ over events of (moves of the event)², over k².
    """
    rows = panel.kind == kind
    step = panel.step[rows]
    moved = step[step != 0]
    if len(moved) < TOGETHER_MOVES:
        return None
    months = (panel.watched[rows, 1:] & panel.watched[rows, :-1]).sum()
    spread = np.exp(NORMAL_90 * np.sqrt((_events(panel, rows) ** 2).sum()) / len(moved))
    rate = MONTHS_PER_YEAR * len(moved) / months
    ways = (moved[moved > 0], moved[moved < 0])
    rises, cuts = (float(np.exp(np.median(way))) if len(way) else None for way in ways)
    return Habit(Band(rate / spread, rate, rate * spread), float(np.mean(moved > 0)), rises, cuts, len(moved))


def _events(panel: Panel, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the moves of each provider in each month that had any."""
    moved = (panel.step != 0) & rows[:, None]
    counts = np.array([moved[panel.provider == name].sum(axis=0) for name in np.unique(panel.provider[rows])])
    return np.asarray(counts[counts > 0], float)


def repriced_together(panel: Panel) -> Diagnostic:
    """Return the share of moves, routers aside, that came with two or more of the same provider in the same month."""
    events = _events(panel, panel.kind != ROUTER)
    together = events[events >= TOGETHER_MOVES].sum() / max(events.sum(), 1.0)
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
    band = [float(np.exp(odds + z * error)) for z in (-NORMAL_90, 0.0, NORMAL_90)]
    return (
        Diagnostic(
            "odds_below_half_of_peers",
            band[1],
            f"times the odds of a move within a year ({band[0]:.2g} to {band[2]:.2g}); 1 is none",
        ),
        Diagnostic("odds_converged", float(fit.converged), "whether that regression converged, 1 or 0"),
    )
