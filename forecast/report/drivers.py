"""The sections that say why: what drives an answer, and what to watch in the months to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from forecast.delivery.words import calendar, listed, number, percent
from forecast.outcomes.fans import FANS
from forecast.report.charts import WIDTH, Chart, figure
from forecast.report.drawing import bar, frame, words
from forecast.report.markup import Section, bullets, table, text
from forecast.report.scales import Scale, straight_ticks
from forecast.sensitivity.analysis import STUDIED, Sensitivity
from forecast.sensitivity.asked import Asked
from forecast.sensitivity.signals import Signal
from forecast.sensitivity.words import all_inputs, range_text, settled, short_name

ROW, TOP, BOTTOM, LEFT = 38, 6, 26, 14
LONGEST_INPUT = 48
SHARES_ROOM, ENDS_ROOM = 84, 100  # to the right of the bars, for the numbers


class AtStake(NamedTuple):
    """An answer that is open: what is asked, the chance of yes, and the signals that tell of it."""

    asked: Asked
    chance_prob: float
    signals: Sequence[Signal]


def drivers_section(found: Sequence[Sensitivity], as_of: str) -> Section:
    """Return which inputs drive each outcome, how far, and within which ranges it lies high."""
    said = "<p>Inputs are named as “What is assumed” lists them.</p>" if found else ""
    shown = "".join(_outcome(n, one, as_of) for n, one in enumerate(found, start=1))
    return Section("drivers", "What drives it", said + shown)


def _outcome(number: int, found: Sensitivity, as_of: str) -> str:
    name = said_of(str(found.asked), as_of)
    shares = share_chart(f"drivers-{number}-shares", f"{name}: share of each input", found)
    tails = tornado_chart(f"drivers-{number}-tornado", f"{name}: from low to high input", found)
    return (
        f'<h3>{text(name)}</h3>{bullets(_sentences(found))}<div class="figures">{figure(shares)}{figure(tails)}</div>'
    )


def _sentences(found: Sensitivity) -> list[str]:
    sure = settled(found)
    leading = listed([short_name(name) for name in found.inputs[: max(sure, 1)]])
    said = [
        f"{all_inputs(found)} decide {percent(found.inputs_share)} (± "
        f"{200 * found.inputs_share_error:.0f}) of the variance; the rest is the luck of the months, which no study removes.",
        f"Leading: {leading}; {'the order after these' if sure else 'even the order of the first two'} is within the errors "
        f"of {found.n_paths:,} paths.",
        _box_sentence(found),
    ]
    if any(found.correlated[:STUDIED]):
        said.append("Some inputs are correlated; their total counts them as if they were not. Read the Shapley effect.")
    return said


def _box_sentence(found: Sensitivity) -> str:
    level = found.event.rpartition("> ")[2]
    if not found.box:
        return f"No range of these inputs makes a value above {level} likelier."
    ranges = [range_text(name, low, high) for name, (low, high) in found.box_limits.items()]
    return (
        f"It lies above {level} on {percent(found.box.base)} of paths, and on {percent(found.box.density)} of those with "
        f"{listed(ranges)}, which hold {percent(found.box.coverage)} of such paths."
    )


def watch_section(found: Sequence[AtStake], within_months: int, as_of: str, told: Mapping[str, str]) -> Section:
    """Return for each open answer the signals that will be seen soon, with today's value and the level that changes it.

    `told` says what the signals are, by name.
    """
    if not found:
        return Section("watch", "What to watch", "")
    said = (
        f"What will be seen until {calendar(as_of, within_months)}, or may be learnt of an input, and tells most of each "
        "answer. Past the level the chance is another; “yes” in the last column means that the likelier answer turns. "
        "“Tells” is the share of the answer's variance; the latest of an input is the median of what is believed."
    )
    what = bullets(f"{name}: {meaning}" for name, meaning in told.items())
    return Section(
        "watch", "What to watch", f"<p>{text(said)}</p>" + "".join(_answer(one, as_of) for one in found) + what
    )


def _answer(one: AtStake, as_of: str) -> str:
    happens = "has happened" if one.asked.unit == "probability" else "stands above today's"
    question = f"{said_of(str(one.asked), as_of)}, {happens}: chance {percent(one.chance_prob)}"
    if not one.signals:
        return f"<h3>{text(question)}</h3><p>Nothing that will be seen tells more than 1 % of it; it is the luck of the months.</p>"
    header = ["watch", "tells", "latest", "level", "chance beyond it", "else", "turns"]
    rows = [
        [_signal(s.name, as_of), f"{100 * s.told:.0f} ± {200 * s.told_error:.0f} %", number(s.latest),
         f"{'>' if s.above else '<'} {number(s.level)}", percent(s.chance_beyond), percent(s.chance_else), "yes" if s.turns else ""]
        for s in one.signals
    ]  # fmt: skip
    return f"<h3>{text(question)}</h3>" + table("Signals, the most telling first", header, rows)


def _signal(name: str, as_of: str) -> str:
    fan = FANS.get(name.partition(":")[0].partition("@")[0])
    return f"{said_of(name, as_of)}{f', {fan.unit}' if fan else ''}"


def said_of(name: str, as_of: str) -> str:
    """Return an outcome with its calendar month in words; the name of an input as "What is assumed" lists it.

    >>> said_of("market_price:commodity@6", "2026-10-31"), said_of("parameters.supply_response", "2026-10-31")
    ('Market price, commodity, 2027-04', 'supply_response')
    >>> said_of("top5_tokens_frac@6", "2026-10-31"), said_of("hhi_spend@6", "2026-10-31")
    ('Top five by tokens, 2027-04', 'HHI of spend, 2027-04')
    """
    what, _, month = name.rpartition("@")
    if not month.isdigit():
        return short_name(name)
    spoken = what.replace("_frac", "").replace("hhi", "HHI of").replace("top5", "top five by").replace("_", " ")
    return f"{spoken[:1].upper()}{spoken[1:].replace(':', ', ')}, {calendar(as_of, int(month))}"


def share_chart(key: str, title: str, found: Sensitivity) -> Chart:
    """Return the share of the variance of each studied input: alone, and with all it does together with others."""
    names, header = list(map(short_name, found.inputs[:STUDIED])), ["input", "alone", "±", "total", "±", "Shapley", "±"]
    effects = (found.first, found.total, found.shapley)
    rows = [
        [name, *(f"{100 * value[i]:.1f} %" for effect in effects for value in (effect.index, 2 * effect.error))]
        for i, name in enumerate(names)
    ]
    most = max(float(max(effect.index[: len(names)].max() for effect in effects)), 0.01)
    marks = straight_ticks(most)
    height = TOP + ROW * len(names) + BOTTOM
    x, y = Scale(0, marks[-1], LEFT, WIDTH - SHARES_ROOM), Scale(0, 1, height - BOTTOM, TOP)
    strokes = [frame(x, y, {mark: percent(mark) for mark in marks}, {})]
    for i, name in enumerate(names):
        top, total, alone = TOP + ROW * i, x.at(found.total.index[i]), x.at(found.first.index[i])
        strokes += [words(LEFT, top + 11, name, longest=LONGEST_INPUT), bar(LEFT, top + 17, total - LEFT, 13, 0.3)]
        strokes += [bar(LEFT, top + 21, alone - LEFT, 5, 1.0)]
        part = f"{100 * found.shapley.index[i]:.1f} ± {200 * found.shapley.error[i]:.1f} %"
        strokes.append(words(max(total, alone) + 5, top + 28, part))
    said = "Shapley effect: " + "; ".join(f"{row[0]} {row[5]}" for row in rows)
    note = (
        f"share of the variance{' of the logarithm' if found.on_log else ''}; thin solid bar: alone; pale bar: with its "
        "interactions; number: Shapley effect ± two standard errors"
    )
    return Chart(key, title, note, said, (WIDTH, height), strokes, header, rows)


def tornado_chart(key: str, title: str, found: Sensitivity) -> Chart:
    """Return the mean outcome where each studied input lies in its lowest and in its highest tenth."""
    names = list(map(short_name, found.inputs[:STUDIED]))
    low, high = (tail[: len(names)].tolist() for tail in (found.low_tail, found.high_tail))
    height = TOP + ROW * len(names) + BOTTOM
    x = Scale(min(*low, *high, found.mean), max(*low, *high, found.mean), LEFT, WIDTH - ENDS_ROOM)
    y = Scale(0, 1, height - BOTTOM, TOP)
    strokes = [frame(x, y, {found.mean: f"mean {found.mean:.3g}"}, {})]
    for i, name in enumerate(names):
        top = TOP + ROW * i
        strokes.append(words(LEFT, top + 11, name, longest=LONGEST_INPUT))
        for end, down, opacity in ((low[i], 17, 0.3), (high[i], 24, 1.0)):
            left, right = sorted((x.at(end), x.at(found.mean)))
            strokes.append(bar(left, top + down, right - left, 6, opacity))
        strokes.append(words(x.end + 6, top + 27, f"{low[i]:.3g} → {high[i]:.3g}"))
    rows = [[name, f"{a:.3g}", f"{b:.3g}"] for name, a, b in zip(names, low, high, strict=True)]
    said = f"mean {found.mean:.3g}; " + "; ".join(f"{name} {a} to {b}" for name, a, b in rows)
    note = f"{found.asked.unit}, mean over paths; pale bar: input in its lowest tenth; solid bar: in its highest"
    header = ["input", "mean in its lowest tenth", "in its highest"]
    return Chart(key, title, note, said, (WIDTH, height), strokes, header, rows)
