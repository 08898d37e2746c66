"""The page: whole, asking nothing of the outside, inert to hostile names, readable in both themes, equal for equal runs."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from importlib.util import find_spec
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from spoiling import HOSTILE, named

from forecast.cli.main import group
from forecast.delivery.exports import export_forecast
from forecast.delivery.plots import overview, save_figure
from forecast.delivery.words import calendar
from forecast.errors import InputError
from forecast.market.doors import NEVER
from forecast.report.charts import PANEL_WIDTH, Series, panel
from forecast.report.figures import SUBJECTS, chart_files, survival
from forecast.report.markup import Section
from forecast.report.page import page
from forecast.report.scales import Scale, log_ticks, spread, straight_ticks
from forecast.report.sections import runway_section
from forecast.report.stored import read_run
from forecast.report.style import THEMES, style_sheet
from forecast.simulation import simulate
from forecast.summary import summarize_paths
from forecast.tidy_table import Forecast

TAGS = set("html head meta title style body header h1 h2 h3 p ul li nav a main section footer div figure figcaption small svg "
           "desc path rect text details summary table caption thead tbody tr th td dl dt dd".split())  # fmt: skip


class Page(HTMLParser):
    """Reads a page strictly: tags in balance, and what they hold."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.said = [], [], [], []
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        assert len(dict(attrs)) == len(attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


@pytest.fixture(scope="module")
def content(made):
    return page(made)


@pytest.fixture(scope="module")
def parsed(content):
    return Page(content)


def without(forecast: Forecast, *outcomes: str) -> Forecast:
    return replace(forecast, facts=[f for f in forecast.facts if f.outcome not in outcomes])


def test_the_page_is_whole_and_its_anchors_lead_somewhere(parsed):
    assert set(parsed.tags) <= TAGS
    ids = parsed.values("id")
    assert len(ids) == len(set(ids))
    heard = [value for value in parsed.values("aria-label") if value.startswith("The numbers: ")]
    assert len(heard) == len(set(heard)) > 5, "each is told apart"
    pointed = {word for value in parsed.values("aria-labelledby") for word in value.split()}
    assert pointed | {href.removeprefix("#") for href in parsed.values("href")} <= set(ids)
    assert ("lang", "en") in parsed.attributes


def test_a_spoilt_page_is_noticed():
    with pytest.raises(AssertionError):
        Page("<div><p></div>")


def test_nothing_is_asked_of_the_outside(content, parsed):
    assert not {name for name, _ in parsed.attributes} & {
        "src",
        "srcset",
        "action",
        "data",
        "poster",
        "background",
        "style",
    }
    assert all(href.startswith("#") for href in parsed.values("href"))
    assert not re.search(r"url\(|@import|https?:", style_sheet())
    assert "default-src 'none'; style-src 'unsafe-inline'" in parsed.values("content")
    assert len(content.encode()) < 3_000_000


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_inert(small, name):
    shown = page(named(small, name))
    read = Page(shown)
    assert set(read.tags) <= TAGS
    assert not [key for key, _ in read.attributes if key.startswith("on")]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", shown)
    assert len(shown.encode()) < 3_000_000
    for file, drawing in chart_files(named(small, name)).items():
        if file.endswith(".svg"):
            assert {node.tag.partition("}")[2] for node in ElementTree.fromstring(drawing).iter()} <= TAGS


def test_every_chart_has_words_and_numbers_behind_it(made, parsed):
    charts = [chart for subject in SUBJECTS for chart in subject(made)]
    assert len(charts) > 20 and parsed.tags.count("svg") == len(charts) == parsed.values("role").count("img")
    assert parsed.tags.count("desc") == len(charts)
    for chart in charts:
        assert chart.rows or chart.key.startswith("survival-")  # those share one table
        assert f'id="{chart.key}-title"' in chart.drawing and f'id="{chart.key}-said"' in chart.drawing


def test_series_differ_without_colour(made):
    drawings = {chart.key: chart.drawing for subject in SUBJECTS for chart in subject(made)}
    assert 'stroke-dasharray="7 4"' in drawings["price-1"] and 'stroke-dasharray="7 4"' in drawings["consolidation"]
    assert 'stroke-dasharray="2 3"' in drawings["convergence"]


def test_the_numbers_are_those_of_the_table(made, parsed):
    said = " ".join(parsed.said).replace("\u00a0", " ")
    middle = made.value("market_price", "commodity", 12, 0.5)
    assert f"{middle:.3f}" in said
    prob = made.value("out_of_cash", "nebius", 12)
    assert f"{100 * prob:.0f} %" in said and f"{100 * prob:.1f} %" in said


def test_censored_is_said_in_words(made, parsed):
    said = " ".join(parsed.said)
    assert "not within the horizon" in said and "beyond the horizon" in said
    assert made.value("runway_months", "together", None, 0.9) is None
    assert not re.search(r">\s*12\b", said)


def test_survival_is_the_share_of_paths_that_have_not_left(made, paths):
    for row, provider in enumerate(paths.names.providers):
        left = paths.exit_month[row]
        by_hand = [1 - np.mean((left != NEVER) & (left <= month)) for month in range(13)]
        np.testing.assert_allclose(survival(made, "exit", provider), by_hand, rtol=0, atol=1e-12)
        if not paths.names.backed[row, 0]:
            dry = [np.mean(paths.runway_months[row] > month) for month in range(13)]
            np.testing.assert_allclose(survival(made, "out_of_cash", provider), dry, rtol=0, atol=1e-12)


@pytest.mark.parametrize("key", ["consolidation", "convergence"])
def test_a_row_of_six_months_is_drawn_as_far_as_it_is_seen_whole(made, small, key):
    (drawn,) = [chart for subject in SUBJECTS for chart in subject(made) if chart.key == key]
    assert [row[0] for row in drawn.rows] == [calendar("2026-10-31", month) for month in range(8)]  # 12 less 5
    assert not [chart for subject in SUBJECTS for chart in subject(small) if chart.key == key]


def test_the_picture_shows_consolidation_as_far_as_a_row_is_seen_whole(made, small):
    axes = overview(made).axes[-1]
    assert [list(line.get_xdata()) for line in axes.lines] == [list(range(8))] * 2 and axes.get_xlim() == (0, 12)
    assert not any(len(line.get_xdata()) for line in overview(small).axes[-1].lines)


def test_the_picture_shows_who_runs_dry_as_far_as_the_horizon_reaches(made, small):
    """Within a year alone there is no bar of two years, and within less no axis of nothing."""
    twelve, four = (overview(one).axes[-2] for one in (made, small))
    assert [one.get_text() for one in twelve.get_legend().get_texts()] == ["within 12 months"] and twelve.patches
    longest = max(bar.get_width() for bar in twelve.patches)
    assert max(5, longest) <= twelve.get_xlim()[1] <= max(5, 1.1 * longest), "the axis ends where the bars do"
    assert not four.patches and list(four.get_yticks()) == [] and four.get_legend() is None
    assert [one.get_text() for one in four.texts] == ["cannot be told: the horizon is under 12 months"]


def test_dollars_of_a_title_are_no_formula(small, tmp_path):
    """Between two of them matplotlib reads a formula: `$5 or $6` lost its blanks, and a title it could not read the run."""
    title = r"从 from $5 to $\frac{6}$"
    save_figure(overview(replace(small, manifest={**small.manifest, "title": title})), str(tmp_path / "p.svg"))
    assert f"<!-- {title} (as of" in (tmp_path / "p.svg").read_text("utf-8")


def test_a_panel_has_room_for_its_longest_label():
    """`>99 %` at 11 points takes 37 in a wide face (DejaVu Sans)."""
    drawing = panel("key", "title", [Series("in the market", [1.0, 0.995])], "2026-10-31").drawing
    (begins,) = re.findall(r'<text x="([\d.]+)"[^>]*>&gt;99\s%', drawing)
    assert float(begins) + 37 <= PANEL_WIDTH


def test_who_has_no_runway_stands_below_who_runs_no_risk(made):
    safe = [f._replace(value=0.0) if f.provider == "zai" and f.outcome == "out_of_cash" else f for f in made.facts]
    shown = runway_section(replace(made, facts=safe)).content
    places = [shown.index(f">{name}</") for name in ("nebius", "zai", "alibaba", "xai")]
    assert places == sorted(places)


def test_what_does_not_exist_is_left_out(made):
    assert 'id="survival"' in page(made) and 'id="survival"' not in page(without(made, "exit"))
    assert 'id="assumptions"' not in page(replace(made, assumptions=[]))
    assert 'id="convergence"' in page(without(made, "convergence_month"))
    Page(
        page(
            without(
                made, "rent", "exit", "out_of_cash", "consolidation_month", "top5_tokens_frac", "independent_providers"
            )
        )
    )


def test_a_further_section_stands_before_how_sure(made):
    shown = page(made, [Section("drivers", "What drives it", "<p>this</p>")])
    assert shown.index('id="survival"') < shown.index('id="drivers"') < shown.index('id="sureness"')
    assert '<a href="#drivers">What drives it</a>' in shown


def test_equal_runs_give_equal_pages(base, content):
    again = summarize_paths(simulate(base, 400, seed=3))
    again.manifest["duration_s"] = 99.0
    assert page(again) == content


@pytest.mark.parametrize("decimal", ["point", "comma"])
def test_a_stored_run_gives_the_same_page(made, content, tmp_path, decimal):
    export_forecast(made, tmp_path / "run", decimal=decimal)
    assert page(read_run(tmp_path / "run")) == content


def test_a_stored_run_without_its_small_tables_is_still_shown(made, tmp_path):
    export_forecast(made, tmp_path / "run")
    for name in ("runway", "assumptions"):
        (tmp_path / "run" / f"{name}.csv").unlink()
    assert 'id="assumptions"' not in page(read_run(tmp_path / "run"))


@pytest.mark.parametrize(
    ("file", "spoilt", "message"),
    [
        (
            "manifest.json",
            lambda _: None,
            "manifest.json: cannot be read (No such file or directory). Name a folder that",
        ),
        ("manifest.json", lambda _: "{", "manifest.json: not JSON"),
        ("manifest.json", lambda _: "[]", "manifest.json: has no run_id, scenario"),
        ("forecast.csv", lambda _: "", "forecast.csv: the file is empty."),
        ("forecast.csv", lambda _: "a,b\n", "forecast.csv: the columns are a, b; run_id,"),
        ("forecast.csv", lambda _: "a,b\n1\n", "forecast.csv row 2: not the 2 cells of the header."),
        ("forecast.csv", lambda text: text.splitlines()[0], "forecast.csv: a header but no rows"),
        ("forecast.csv", lambda text: text.replace(",0.01,", ",few,", 1), "could not convert string to float: 'few'"),
        ("forecast.csv", lambda text: text.rsplit(",", 3)[0] + ",nan,,0\n", "forecast.csv: nan is not a finite number"),
        ("runway.csv", lambda _: "a\nb\n", "runway.csv: list index out of range"),
        ("assumptions.csv", lambda _: "a,b\nc,d\n", "assumptions.csv: "),
    ],
)
def test_a_folder_that_is_no_run(small, tmp_path, file, spoilt, message):
    export_forecast(small, tmp_path / "run")
    path = tmp_path / "run" / file
    text = spoilt(path.read_text())
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(InputError, match=re.escape(message)):
        read_run(tmp_path / "run")


def test_a_scenario_in_the_place_of_a_run(tmp_path):
    match = "base: no such folder, and no store at .*s.sqlite. .* or ask for a scenario with --scenario base."
    with pytest.raises(InputError, match=match):
        invoked("base", "--store", str(tmp_path / "s.sqlite"))


def invoked(*words: str):
    return CliRunner().invoke(group, ["report", *words], catch_exceptions=False)


def test_the_verb_shows_a_folder_and_writes_figures(made, content, tmp_path):
    export_forecast(made, tmp_path / "run")
    done = invoked(str(tmp_path / "run"), "--out", str(tmp_path / "p.html"), "--figures", str(tmp_path / "fig"))
    assert done.exit_code == 0 and (tmp_path / "p.html").read_text("utf-8") == content
    assert {"price-1.svg", "rent.svg", "survival-1.svg"} <= {path.name for path in (tmp_path / "fig").iterdir()}
    assert invoked(str(tmp_path / "run"), "--out", "-", "--quiet").output == content


def test_the_verb_simulates_without_a_run(tmp_path):
    words = "--scenario capital-drought --months 3 --paths 40 --with none --quiet --out".split()
    assert invoked(*words, str(tmp_path / "p.html")).exit_code == 0
    assert "Scenario capital-drought" in (tmp_path / "p.html").read_text("utf-8")


def test_a_scenario_in_the_place_of_a_run_is_simulated_and_a_folder_wins(made, content, tmp_path, monkeypatch):
    """Before, `report base --paths 5` said to drop one of the two, and `report base` asked for a store."""
    words = "report scarcity --months 3 --paths 40 --with none --quiet --out -".split()
    assert "Scenario scarcity" in invoked(*words[1:]).output
    monkeypatch.chdir(tmp_path)
    export_forecast(made, "scarcity")
    assert invoked("scarcity", "--quiet", "--out", "-").output == content


def test_a_stored_run_is_not_simulated_again(tmp_path):
    with pytest.raises(
        InputError, match="a stored run is shown as it is, not simulated again. Drop --paths, --set, or drop x"
    ):
        invoked("x", "--paths", "5", "--set", "a=1")


def test_a_page_that_cannot_be_written(small, tmp_path):
    export_forecast(small, tmp_path / "run")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written .* Choose another --out"):
        invoked(str(tmp_path / "run"), "--out", str(tmp_path / "file" / "p.html"))


def test_figures_stand_alone(made):
    files = chart_files(made)
    for name, drawing in files.items():
        if name.endswith(".svg"):
            assert ElementTree.fromstring(drawing).tag == "{http://www.w3.org/2000/svg}svg"
            assert b"var(" not in drawing
        else:
            assert drawing.startswith(b"\x89PNG")
    assert any(name.endswith(".png") for name in files) == (find_spec("cairosvg") is not None)


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --allow-file-access-from-files --virtual-time-budget=9000 --dump-dom"
).split()


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(
    ("spoilt", "beyond"), [("", "0 0"), ('<div style="width:1500px">wide</div>', r"1\d{3} [1-9]\d*")]
)
def test_a_phone_and_a_desk_need_no_sideways_scroll(content, tmp_path, spoilt, beyond):
    (tmp_path / "page.html").write_text(content.replace("<main>", f"<main>{spoilt}"), "utf-8")
    frames = "".join(f'<iframe src="page.html" style="width:{width}px;height:600px"></iframe>' for width in (360, 1240))
    measure = (
        "onload = () => document.title = Array.from(document.querySelectorAll('iframe'), f => f.contentDocument.documentElement)"
        ".map(page => page.scrollWidth - page.clientWidth).join(' ')"
    )
    (tmp_path / "frames.html").write_text(f"<title></title>{frames}<script>{measure}</script>", "utf-8")
    words = [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path / 'user'}", (tmp_path / "frames.html").as_uri()]
    seen = subprocess.run(words, check=True, capture_output=True, text=True, timeout=120).stdout
    assert re.search(f"<title>{beyond}</title>", seen)


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.1 of a colour #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_by_hand():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the best known near miss


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["paper", "card"])
def test_contrast_of_each_theme(theme, ground):
    colours = THEMES[theme]
    read, seen = ("ink", "quiet", "first", "second", "third"), ("frame",)
    for names, least in ((read, 4.5), (seen, 3.0)):
        for name in names:
            assert contrast(colours[name], colours[ground]) >= least, f"{theme}: {name} on {ground}"


def test_every_colour_of_the_style_is_one_of_the_theme(content):
    assert set(re.findall(r"var\(--(\w+)\)", content)) == set(THEMES["light"]) == set(THEMES["dark"])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_labels_keep_their_distance(places):
    moved = spread(places, 13, 0, 100)
    assert all(0 <= place <= 100 for place in moved)
    assert all(after - before >= 13 - 1e-9 for before, after in pairwise(sorted(moved)))
    assert all(
        (a < b) == (c < d)
        for a, c in zip(places, moved, strict=True)
        for b, d in zip(places, moved, strict=True)
        if a != b
    )


@given(st.floats(1e-6, 1e6), st.floats(1, 1e4))
def test_marks_hold_what_is_drawn(low, ratio):
    marks = log_ticks(low, low * ratio)
    assert len(marks) >= 2 and marks == sorted(marks)
    assert marks[0] <= low * (1 + 1e-9) and marks[-1] >= low * ratio * (1 - 1e-9)
    straight = straight_ticks(low)
    assert straight[0] == 0 and straight[-1] >= low * (1 - 1e-9) and len(straight) <= 7


def test_what_lies_outside_an_axis_is_drawn_at_its_edge():
    assert Scale(0.01, 1, 200, 0, log=True).at(0.0) == 200
