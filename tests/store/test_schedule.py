"""Units for four schedulers: each is read by its own validator where one is installed, and no value changes its meaning."""

import re
import shlex
import shutil
import subprocess

import pytest
import yaml
from command import forecast

from forecast.errors import InputError
from forecast.scheduling.cron import times
from forecast.scheduling.quoting import checked_words
from forecast.scheduling.units import UNITS, Job, calendar_lines

HOSTILE = [
    "refresh",
    "--set",
    "a=50% \"q\" 'p' \\ $HOME `id` $(id) ; #x ${{ secrets.KEY }}",
    "--store",
    "/tmp/ü b.sqlite",
    "",
]
JOB = Job("/opt/my tools/forecast", HOSTILE, times("*/20 6 1,15 * mon-fri"), 'repo/image:"1"')


def test_cron_fields():
    assert times("17 3 * * *")[1:] == ((17,), (3,), tuple(range(1, 32)), tuple(range(1, 13)), tuple(range(7)))
    assert times("weekly").weekdays == (1,)
    assert times("0 0 1-10/3 feb,dec 7").days == (1, 4, 7, 10)
    assert times("0 0 * FEB,dec 7")[4:] == ((2, 12), (0,))
    assert times("0 0 1 * mon").either_day and not times("0 0 */2 * mon").either_day


@pytest.mark.parametrize(
    ("every", "message"),
    [
        ("hourly", '--every "hourly": daily, weekly or five fields such as "17 3 . . ." are allowed'),
        ("60 3 * * *", "minute 60: numbers 0 to 59"),
        ("0 24 * * *", "hour 24: numbers 0 to 23"),
        ("0 0 0 * *", "day 0: numbers 1 to 31"),
        ("0 0 * * 8", "weekday 8: numbers 0 to 7"),
        ("0 0 5-1 * *", "day 5-1"),
        ("*/0 0 * * *", "minute ./0"),
        ("5/10 0 * * *", "minute 5/10"),
        ("0 0 * * *; reboot", "daily, weekly or five fields"),
        ("0 0 * * $(id)", "weekday ..id."),
    ],
)
def test_wrong_times_are_refused(every, message):
    with pytest.raises(InputError, match=message):
        times(every)


def test_control_characters_are_refused():
    for word in ("a\nb", "a\x00b", "a\x1bb", "a\u2028b"):
        with pytest.raises(InputError, match="holds a control character; no unit file can"):
            checked_words(["refresh", word])


def test_a_crontab_line_is_read_back_word_for_word():
    line = UNITS["cron"](JOB).splitlines()[-1]
    fields = line.split(" ", 5)
    assert " ".join(fields[:5]) == "*/20 6 1,15 * mon-fri"
    assert re.search(r"(?<!\\)%", fields[5]) is None, "a bare % would end the command"
    assert shlex.split(fields[5].replace("\\%", "%")) == [JOB.program, *HOSTILE]


def systemd_files(job, folder):
    """Write the unit's two files and return their paths."""
    text = UNITS["systemd"](job)
    parts = re.split(r"^# /etc/systemd/system/(\S+?)(?:,.*)?$", text, flags=re.M)[1:]
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    for name, content in files.items():
        (folder / name).write_text(content)
    return [folder / name for name in files]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_its_units(tmp_path):
    program = tmp_path / "forecast"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    files = systemd_files(JOB._replace(program=str(program)), tmp_path)
    assert [path.name for path in files] == ["forecast-refresh.service", "forecast-refresh.timer"]
    done = subprocess.run(["systemd-analyze", "verify", *map(str, files)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "forecast" not in done.stderr, done.stderr
    for line in calendar_lines(JOB.when):
        assert subprocess.run(["systemd-analyze", "calendar", line], capture_output=True, timeout=60).returncode == 0
    wrong = files[0].read_text().replace("Type=oneshot", "Type=twoshot")
    files[0].write_text(wrong)
    done = subprocess.run(["systemd-analyze", "verify", str(files[0])], capture_output=True, text=True, timeout=60)
    assert "twoshot" in done.stderr, "the validator does look"


def test_systemd_words_mean_what_they_say():
    line = next(line for line in UNITS["systemd"](JOB).splitlines() if line.startswith("ExecStart="))
    words = [
        (quoted.replace('\\"', '"').replace("\\\\", "\\") if bare == "" else bare).replace("%%", "%").replace("$$", "$")
        for quoted, bare in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line.removeprefix("ExecStart="))
    ]
    assert words == [JOB.program, *HOSTILE]


def test_kubernetes_objects_hold_the_words():
    claim, cron = yaml.safe_load_all(UNITS["kubernetes"](JOB))
    container = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["forecast", *HOSTILE] and container["image"] == JOB.image
    assert (cron["spec"]["schedule"], cron["spec"]["timeZone"]) == (JOB.when.text, "Etc/UTC")
    assert cron["spec"]["concurrencyPolicy"] == "Forbid" and claim["kind"] == "PersistentVolumeClaim"


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_kubectl_knows_every_field(tmp_path):
    """`set image --local` reads a file into Kubernetes' own types: what they do not know is gone from its answer."""
    path = tmp_path / "unit.yaml"

    def unknown(text):
        path.write_text(text)
        words = ["kubectl", "set", "image", "--local", "-f", str(path), "refresh=other", "-o", "yaml"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return lacks(yaml.safe_load(text.replace('image: "before"', "image: other")), yaml.safe_load(done.stdout))

    _, cron = UNITS["kubernetes"](JOB._replace(image="before")).split("---\n")
    assert unknown(cron) == []
    found = unknown(cron.replace("restartPolicy", "restartPolice"))
    assert found == [".spec.jobTemplate.spec.template.spec.restartPolice"]


def lacks(wanted, found, place=""):
    """Return where a document holds what another does not."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            p
            for k, v in wanted.items()
            for p in (lacks(v, found[k], f"{place}.{k}") if k in found else [f"{place}.{k}"])
        ]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [p for a, b in zip(wanted, found, strict=True) for p in lacks(a, b, f"{place}[]")]
    return [] if wanted == found else [place]


def test_a_workflow_gives_no_value_to_a_shell_or_to_an_expression(tmp_path):
    flow = yaml.safe_load(UNITS["github-actions"](JOB))
    assert flow[True]["schedule"] == [{"cron": JOB.when.text}], "YAML 1.1 reads the key `on` as true"
    (step,) = [one for one in flow["jobs"]["refresh"]["steps"] if "mapfile" in one.get("run", "")]
    assert "secrets" not in step["run"] and "id" not in step["run"]
    lines = re.sub(r"\$\{\{ '(.*?)' \}\}", r"\1", step["env"]["LINES_OF_WORDS"])  # as GitHub evaluates it
    assert "${{ secrets" not in re.sub(r"\$\{\{ '.*?' \}\}", "", step["env"]["LINES_OF_WORDS"])
    fake = tmp_path / "forecast"
    fake.write_text('#!/bin/bash\nprintf "%s\\0" "$@"\n')
    fake.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", step["run"]], capture_output=True, text=True, timeout=60,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "LINES_OF_WORDS": lines},
    )  # fmt: skip
    assert done.stdout.split("\0")[:-1] == HOSTILE


@pytest.mark.parametrize("scheduler", UNITS)
def test_the_verb_prints_each(scheduler):
    done = forecast("schedule", "--for", scheduler, "--every", "weekly", "--", "base", "--fail-on-drift")
    assert (done.returncode == 0 and "17 3 * * 1" in done.stdout) or "Mon *-*-* 03:17:00 UTC" in done.stdout
    assert "--fail-on-drift" in done.stdout and "--quiet" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nosuch",), 'no scenario "nosuch"'),
        (("--set", "pue=1.2"), 'no parameter "pue"'),
        (("--fail-on-drfit",), "No such option '--fail-on-drfit'"),
        (("--if-locked", "maybe"), "'maybe' is not one of"),
    ],
)
def test_what_refresh_would_refuse_every_night_is_refused_now(words, said):
    done = forecast("schedule", "--", *words)
    assert done.returncode != 0 and said in done.stderr and "17 3" not in done.stdout


def test_what_the_unit_will_not_find_is_noted(monkeypatch):
    monkeypatch.setenv("FORECAST_STORE", "/data/store.sqlite")
    done = forecast("schedule", "--", "my.toml")
    assert done.returncode == 0 and "refresh my.toml --quiet" in done.stdout
    assert "my.toml is looked for where the unit runs" in done.stderr
    assert "FORECAST_STORE of this shell is not in the unit" in done.stderr
    assert forecast("schedule", "--", "/etc/my.toml").stderr.count("note:") == 1
