"""Lines of the table of techniques: batching, precision, speculation, and the three together."""

from __future__ import annotations

from dataclasses import replace
from math import floor

from forecast.deployments.bench import FULL, Bench, Line
from forecast.deployments.drafting import best_draft, draft, forms, same_family, usable
from forecast.deployments.tiers import quality_lost_points, tiers_met
from forecast.equations import batching
from forecast.errors import InputError
from forecast.serving.token_cost import number_of

BATCHES = (1.0, 4.0, 16.0, 64.0, 256.0)
PRECISIONS = ("fp8", "fp4", "int4", "int2")


def batching_lines(bench: Bench) -> list[Line]:
    """Return one sequence, static and continuous batching, each at the batch that memory and latency allow."""
    one, full = bench.speed(FULL, 1.0), bench.speed(FULL)
    sd, memory = (number_of(bench.scenario, name) for name in ("output_length_log_sd", "static_memory_use_frac"))
    held = max(1.0, float(floor(memory * full.batch)))  # room is reserved for the longest answer, not page by page
    busy = batching.static_batching_frac(held, sd)
    static = bench.speed(FULL, held).decode_tok_per_s * busy
    return [
        bench.line("batching", "one sequence", "itself", 1.0, one.decode_tok_per_s, 1.0),
        bench.line("batching", "static", "one sequence", held, static, static / one.decode_tok_per_s, status="assumption",
              why=f"{100 * memory:.0f} % of the cache it reserves is used, {100 * busy:.0f} % of its slots work until the longest "
                  f"answer ends (lognormal lengths, sd {sd:g})"),
        bench.line("batching", "continuous", "one sequence", full.batch, full.decode_tok_per_s,
              full.decode_tok_per_s / one.decode_tok_per_s, why="the weights are read once for all sequences"),
        bench.line("batching", "continuous", "static", full.batch, full.decode_tok_per_s, full.decode_tok_per_s / static,
              status="assumption", why="a free slot is filled at once; the cache is kept in pages"),
    ]  # fmt: skip


def quantization_lines(bench: Bench) -> list[Line]:
    """Return each precision at one sequence and at its largest batch; what a tier cannot afford is refused."""
    least = replace(bench, accelerators=bench.least_accelerators(FULL))
    lines = []
    for precision in PRECISIONS:
        loss = quality_lost_points(bench.scenario, bench.model, precision)
        try:
            lost = tiers_met(bench.scenario, bench.model, precision)["lost"]
        except InputError as error:
            lines.append(
                Line("quantization", precision, against=FULL, quality_loss_points=loss, why=f"refused: {error}")
            )
            continue
        why = f"computed in {bench.case(precision)['arithmetic']}" + (
            f"; no longer in the tier {', '.join(lost)}" if lost else ""
        )
        cases = ((least, 1.0, f"one sequence on {least.accelerators:g}"), (bench, 1.0, "one sequence"),
                 (bench, None, "its largest batch"))  # fmt: skip
        for group, batch, said in cases[least == bench :]:
            base, speed = group.speed(FULL, batch), group.speed(precision, batch)
            gain = speed.decode_tok_per_s / base.decode_tok_per_s
            lines.append(
                group.line("quantization", precision, f"{FULL}, {said}", speed.batch, speed.decode_tok_per_s, gain, loss, why=why)
            )  # fmt: skip
    return lines


def speculation_lines(bench: Bench) -> list[Line]:
    """Return each form of speculation by batch: it fades and hurts as verifying costs arithmetic."""
    largest = bench.speed(FULL).batch
    lines = []
    for form in forms(bench.scenario):
        row = bench.scenario.rows["speculation"][form]
        if not usable(bench.scenario, form, bench.model):
            continue
        other = "" if same_family(bench.scenario, form, bench.model) else "; a draft of another family stands in"
        for batch in sorted({*(b for b in BATCHES if b < largest), largest}):
            found = draft(bench, form, FULL, batch)
            why = f"{found.accepted_tokens:.2f} tokens a step for {row['verified_tokens']:g} computed; {found.memory_gb:.0f} GB more{other}"
            lines.append(
                bench.line("speculation", row["label"], f"none, batch {batch:g}", batch, found.tok_per_s, found.gain_ratio,
                      status=row["status"], why=why)
            )  # fmt: skip
    return lines


def combined_lines(bench: Bench) -> list[Line]:
    """Return all three techniques together, and what multiplying their single gains would promise."""
    precision = "int4"
    try:
        tiers_met(bench.scenario, bench.model, precision)
    except InputError:
        precision = "fp8"
    one, full = bench.speed(FULL, 1.0), bench.speed(precision)
    form, found = best_draft(bench, precision, full.batch)
    _, alone = best_draft(bench, FULL, 1.0)
    gains = (
        bench.speed(FULL).decode_tok_per_s / one.decode_tok_per_s,
        bench.speed(precision, 1.0).decode_tok_per_s / one.decode_tok_per_s,
        alone.gain_ratio,
    )
    together = found.tok_per_s / one.decode_tok_per_s
    product = gains[0] * gains[1] * gains[2]
    loss = quality_lost_points(bench.scenario, bench.model, precision)
    singles = f"{gains[0]:.0f} × {gains[1]:.1f} × {gains[2]:.1f} = {product:.0f}"
    why = (
        f"not {singles}: all three save reading weights, and a full batch has saved it once; "
        f"drafting then costs arithmetic, {found.gain_ratio:.2f} times here"
        if together < product
        else f"more than {singles}: narrower weights leave memory for a larger batch; drafting gives {found.gain_ratio:.2f} times here"
    )
    setting = f"continuous, {precision}"
    plain = full.decode_tok_per_s / one.decode_tok_per_s
    return [
        bench.line("combined", setting, "one sequence, bf16", full.batch, full.decode_tok_per_s, plain, loss),
        bench.line("combined", f"{setting}, {form}", "one sequence, bf16", full.batch, found.tok_per_s, together, loss,
              status="assumption", why=why),
        Line("combined", "product of the single gains", against="one sequence, bf16", gain_ratio=product, quality_loss_points=loss,
             status="assumption", why="what multiplying would promise"),
    ]  # fmt: skip
