"""What `forecast cost` prints: a deployment with its waterfall, and the table of techniques."""

from __future__ import annotations

from typing import Any

from forecast.delivery.words import counted, dollars, figures, percent
from forecast.serving.workloads import launch_dates


def cost_text(found: dict[str, Any]) -> str:
    """Return the text of a deployment's cost."""
    speed, cost = found["output_tokens_per_s_per_accelerator"], found["cost_usd_per_mtok"]
    wide = ", wide expert parallelism" if found["wide_parallel"] else ""
    lines = [
        f"{found['model']} on {found['accelerators']:.0f} × {found['accelerator']}, {found['precision']}{wide}, "
        f"{found['input_tokens']:.0f} in / {found['output_tokens']:.0f} out, batch {found['concurrency']:.0f} "
        f"({found['step_ms']:.1f} ms between tokens); as of {found['as_of']}",
        *(["  slower than asked: no group tried meets --latency-ms"] if found["latency_met"] is False else []),
        f"  output tokens/s per accelerator  {_short(speed['p50'])}  (80 % band {_short(speed['p10'])}-{_short(speed['p90'])})",
        f"  {'owned cost                     ' if 'rent' not in found['waterfall'] else 'rent                           '}"
        f"  ${found['usd_per_accelerator_hour']:.2f} per accelerator-hour{_published(found)}",
        f"  USD per million tokens           input {cost['input']:.4f}   cached {cost['cached_input']:.5f}   "
        f"output {cost['output']:.4f}   blended {cost['blended']:.4f}",
        "  waterfall of the blended cost",
        *(
            f"    {part:14s} {value:9.5f}   {100 * value / cost['blended']:5.1f} %"
            for part, value in found["waterfall"].items()
        ),
        f"  at a busy share of {percent(found['utilisation_frac'])}; blended at other shares: "
        + ", ".join(
            f"{percent(float(u))} {usd:.4f}" for u, usd in found["blended_usd_per_mtok_at_utilisation"].items()
        ),
        f"  a day of this group              {figures(found['group_mtok_per_day'], 3)} million tokens at that share, for "
        f"{dollars(found['group_usd_per_day'])}; fewer cost as much",
        f"  floor, best machine, same mix    {found['floor_usd_per_mtok']:.4f}  ({found['floor_accelerator']}"
        f"{', its experts over many nodes' if found['floor_wide_parallel'] else ''})",
    ]
    if rents := found["asked_rent_usd_per_accelerator_hour"]:
        lines.append(
            f"  rents asked on demand            ${rents['median']:.2f} ({rents['lowest']:.2f}-{rents['highest']:.2f}, "
            f"{counted(rents['quotes'], 'quote')} to {rents['newest_on']}): blended {cost['blended_at_asked_rent']:.4f}"
        )
    if market := found["market_usd_per_mtok"]:
        whole = ", cached input at full price" if found["cached_frac"] else ""
        lines.append(
            f"  market list price, same mix      {market['median']:.4f}  ({market['lowest']:.4f}-{market['highest']:.4f}, "
            f"{counted(market['hosts'], 'host')}{whole}), {market['median'] / cost['blended']:.1f} times this cost"
        )
    if energy := found["joule_per_output_token"]:
        lines.append(
            f"  energy of an output token        {energy['machines']:.3g} J at the machines, {energy['facility']:.3g} J at the meter"
        )
    if found["quality_loss_points"]:
        lost = found["tiers"]["lost"]
        lines.append(
            f"  quality                          {found['quality_loss_points']:g} points of accuracy lost against the weights as published"
            + (f"; no longer in the tier {', '.join(lost)}" if lost else "")
        )
    return "\n".join([*lines, *_marks(found)])


def techniques_text(table: dict[str, Any]) -> str:
    """Return the text of the table of techniques."""
    one = table["batch_one"]
    lines = [
        f"{table['model']} on {table['accelerators']:.0f} × {table['accelerator']}, {table['input_tokens']:.0f} in / "
        f"{table['output_tokens']:.0f} out, at most {1000 * table['latency_s']:.0f} ms between tokens; rates of decoding",
        f"  one sequence at {one['precision']}: {one['weights_gb']:.0f} GB of weights, {one['memory_gb_per_accelerator']:g} GB of memory: "
        f"{one['least_accelerators']:.0f} accelerators",
        f"  a token reads {one['read_gb_per_token']:.0f} GB at {one['bandwidth_tb_per_s']:g} TB/s: {one['ideal_ms_per_token_on_one']:.1f} ms on one, "
        f"{one['ideal_ms_per_token']:.1f} ms on {one['least_accelerators']:.0f} at peak; {one['ms_per_token']:.1f} ms by the fitted model",
        f"  {'technique':20s} {'setting':36s} {'batch':>6s} {'tok/s':>8s} {'gain':>7s}  {'USD/Mtok':>8s} {'lost':>4s}  over",
    ]
    for row in table["techniques"]:
        cells = (
            _number(row["batch"], "6.0f"), _number(row["output_tokens_per_s_per_accelerator"], "8.1f"),
            _number(row["gain_ratio"], "7.2f"), _number(row["output_usd_per_mtok"], "8.3f"),
        )  # fmt: skip
        mark = "" if row["status"] in ("measured", "derived") else f" [{row['status']}]"
        lines.append(
            f"  {row['technique']:20s} {row['setting']:36s} {cells[0]} {cells[1]} {cells[2]}  {cells[3]} "
            f"{row['quality_loss_points']:4.1f}  {row['against']}{mark}{'; ' if row['why'] else ''}{row['why']}"
        )
    lines.append(
        "  lost: accuracy points against the weights as published; tok/s: output tokens per accelerator and second"
    )
    return "\n".join([*lines, *_marks(table)])


def _number(value: float | None, form: str) -> str:
    width = int(form.partition(".")[0])
    return "-".rjust(width) if value is None else format(value, form)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _published(found: dict[str, Any]) -> str:
    published, maker = found["published_owned_usd_per_accelerator_hour"], found["maker_usd_per_accelerator_hour"]
    said = [f"for its maker ${maker:.2f}"] if maker else []
    said += [f"a published model has ${published:.2f}"] if published else []
    return f"  ({'; '.join(said)})" if said else ""


def _marks(found: dict[str, Any]) -> list[str]:
    lines = []
    if found["accelerator_status"] not in ("measured", "derived"):
        lines.append(
            f"  mark: {found['accelerator_status']}: the specification of {found['accelerator']} is a "
            f"{found['accelerator_status']}, {found['accelerator_confidence']} confidence"
        )
    if found["efficiency_status"] == "assumption":
        lines.append("  mark: assumption: no independent measurement of this family; the band is wide on purpose")
    elif not found["measured_rows"]:
        lines.append(
            "  mark: derived: no measurement of this accelerator, its family stands in; the band is wide on purpose"
        )
    elif not found["fitted_rows"]:
        lines.append(
            f"  mark: derived: {found['measured_rows']} rows measure this accelerator, none of them is in the fit; its family stands "
            "in, and the band is wide on purpose"
        )
    if not found["available"]:
        dates = launch_dates(found["announced_on"], found["promised_on"], found["expected_on"])
        lines.append(f"  mark: projection: not broadly available at {found['as_of']}; {dates}")
    for claim in found.get("claims", []):
        lines.append(
            f"  claim, not used: {figures(claim['output_tok_per_s_per_accelerator'], 3)} tokens/s per accelerator, {claim['model']} on "
            f"{claim['accelerators']} ({claim['load']}; {claim['note']})"
        )
    return lines
