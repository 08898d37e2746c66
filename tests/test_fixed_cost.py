"""How fixed cost followed revenue at firms that grew, against the equation and its rival, a straight line."""

import numpy as np
import pytest

from forecast.equations.cash import planned_fixed_cost

# Revenue, loss (below 0 a profit) and gross margin, earlier and later, in any one unit: of provider_history.csv and
# hyperscaler_finance.csv (quarters times four); a margin that was not published is that of provider_finances.csv.
FIRMS = {
    "coreweave": ((0.755, 0.517, 0.5), (8.32, 2.96, 0.5)),  # first quarters of 2024 and 2026
    "nebius": ((0.204, 0.334, 0.4), (1.596, 0.401, 0.4)),  # first quarters of 2025 and 2026, adjusted losses
    "anthropic": ((4.5, 5.2, 0.4), (46.4, -2.2, 0.47)),  # 2025, second quarter of 2026
    "openai": ((3.7, 5.0, 0.4), (26.8, 15.5, 0.39)),  # 2024, 2026 (projected loss)
    "siliconflow": ((1.02, 11.4, 0.394), (7.7, 47.9, -0.24)),  # 2024, 2025
    "cerebras": ((78.7, 127, 0.41), (510, -87.9, 0.38)),  # 2023, 2025
}


def fixed_cost(revenue, loss, margin):
    return margin * revenue + loss


@pytest.fixture(scope="module")
def grown(tables):
    """Log errors of the power and of the line, one for each firm."""
    kinds = {row["provider"]: row["kind"] for row in tables["providers"]}
    elasticity = {row["kind"]: row["fixed_cost_elasticity"] for row in tables["provider_kinds"]}
    found = []
    for firm, (before, after) in FIRMS.items():
        ratio, e = after[0] / before[0], elasticity[kinds[firm]]
        seen = np.log(fixed_cost(*after) / fixed_cost(*before))
        found.append((np.log(planned_fixed_cost(1.0, e, ratio)) - seen, np.log(1 - e + e * ratio) - seen))
    return np.array(found).T


def test_fixed_cost_grew_less_than_revenue():
    for before, after in FIRMS.values():
        assert after[0] > 6 * before[0]
        assert fixed_cost(*after) / after[0] < 0.8 * fixed_cost(*before) / before[0]


def test_a_power_of_revenue_is_nearer_than_a_line(grown):
    power, line = grown
    error = power.std(ddof=1) / np.sqrt(len(power))
    assert abs(power.mean()) < 1.5 * error
    assert line.mean() > 2 * line.std(ddof=1) / np.sqrt(len(line))  # it promises more cost than came
    assert np.sqrt((power**2).mean()) < 0.8 * np.sqrt((line**2).mean())
