"""What holds of every equation of the market: paths do not see each other, and single precision stays."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forecast.arrays import REAL
from forecast.equations import cash, clouds, demand, exits, funding, hardware, launches, price, scarcity, shares, tier

EQUATIONS = [
    pytest.param(function, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in (cash, clouds, demand, exits, funding, hardware, launches, price, scarcity, shares, tier)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
]


NOT_ARRAYS = {"month": 3, "window_months": 12.0, "count": 5}


ACROSS_PATHS = (funding.regime_next, launches.slip_when_awaited)  # of a state; of the distribution over paths


@pytest.mark.parametrize("equation", [each for each in EQUATIONS if each.values[0] not in ACROSS_PATHS])
def test_paths_do_not_see_each_other(equation):
    # Sums are over providers or offers: a path alone gives what it gives beside others.
    random = np.random.default_rng(1)
    arguments = {
        name: NOT_ARRAYS.get(name, random.uniform(0.2, 0.8, (3, 4))) for name in inspect.signature(equation).parameters
    }
    if equation is exits.fringe_count_next:
        arguments["count"] = random.uniform(20, 80, (3, 4))
    whole = equation(**arguments)
    for path in range(4):
        alone = {n: v[:, path : path + 1] if isinstance(v, np.ndarray) else v for n, v in arguments.items()}
        assert_allclose(equation(**alone)[..., 0], whole[..., path], rtol=1e-12)


@pytest.mark.parametrize("equation", EQUATIONS)
def test_equations_keep_single_precision(equation):
    # A loop that falls back to double precision is right, and half as fast.
    half = np.full((3, 4), 0.5, REAL)
    arguments = {name: NOT_ARRAYS.get(name, half) for name in inspect.signature(equation).parameters}
    if equation is exits.fringe_count_next:
        arguments["count"] = half
    if equation is funding.regime_next:
        arguments = {"regime": np.zeros(4, np.intp), "transition": half, "uniform": half[0]}
        assert equation(**arguments).dtype == np.intp  # an index
    else:
        assert equation(**arguments).dtype == REAL
