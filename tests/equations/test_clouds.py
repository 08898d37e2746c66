"""Machines of hyperscalers, by hand."""

from forecast.equations import clouds


def test_sustainability_by_hand():
    """Machines cost 12 a year: 2 under tokens, 6 under other business, 4 under nothing that is sold."""
    others = clouds.machines_beside_tokens(8e9, 0.5, 2e9)
    assert others == 10e9
    assert clouds.sustainability_ratio(24e9, 2e9, others) == 2.0
    grown = clouds.machines_grown(others, 6e9, 2.0)
    assert grown == 16e9  # what is not sold grows no dearer
    assert clouds.sustainability_ratio(66e9, 6e9, grown) == 3.0
    assert clouds.machines_grown(others, 15e9, 2.0) == 20e9  # its business has other costs too
    assert clouds.machines_beside_tokens(8e9, 0.5, 13e9) == 0  # less than its tokens take: these count
    assert clouds.sustainability_ratio(0.0, 0.0, 0.0) == 0  # who has left and has nothing else
    assert clouds.sustainability_ratio(3.0, 0.25, 0.25) == 3.0  # machines for half a dollar count as one
