"""Groups of accelerators: which layouts hold a model, how many sequences fit, and the terms of their step.

A layout is a size of group and the engines it is made of. Every function takes the columns of many cases; sizes,
engines and batches are arrays `[case, layout]` or `[case, layout, batch]`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.equations import roofline, served_model, step
from forecast.serving.effects import Columns

USABLE_MEMORY_FRAC = 0.9  # the rest holds activations and the runtime
TIGHTEST_MEMORY_FRAC = 0.97  # engines were measured that fill so much, where group and batch are set by hand
# Of one engine in one pass, so also the most sequences it serves at once: NVIDIA's settings for MLPerf print max_num_tokens of 1,536
# (Llama 2 70B), 2,560 (405B) and 4,096 (gpt-oss).
LARGEST_PASS_TOKENS = 2560.0
SMALLEST_OFFLINE_BATCH = 8.0  # a group that holds fewer is too small to be chosen
WORTH_FILLING_RATIO = 1.5  # memory for the cache: what filling by hand must gain to be done
GROUPS: Array = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])  # up to 64: wider groups change little
ROOMIER: Array = np.array([1.0, 1.1, 1.25, 1.5, 2.0, 2.0, 2.0])  # of parts that hold a model by the hundred
MOST_ACCELERATORS = 4096.0  # of one group
WIDEST_ENGINE = 8.0  # measured engines are no wider: a larger group is several that share their experts


@dataclass(frozen=True)
class Layouts:
    """Layouts to try in each case, `[case, layout]`."""

    sizes: Array
    engines: Array
    most: Array  # sequences that fit
    least_batch: Array  # fewest sequences a layout is used with; infinite where it does not serve the case

    @property
    def holds(self) -> Array:
        """The sequences that the layout of each case that holds most has memory for: the one count of what fits."""
        found: Array = np.floor(np.where(np.isfinite(self.least_batch), self.most, 0.0).max(axis=1))
        return found


def misfits(columns: Columns, sequences: Array | float = 1.0) -> list[str | None]:
    """Return for each case why so many sequences do not fit the accelerators given, or any group that is tried; or None.

    Args:
        columns: the cases.
        sequences: of each case that must be served at once; what is not a number counts as one.
    """
    asked = np.broadcast_to(np.where(np.isnan(sequences), 1.0, sequences), len(columns["moe"]))
    by_hand = {**columns, "concurrency": asked}
    most = layouts(by_hand).holds
    return [None if most[i] >= wanted else _misfit(by_hand, i, most[i]) for i, wanted in enumerate(asked)]


def _misfit(columns: Columns, i: int, most: float) -> str:
    one = {name: column[i : i + 1] for name, column in columns.items()}
    of = {name: column[i] for name, column in columns.items()}
    enough = _group_that_holds(one)
    more = None if enough is None else f"at least {enough:.0f} accelerators"
    count = of["accelerators_count"]
    group = f"groups of {of['accelerator']} that are tried" if np.isnan(count) else f"{count:g} × {of['accelerator']}"
    if most < 1:
        return (
            f"{of['model']} at {of['precision']} takes {of['weights_gb']:.0f} GB and {of['kv_held_gb']:.2g} GB a sequence: {group} "
            f"hold {count * of['memory_gb'] * TIGHTEST_MEMORY_FRAC:.0f} GB. Use {more or 'more accelerators'}."
        )
    return (
        f"concurrency = {of['concurrency']:g}: {group} serve at most {most:.0f} sequences of {of['context_tokens']:.0f} tokens at "
        f"once, halfway through the answer, beside the weights. Lower it, or use {more or 'several groups'}."
    )


def _group_that_holds(one: Columns) -> float | None:
    """Return the fewest accelerators that hold the sequences asked for in one case, None if not even the most tried do."""
    sizes = np.arange(1.0, MOST_ACCELERATORS + 1)[None, :]
    tried = _both_ways(one, sizes, np.ones_like(sizes, bool))
    holding = (tried.most >= one["concurrency"][0]) & np.isfinite(tried.least_batch)
    return float(tried.sizes[holding].min()) if holding.any() else None


def least_accelerators(columns: Columns) -> Array:
    """Return the accelerators that hold the weights and one sequence."""
    gb = columns["weights_gb"] + columns["kv_held_gb"]
    return np.asarray(roofline.minimum_accelerators(gb, columns["memory_gb"], USABLE_MEMORY_FRAC))


def layouts(columns: Columns) -> Layouts:
    """Return every size of group, first with each sequence's attention shared by its engine, then split.

    Split means that each accelerator keeps its own sequences and only the experts are shared. A latent cache has a single
    head that cannot be cut, so a shared one is copied to every accelerator: such models are also served split, from a
    sequence for each accelerator on. Layouts that do not hold the batch given, or one sequence, are not used where others do.
    """
    return _both_ways(columns, *_sizes(columns))


def layouts_of_all(columns: Columns) -> Layouts:
    """Return the layouts in which all of the accelerators given serve each case as one group."""
    sizes = columns["accelerators_count"][:, None]
    return _both_ways(columns, sizes, np.ones_like(sizes, bool))


def _both_ways(columns: Columns, sizes: Array, allowed: NDArray[np.bool_]) -> Layouts:
    both, ways = np.hstack([sizes, sizes]), np.hstack([engines(columns, sizes), sizes])
    most, wanted = largest_batch(columns, both, ways), np.nan_to_num(columns["concurrency"], nan=1.0)[:, None]
    split = _served_split(columns)[:, None] & allowed & (sizes > 1)
    shared, apart = np.hsplit(most, 2)
    from_on = np.where((shared < wanted) & (wanted <= apart), 1.0, sizes)  # fewer too where only split ones fit
    least = np.hstack([np.where(allowed, 1.0, np.inf), np.where(split, from_on, np.inf)])
    tried = Layouts(both, ways, most, least)
    too_few = (most < wanted) & (wanted <= tried.holds[:, None])
    return replace(tried, least_batch=np.where(too_few, np.inf, least))


def _served_split(columns: Columns) -> NDArray[np.bool_]:
    """Return which cases are mixtures with a latent cache."""
    return np.asarray((columns["moe"] > 0) & (columns["kv_heads_count"] == 1))


def _sizes(columns: Columns) -> tuple[Array, NDArray[np.bool_]]:
    """Return sizes of the group to try in each case, and which of them hold the model.

    A mixture of experts may spread over whole scale-up domains, also where one of them holds it: else an accelerator of
    more memory would serve fewer tokens than one of less, which has no choice.
    """
    given, least = columns["accelerators_count"][:, None], least_accelerators(columns)[:, None]
    fixed = ~np.isnan(given) & ~np.isnan(columns["concurrency"][:, None])
    domain = np.minimum(columns["scaleup_count"][:, None], GROUPS[-1])
    nodes = np.ceil(least / domain) * domain  # whole domains that hold the model
    spread = (columns["moe"][:, None] > 0) & (least <= GROUPS[-1]) & (domain < GROUPS)
    within = np.where(np.isnan(given), domain, np.minimum(given, WIDEST_ENGINE))
    most = np.where(spread, np.nan_to_num(given, nan=np.inf), within)
    sizes = np.where(fixed, given, np.where(spread, np.ceil(GROUPS / nodes) * nodes, GROUPS))
    held = largest_batch(columns, sizes, engines(columns, sizes))
    roomy, holding = ((sizes <= most) & (held >= fewest) for fewest in (SMALLEST_OFFLINE_BATCH, 1.0))
    allowed = np.where(roomy.any(axis=1, keepdims=True), roomy, holding) | fixed
    none = ~allowed.any(axis=1)
    twice = nodes * np.where(GROUPS < 4, GROUPS, 1.0)  # those domains, or twice as many
    larger = np.where(least <= GROUPS[-1], twice, np.ceil(least * ROOMIER))
    sizes[none], allowed[none] = np.fmin(larger, np.nan_to_num(given, nan=np.inf))[none], True
    return sizes, allowed


def cut_up(columns: Columns, sizes: Array) -> dict[str, Array]:
    """Return how far each layout cuts up a model, `[case, layout]`, by the names of `effects.OF_LAYOUT`.

    Only a mixture's experts are: `several` says whether they stand on more than one accelerator, `log2_accelerators` on how
    many, as far as measured engines reach. Offline runs are laid out so that their arithmetic loses nothing by it.
    """
    moe, asked = (columns["moe"] > 0)[:, None], ~np.isnan(columns["concurrency"])[:, None]
    log2 = np.log2(np.clip(sizes, 1.0, WIDEST_ENGINE))
    return {"log2_accelerators": log2 * (moe & asked), "several": 1.0 * (moe & (sizes > 1))}


def engines(columns: Columns, sizes: Array) -> Array:
    """Return the engines a group is made of: a mixture of experts on more than eight accelerators is several."""
    wide, moe = (a.reshape(len(sizes), *[1] * (sizes.ndim - 1)) for a in (least_accelerators(columns), columns["moe"]))
    found: Array = np.where(moe > 0, np.maximum(1.0, sizes / np.maximum(WIDEST_ENGINE, wide)), 1.0)
    return found


def largest_batch(columns: Columns, sizes: Array, engines_count: Array) -> Array:
    """Return the sequences whose cache fits beside the weights of a group, at most `LARGEST_PASS_TOKENS` of an engine."""
    gb = columns["weights_gb"][:, None] + columns["dense_gb"][:, None] * (engines_count - 1)
    # Parts by the hundred hold a cache once, in a line.
    cut = np.where(sizes <= WIDEST_ENGINE, sizes / engines_count, 1.0)
    held = columns["kv_held_gb"][:, None] * step.cache_copies(cut, columns["kv_heads_count"][:, None])
    usable = usable_memory_frac(columns)[:, None]
    fits = roofline.largest_batch_by_memory(columns["memory_gb"][:, None], sizes, gb, held, usable)
    return np.minimum(np.asarray(fits), LARGEST_PASS_TOKENS * engines_count)


def usable_memory_frac(columns: Columns) -> Array:
    """Return how full memory may be: as engines fill it by themselves, or up to as full as any was by hand.

    By hand: where the batch is given; and where the weights leave little of the accelerators given, so far that the cache
    is never less than its most by hand over `WORTH_FILLING_RATIO`: else the best batch would lie far below one asked for.
    """
    held_gb = columns["accelerators_count"] * columns["memory_gb"]
    weights_gb = columns["weights_gb"]
    by_itself, by_hand = (share * held_gb - weights_gb for share in (USABLE_MEMORY_FRAC, TIGHTEST_MEMORY_FRAC))
    tight = by_hand > WORTH_FILLING_RATIO * by_itself
    filled = np.where(tight, (weights_gb + by_hand / WORTH_FILLING_RATIO) / held_gb, USABLE_MEMORY_FRAC)
    found: Array = np.where(np.isnan(columns["concurrency"]), filled, TIGHTEST_MEMORY_FRAC)
    return found


def batch_of(columns: Columns, tried: Layouts) -> Array:
    """Return the sequences a group of each layout serves at once: those given, others wait, or the most that fit."""
    cap, wanted = np.maximum(tried.most, 1.0), columns["concurrency"][:, None]
    batch: Array = np.where(np.isnan(wanted), cap, np.minimum(wanted, cap))
    return batch


def step_terms(
    columns: Columns, sizes: Array, engines_count: Array, batch: Array, ratio: Array, verified: float = 1.0,
    accepted: float = 1.0,
) -> dict[str, Array]:  # fmt: skip
    """Return the terms of a step at the printed peaks; every array is `[case, …]`, broadcast against the columns."""
    wide = {name: column.reshape(len(column), *[1] * (batch.ndim - 1)) for name, column in columns.items()}
    touched = served_model.expert_fraction_touched(batch * verified, wide["experts_per_token"], wide["experts_count"])
    names = (
        "layers_count hidden_size kv_heads_count experts_per_token kv_gb_per_sequence weight_gflop_per_token decode_attention_gflop "
        "prefill_attention_gflop memory_bandwidth_tb_per_s peak_tflops attention_tflops scaleup_gb_per_s"
    ).split()
    found = step.step_terms_s(
        concurrency=batch,
        accelerators_count=sizes,
        engines_count=engines_count,
        largest_pass_tokens=LARGEST_PASS_TOKENS,
        input_per_output_ratio=ratio,
        dense_gb=wide["dense_gb"],
        expert_gb=wide["expert_gb"] * touched,
        verified_tokens=verified,
        accepted_tokens=accepted,
        **{name: wide[name] for name in names},
    )
    in_line = wide["memory_kind"] == "sram"  # such parts hold whole layers and hand tokens on: there is nothing to sum
    return {name: np.where(in_line & (name == "all_reduce"), 0.0, value) for name, value in found.items()}
