"""Charts of what drives an outcome: each input's share of the variance, and the mean outcome in its tails."""

from __future__ import annotations

from forecast.delivery.words import percent
from forecast.report.charts import WIDTH, Chart
from forecast.report.drawing import bar, frame, picture, words
from forecast.report.scales import Scale, straight_ticks
from forecast.sensitivity.analysis import STUDIED, Sensitivity
from forecast.sensitivity.words import short_name

ROW, TOP, BOTTOM, LEFT = 38, 6, 26, 14
LONGEST_INPUT = 48
SHARES_ROOM, ENDS_ROOM = 84, 100  # to the right of the bars, for the numbers


def share_chart(key: str, title: str, found: Sensitivity) -> Chart:
    """Return the share of the variance of each studied input: alone, and with all it does together with others."""
    names, header = _names(found), ["input", "alone", "±", "total", "±", "Shapley", "±"]
    effects = (found.first, found.total, found.shapley)
    rows = [
        [name, *(f"{100 * value[i]:.1f} %" for effect in effects for value in (effect.index, 2 * effect.error))]
        for i, name in enumerate(names)
    ]
    most = max(float(max(effect.index[: len(names)].max() for effect in effects)), 0.01)
    marks = straight_ticks(most)
    height = TOP + ROW * len(names) + BOTTOM
    x, y = Scale(0, marks[-1], LEFT, WIDTH - SHARES_ROOM), Scale(0, 1, height - BOTTOM, TOP)
    drawn = [frame(x, y, {mark: percent(mark) for mark in marks}, {})]
    for i, name in enumerate(names):
        top, total, alone = TOP + ROW * i, x.at(found.total.index[i]), x.at(found.first.index[i])
        drawn += [words(LEFT, top + 11, name, longest=LONGEST_INPUT), bar(LEFT, top + 17, total - LEFT, 13, 0.3)]
        drawn += [bar(LEFT, top + 21, alone - LEFT, 5, 1.0)]
        drawn += [words(max(total, alone) + 5, top + 28, f"{100 * found.shapley.index[i]:.1f} ± {200 * found.shapley.error[i]:.1f} %")]  # fmt: skip
    said = "Shapley effect: " + "; ".join(f"{row[0]} {row[5]}" for row in rows)
    note = (
        f"share of the variance{' of the logarithm' if found.on_log else ''}; thin solid bar: alone; pale bar: with its "
        "interactions; number: Shapley effect ± two standard errors"
    )
    return Chart(key, title, note, picture(key, title, said, (WIDTH, height), "".join(drawn)), header, rows)


def tornado_chart(key: str, title: str, found: Sensitivity) -> Chart:
    """Return the mean outcome where each studied input lies in its lowest and in its highest tenth."""
    names = _names(found)
    low, high = (tail[: len(names)].tolist() for tail in (found.low_tail, found.high_tail))
    height = TOP + ROW * len(names) + BOTTOM
    x = Scale(min(*low, *high, found.mean), max(*low, *high, found.mean), LEFT, WIDTH - ENDS_ROOM)
    y = Scale(0, 1, height - BOTTOM, TOP)
    drawn = [frame(x, y, {found.mean: f"mean {found.mean:.3g}"}, {})]
    for i, name in enumerate(names):
        top = TOP + ROW * i
        drawn.append(words(LEFT, top + 11, name, longest=LONGEST_INPUT))
        for end, down, opacity in ((low[i], 17, 0.3), (high[i], 24, 1.0)):
            left, right = sorted((x.at(end), x.at(found.mean)))
            drawn.append(bar(left, top + down, right - left, 6, opacity))
        drawn.append(words(x.end + 6, top + 27, f"{low[i]:.3g} → {high[i]:.3g}"))
    rows = [[name, f"{a:.3g}", f"{b:.3g}"] for name, a, b in zip(names, low, high, strict=True)]
    said = f"mean {found.mean:.3g}; " + "; ".join(f"{name} {a} to {b}" for name, a, b in rows)
    note = f"{found.asked.unit}, mean over paths; pale bar: input in its lowest tenth; solid bar: in its highest"
    header = ["input", "mean in its lowest tenth", "in its highest"]
    return Chart(key, title, note, picture(key, title, said, (WIDTH, height), "".join(drawn)), header, rows)


def _names(found: Sensitivity) -> list[str]:
    return [short_name(name) for name in found.inputs[:STUDIED]]
