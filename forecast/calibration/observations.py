"""The measured rows of `throughput` that a fit can use: columns of their cases, the log of what they reached, labels.

Left out: claims, single streams, static batches, rows without lengths, rows whose engine separates prefill or
drafts tokens (another system), those whose number of accelerators is neither given nor follows from latencies, those
that print a run once more under another name, and those whose arithmetic, every prompt token computed, would exceed
the printed peak: their prompts were not all computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.measured_runs import other_system, stack_of
from forecast.scenario import Scenario
from forecast.serving.effects import Columns, features
from forecast.serving.workloads import Request, workloads
from forecast.table_files import Row

Flags = NDArray[np.bool_]

KINDS = ("concurrency", "offline", "server", "interactive")
RUN = (  # what a run is known by, whatever name is printed: DeepSeek V3 and R1 are one design
    "measured_on accelerator accelerator_count precision input_tokens output_tokens concurrency scenario "
    "output_tok_per_s_per_accelerator ttft_ms tpot_ms framework parallelism"
).split()


@dataclass(frozen=True)
class Observations:
    """Measured rows: the columns of their cases, log tokens per second and accelerator, and what else is known."""

    columns: Columns
    log_tok_per_s: Array
    kind: NDArray[np.str_]
    stack: NDArray[np.str_]
    year: Array  # of the measurement, since the middle row of its kind of model
    expert_parallel: Array
    reserves: Flags  # the run took a sequence in only where memory held its whole answer

    @property
    def as_run(self) -> Columns:
        """The columns of the cases as they were run: `columns` are what is asked, which nothing is reserved for."""
        held_gb = np.where(self.reserves, self.columns["kv_whole_gb"], self.columns["kv_held_gb"])
        return {**self.columns, "kv_held_gb": held_gb}

    @property
    def pair(self) -> NDArray[np.str_]:
        """Accelerator and served model of each row."""
        return _joined(self.columns["accelerator"], self.columns["model"])

    @property
    def design_pair(self) -> NDArray[np.str_]:
        """Accelerator and architecture: models of one design are one model to the fit."""
        return _joined(self.columns["accelerator"], self.columns["architecture"])

    def columns_of(self, feature: str) -> NDArray[np.str_]:
        """Return the level that a named feature takes in each row."""
        found: NDArray[np.str_] = features(self.columns)[feature][0]
        return found

    def where(self, chosen: Flags) -> Observations:
        """Return the chosen rows."""
        return Observations(
            columns={name: column[chosen] for name, column in self.columns.items()},
            log_tok_per_s=self.log_tok_per_s[chosen],
            kind=self.kind[chosen],
            stack=self.stack[chosen],
            year=self.year[chosen],
            expert_parallel=self.expert_parallel[chosen],
            reserves=self.reserves[chosen],
        )


def observations(scenario: Scenario) -> Observations:
    """Return the rows that a fit at the scenario's vintage can use."""
    rows = runs([row for row in scenario.tables["throughput"] if _usable(row)])
    requests = [
        Request(
            row["accelerator"], row["model"], row["input_tokens"], row["output_tokens"], row["precision"],
            accelerators_of(row), row["concurrency"],
        )
        for row in rows
    ]  # fmt: skip
    columns = workloads(scenario, requests)
    days = np.array([(row["measured_on"] - date(2026, 1, 1)).days for row in rows], float)
    moe = columns["moe"] > 0
    middle = np.where(moe, np.median(days[moe]) if moe.any() else 0.0, np.median(days[~moe]) if (~moe).any() else 0.0)
    found = Observations(
        columns=columns,
        log_tok_per_s=np.log([row["output_tok_per_s_per_accelerator"] for row in rows]),
        kind=np.array([row["scenario"] for row in rows]),
        stack=np.array([stack_of(row["framework"]) or "other" for row in rows]),
        year=(days - middle) / 365.0,
        expert_parallel=np.array([_expert_parallel(row["parallelism"]) for row in rows], float),
        reserves=np.array([_reserves(row) for row in rows], bool),
    )
    return found.where(share_of_peak(found) <= 1)


def runs(rows: list[Row]) -> list[Row]:
    """Return each run once, the first where its figures are printed under several names."""
    first: dict[tuple[object, ...], Row] = {}
    for row in rows:
        first.setdefault(tuple(row[column] for column in RUN), row)
    return list(first.values())


def share_of_peak(observed: Observations) -> Array:
    """Return the share of the printed arithmetic a row would need if every token of its prompts were computed."""
    columns = observed.columns
    tokens_per_s = np.exp(observed.log_tok_per_s) * (1 + columns["input_tokens"] / columns["output_tokens"])
    found: Array = tokens_per_s * columns["weight_gflop_per_token"] / 1000 / columns["peak_tflops"]
    return found


def accelerators_of(row: Row) -> float | None:
    """Return the accelerators of a run: as printed, or the power of two nearest to sequences over latency and rate."""
    if row["accelerator_count"] or not (row["concurrency"] and row["tpot_ms"] and row["output_tokens"]):
        return float(row["accelerator_count"]) if row["accelerator_count"] else None
    per_token_s = (row["tpot_ms"] + (row["ttft_ms"] or 0.0) / row["output_tokens"]) / 1000
    return float(2 ** round(np.log2(row["concurrency"] / (row["output_tok_per_s_per_accelerator"] * per_token_s))))


def _expert_parallel(parallelism: str | None) -> bool:
    return "/EP" in (parallelism or "") and not str(parallelism).endswith("/EP1")


def _reserves(row: Row) -> bool:
    # TensorRT-LLM's default (GUARANTEED_NO_EVICT), which trtllm-bench and InferenceX keep; NVIDIA's harness for MLPerf sets
    # MAX_UTILIZATION. Other software takes in what fits now.
    return stack_of(row["framework"]) == "tensorrt-llm" and not row["source"].startswith("mlperf")


def _usable(row: Row) -> bool:
    kind = row["scenario"]
    return bool(
        row["status"] in ("measured", "derived")
        and kind in KINDS
        and (row["concurrency"] or kind != "concurrency")
        and row["input_tokens"]
        and row["output_tokens"]
        and accelerators_of(row)
        and not other_system(row["framework"])
    )


def _joined(first: NDArray[np.str_], second: NDArray[np.str_]) -> NDArray[np.str_]:
    return np.char.add(np.char.add(first.astype(str), " × "), second.astype(str))
