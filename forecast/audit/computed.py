"""Checks that ask the cost model: what its own equations give for a claim, with the spread of the fit where it has one."""

from __future__ import annotations

from collections.abc import Callable

from forecast.audit.records import Found, exactly
from forecast.audit.verdicts import Range
from forecast.deployments.deployment import Deployment
from forecast.deployments.priced import cost_of
from forecast.deployments.techniques import techniques
from forecast.equations import served_model
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving import groups
from forecast.serving.kinds import served_row
from forecast.serving.token_cost import power_kw
from forecast.serving.workloads import Request, number, workloads

INPUT_TOKENS, OUTPUT_TOKENS = 3000.0, 1000.0  # list prices are commonly blended 3:1
TECHNIQUE_TOKENS = 1024.0, 1024.0  # of input and of output


def weights_gb(scenario: Scenario, model: str, precision: str) -> Found:
    """Return the gigabytes of a model's weights at a precision."""
    row = served_row(scenario, model)
    size = row["total_params_b"] * served_model.bytes_per_weight(precision, "bf16")
    return exactly(size, f"served_models: {model}")


def least_accelerators(scenario: Scenario, model: str, accelerator: str, precision: str) -> Found:
    """Return how many accelerators hold the weights and one sequence."""
    columns = workloads(scenario, [Request(accelerator, model, INPUT_TOKENS, OUTPUT_TOKENS, precision)])
    return exactly(float(groups.least_accelerators(columns)[0]), f"{columns['weights_gb'][0]:.0f} GB of weights")


def bytes_saved_ratio(scenario: Scenario, first: str, second: str) -> Found:
    """Return how many times fewer bytes two precisions read than 16 bits, scales included."""
    whole, *sizes = (served_model.bytes_per_weight(name, "bf16") for name in ("bf16", first, second))
    ratios = [whole / size for size in sizes]
    return Found(Range(min(ratios), max(ratios)), "bytes of a weight with its scales")


def quality_loss_points(scenario: Scenario, precision: str) -> Found:
    """Return the accuracy points of 100 that the engine takes off for a precision."""
    return exactly(served_model.QUALITY_LOSS_POINTS[precision], "quality loss used by forecast cost")


def technique_gain(
    scenario: Scenario,
    model: str,
    accelerator: str,
    technique: str,
    setting: str = "",
    against: str = "",
    batch: float | str | None = None,
) -> Found:
    """Return the gains of the lines of `forecast cost --techniques` whose texts hold the given ones.

    Only lines at one batch where it is given, a number or `largest`.

    Raises:
        InputError: no line is such.
    """
    lines = [
        line
        for line in techniques(scenario, Deployment(accelerator, model, *TECHNIQUE_TOKENS))["techniques"]
        if line["technique"] == technique and setting in line["setting"] and against in line["against"]
    ]
    if batch is not None:
        wanted = max((line["batch"] for line in lines), default=0.0) if batch == "largest" else batch
        lines = [line for line in lines if line["batch"] == wanted]
    if not lines:
        raise InputError(f'no line "{technique}", "{setting}", against "{against}", batch {batch}.')
    gains = [line["gain_ratio"] for line in lines]
    return Found(Range(min(gains), max(gains)), f"of {len(lines)} in forecast cost --techniques")


def hosting_usd_per_mtok(
    scenario: Scenario,
    model: str,
    accelerator: str,
    usd_per_hour: Range | float | None = None,
    precision: str | None = None,
    accelerators: float | None = None,
    concurrency: float | None = None,
    side: str = "blended",
) -> Found:
    """Return what a million tokens cost to serve, over the 80 % band of the throughput and the range of the rent.

    Blended 3:1 unless `side` is input or output; owned where no rent is given.
    """
    costs = []
    for hour in usd_per_hour if isinstance(usd_per_hour, Range) else (usd_per_hour,):
        wanted = Deployment(
            accelerator, model, INPUT_TOKENS, OUTPUT_TOKENS, precision, accelerators, concurrency, usd_per_accelerator_hour=hour
        )  # fmt: skip
        found = cost_of(scenario, wanted)
        speed, usd = found["output_tokens_per_s_per_accelerator"], found["cost_usd_per_mtok"][side]
        costs += [usd * speed["p50"] / speed[end] for end in ("p10", "p90")]
    return Found(
        Range(min(costs), max(costs)),
        f"{found['accelerators']:.0f} × {found['accelerator']}, {found['precision']}, batch {found['concurrency']:.0f}",
    )


def speed_per_kw_ratio(scenario: Scenario, model: str, accelerator: str, over: str) -> Found:
    """Return how many times the tokens per kilowatt one accelerator serves over another, each as best it can."""
    rates = []
    for name in (accelerator, over):
        found = cost_of(scenario, Deployment(name, model, INPUT_TOKENS, OUTPUT_TOKENS))
        kilowatts = power_kw(scenario, name, 1.0, lambda *cell: number(scenario, *cell))
        rates.append(found["output_tokens_per_s_per_accelerator"]["p50"] / kilowatts)
    return exactly(rates[0] / rates[1], "all-in kilowatts")


def hosting_ratio(scenario: Scenario, model: str, accelerator: str, over: str) -> Found:
    """Return the owned cost of a blended token on one accelerator over that on another, each as best it can."""
    both = (Deployment(name, model, INPUT_TOKENS, OUTPUT_TOKENS) for name in (accelerator, over))
    mine, theirs = (cost_of(scenario, wanted)["cost_usd_per_mtok"]["blended"] for wanted in both)
    return exactly(mine / theirs, "medians")


def price_ratio(scenario: Scenario, accelerator: str, over: str) -> Found:
    """Return the purchase price of one accelerator over another's, both ranges at their ends."""
    mine, theirs = (
        [number(scenario, "accelerator_prices", name, f"price_{end}_usd") for end in ("low", "high")]
        for name in (accelerator, over)
    )
    ratios = [mine[0] / theirs[0], mine[1] / theirs[1]]
    return Found(Range(min(ratios), max(ratios)), "accelerator_prices")


CHECKS: tuple[Callable[..., Found], ...] = (
    weights_gb, least_accelerators, bytes_saved_ratio, quality_loss_points, technique_gain, hosting_usd_per_mtok,
    speed_per_kw_ratio, hosting_ratio, price_ratio,
)  # fmt: skip
