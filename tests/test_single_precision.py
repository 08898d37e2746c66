"""The month loop computes in single precision: state, arguments and results of every step."""

from copy import copy
from types import SimpleNamespace

import numpy as np
import pytest

import forecast.market.market as loop
from forecast.arrays import REAL
from forecast.chance import Chance
from forecast.draws import Draws
from forecast.equations import cash, demand, exits, funding, hardware, launches, price, scarcity, shares, tier
from forecast.march import march
from forecast.market.customers import Customers
from forecast.market.doors import Doors
from forecast.market.machines import Machines
from forecast.market.names import Names, market_names
from forecast.market.sellers import Sellers
from forecast.scenario import load_scenario

DOUBLE = {"Treasury.transition"}  # chances of a regime by regime: a few numbers, not arrays of paths


def arrays_of(value, where):
    """Yield the floating-point arrays of an object of the loop, by name, those in dictionaries and lists included."""
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind == "f" and where not in DOUBLE:
            yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from arrays_of(item, f"{where}[{key}]")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from arrays_of(item, f"{where}[{number}]")
    elif type(value).__module__.startswith("forecast.market") and not isinstance(value, Names):
        for name, item in vars(value).items():
            yield from arrays_of(item, f"{type(value).__name__}.{name}")


def in_double(value, where=""):
    return [name for name, array in arrays_of(value, where) if array.dtype != REAL]


@pytest.fixture(scope="module")
def loop_in_pieces(tables):
    """The state of each room after three months, and what the equations and rooms were given and gave meanwhile."""
    scenario = load_scenario("base", tables, months=3)
    names, state, double, started = market_names(scenario), {}, set(), []

    def kept(start):
        def started_room(*args):
            state[start.__name__] = start(*args)
            return state[start.__name__]

        return started_room

    def watched_function(function, name):
        def called(*args, **kwargs):
            result = function(*args, **kwargs)
            if started:
                double.update(in_double([*args, *kwargs.values()], f"argument of {name}"))
                double.update(in_double(result, f"result of {name}"))
            return result

        return called

    def noted_start(step):
        def stepped(*args):
            started.append(True)
            return step(*args)

        return stepped

    rooms = "Machines Rents start_books Sellers Customers Treasury Clouds Doors Fringe Tiers".split()
    with pytest.MonkeyPatch.context() as patch:
        for module in (cash, demand, exits, funding, hardware, launches, price, scarcity, shares, tier):
            for name, function in vars(module).copy().items():
                own = getattr(function, "__module__", "") == module.__name__ and name[0] != "_"
                if own and function is not funding.regime_next:  # which takes the chances by regime
                    patch.setattr(module, name, watched_function(function, f"{module.__name__}.{name}"))
        for room in rooms:
            patch.setattr(loop, room, kept(getattr(loop, room)))
        for made, methods in {Customers: "want notice share", Doors: "step", Sellers: "use cost reprice"}.items():
            for name in methods.split():
                patch.setattr(made, name, watched_function(getattr(made, name), f"{made.__name__}.{name}"))
        patch.setattr(Machines, "step", noted_start(Machines.step))
        history = march(scenario, names, Draws(scenario, 7, 0))
    assert set(state) == set(rooms)
    return SimpleNamespace(state=state, double=double, history=history)


def test_the_state_stays_in_single_precision(loop_in_pieces):
    for room in loop_in_pieces.state.values():
        assert len(list(arrays_of(room, ""))) > 2
        assert in_double(room) == []
    assert in_double(loop_in_pieces.history) == []


def test_no_step_falls_back_to_double_precision(loop_in_pieces):
    assert loop_in_pieces.double == set()


def test_double_precision_is_noticed(loop_in_pieces):
    spoilt = copy(loop_in_pieces.state["Rents"])
    spoilt.theta, spoilt.tightness = {"a": np.ones(3), "b": np.ones(3, REAL)}, spoilt.tightness * np.ones(1)
    assert in_double(spoilt) == ["Rents.theta[a]", "Rents.tightness"]


def test_chance_is_drawn_in_single_precision(block):
    _, names, draws = block
    chance = Chance(draws, names)
    drawn = [chance.normals("attraction"), chance.uniforms("bid"), chance.normals("rent")[0], chance.normals("tier")]
    assert [values.dtype for values in drawn] == [REAL] * 4
    assert (drawn[1] > 0).all() and (drawn[1] < 1).all()
