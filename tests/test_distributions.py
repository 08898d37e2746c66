"""Distributions: quantiles by hand, the grammar and its messages, and properties of every quantile function."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast.distributions import Distribution, parse, standard_normal_quantile

Z_90 = 1.2815515655446004


@pytest.mark.parametrize(
    ("text", "u", "value"),
    [
        ("fixed(3)", 0.9, 3.0),
        ("3e9", 0.1, 3e9),
        ("normal(mean=2, sd=3)", 0.5, 2.0),
        ("normal(mean=2, sd=3)", 0.9, 2 + 3 * Z_90),
        ("fitted(mean=0.1, se=0.05)", 0.1, 0.1 - 0.05 * Z_90),
        ("lognormal(p10=1, p90=4)", 0.5, 2.0),  # the geometric middle
        ("uniform(low=2, high=4)", 0.25, 2.5),
        ("triangular(low=0, mode=1, high=4)", 0.25, 1.0),  # a quarter of the area lies left of the mode
        ("triangular(low=0, mode=1, high=4)", 0.0625, 0.5),  # x²/4 = 1/16
        ("triangular(low=0, mode=1, high=4)", 0.8125, 4 - np.sqrt(12 * 0.1875)),
        ("triangular(low=2, mode=3, high=6)", 0.25, 3.0),  # the same, moved by two
        ("triangular(low=2, mode=3, high=6)", 0.24, 2 + np.sqrt(4 * 0.24)),
        ("triangular(low=2, mode=3, high=6)", 0.8125, 6 - np.sqrt(12 * 0.1875)),
        ("pert(low=0, mode=1, high=2)", 0.5, 1.0),  # symmetric
        ("beta(a=1, b=1)", 0.3, 0.3),  # uniform
        ("beta(a=2, b=1)", 0.25, 0.5),  # distribution function x²
        ("choice(0.3: 1, 0.7: 2)", 0.29, 1.0),
        ("choice(0.3: 1, 0.7: 2)", 0.31, 2.0),
        ("empirical(3, 4, 4, 9)", 0.5, 4.0),
        ("empirical(9, 3)", 0.5, 6.0),  # sorted, midpoints at 1/4 and 3/4
        ("empirical(9, 3)", 0.01, 3.0),
    ],
)
def test_quantiles_by_hand(text, u, value):
    assert_allclose(parse(text).quantile(np.array([u])), [value], rtol=1e-12)


@pytest.mark.parametrize(("p10", "p90"), [(1.0, 4.0), (0.06, 0.11), (5e8, 3e10)])
def test_lognormal_meets_both_quantiles(p10, p90):
    found = Distribution("lognormal", (p10, p90)).quantile(np.array([0.1, 0.9]))
    assert_allclose(found, [p10, p90], rtol=1e-13)


def test_choice_follows_its_weights_without_their_sum():
    values = parse("choice(1: 10, 3: 20, 0: 30, 4: 40)").quantile((np.arange(800) + 0.5) / 800)
    assert [int((values == v).sum()) for v in (10, 20, 30, 40)] == [100, 300, 0, 400]


def test_the_end_of_a_choice_is_its_last_value():
    """A thousand tenths add up to less than a hundred: what lies above their sum is still the last."""
    many = Distribution("choice", tuple(map(float, range(1000))), (0.1,) * 1000)
    assert many.quantile(np.array([np.nextafter(1.0, 0.0)])) == 999.0


def test_pert_has_the_mean_of_its_name():
    u = (np.arange(20_000) + 0.5) / 20_000
    assert_allclose(parse("pert(low=0, mode=1, high=5)").quantile(u).mean(), (0 + 4 * 1 + 5) / 6, rtol=1e-4)
    assert_allclose(parse("pert(low=2, mode=3, high=12)").quantile(u).mean(), (2 + 4 * 3 + 12) / 6, rtol=1e-4)


def test_normal_quantiles_agree_with_scipy():
    from scipy.special import ndtri

    u = np.array([[1e-12, 0.001, 0.2], [0.5, 0.9, 1 - 1e-9]])
    assert_allclose(standard_normal_quantile(u), ndtri(u), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a lot", '"a lot" is not a number'),
        ("", '"" is not a number'),
        ("nan", '"nan" is not a finite number'),
        ("normal(mean=inf, sd=1)", '"inf" is not a finite number'),
        (float("inf"), "is not a finite number"),
        (True, "true/false is not a number"),
        ("lognormall(p10=1, p90=2)", 'no distribution "lognormall"; known: '),
        ("lognormall(p10=1, p90=2)", 'Did you mean "lognormal"?'),
        ("normal(mean=1)", "normal takes mean, sd; found mean"),
        ("normal()", "normal takes mean, sd; found nothing"),
        ("normal(mean=1, sd=2, sd=3)", "normal takes mean, sd; found mean, sd"),
        ("normal(mean=1, sd=x)", '"x" is not a number'),
        ("normal(mean=1, sd=-1)", "normal needs a spread ≥ 0"),
        ("fitted(mean=1, se=-1)", "fitted needs a spread ≥ 0"),
        ("lognormal(p10=0, p90=1)", "lognormal needs 0 < p10 ≤ p90"),
        ("lognormal(p10=2, p90=1)", "lognormal needs 0 < p10 ≤ p90"),
        ("uniform(low=2, high=1)", "uniform needs low ≤ high"),
        ("triangular(low=0, mode=2, high=1)", "triangular needs low ≤ mode ≤ high and low < high"),
        ("pert(low=1, mode=1, high=1)", "pert needs low ≤ mode ≤ high and low < high"),
        ("beta(a=0, b=1)", "beta needs a > 0 and b > 0"),
        ("choice(0: 1, 0: 2)", "choice needs weights ≥ 0 that do not all vanish"),
        ("choice(-1: 1, 2: 2)", "choice needs weights ≥ 0 that do not all vanish"),
        ("choice()", "choice needs weights ≥ 0 that do not all vanish"),
        ("choice(0.1, 0.2)", 'choice takes weight: value; found "0.1"'),
        ("empirical()", "empirical needs at least one finite number"),
        ("fixed(1, 2)", "fixed needs at least one finite number"),
        ("__import__('os').getcwd()", "is not a number"),  # parsed, never evaluated
    ],
)
def test_the_grammar_says_what_is_wrong(text, message):
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert message in str(caught.value)


SIX_DIGITS = st.floats(-1e9, 1e9).map(lambda x: float(f"{x:.6g}"))
POSITIVE = st.floats(1e-6, 1e9).map(lambda x: float(f"{x:.6g}"))
WEIGHTS = st.lists(st.integers(1, 9).map(float), min_size=3, max_size=3).map(tuple)


def ascending(count):
    return st.lists(SIX_DIGITS, min_size=count, max_size=count, unique=True).map(sorted).map(tuple)


DISTRIBUTIONS = st.one_of(
    st.builds(lambda x: Distribution("fixed", (x,)), SIX_DIGITS),
    st.builds(
        lambda name, m, s: Distribution(name, (m, s)),
        st.sampled_from(["normal", "fitted"]),
        SIX_DIGITS,
        POSITIVE,
    ),
    st.builds(lambda a, b: Distribution("lognormal", (min(a, b), max(a, b))), POSITIVE, POSITIVE),
    st.builds(lambda ends: Distribution("uniform", ends), ascending(2)),
    st.builds(lambda name, ends: Distribution(name, ends), st.sampled_from(["triangular", "pert"]), ascending(3)),
    st.builds(
        lambda a, b: Distribution("beta", (a, b)),
        st.integers(1, 20).map(float),
        st.integers(1, 20).map(float),
    ),
    st.builds(lambda values, weights: Distribution("choice", values, weights), ascending(3), WEIGHTS),
    st.builds(lambda values: Distribution("empirical", tuple(values)), st.lists(SIX_DIGITS, min_size=1, max_size=9)),
)


@given(DISTRIBUTIONS)
def test_quantiles_never_fall(made):
    found = made.quantile(np.linspace(0.001, 0.999, 101))
    assert np.isfinite(found).all()
    assert (np.diff(found) >= -1e-12 * np.abs(found).max()).all()  # rounding alone may step back


@given(DISTRIBUTIONS)
def test_what_is_written_is_read_back(made):
    assert parse(str(made)) == made


def test_many_digits_are_read_back():
    made = Distribution("fixed", (1_234_567.0,))
    assert parse(str(made)) == made


def test_a_quantile_keeps_the_shape_of_its_argument():
    for text in ("3", "normal(mean=0, sd=1)", "choice(1: 1, 1: 2)", "empirical(1, 2)", "beta(a=2, b=2)"):
        assert parse(text).quantile(np.full((2, 3), 0.5)).shape == (2, 3)
    assert_array_equal(parse("normal(mean=1, sd=0)").quantile(np.array([0.1, 0.9])), [1.0, 1.0])
