"""The units: a crontab line, a systemd service with its timer, a Kubernetes CronJob, a GitHub Actions workflow.

All times are UTC. None runs twice at once, by the scheduler's own means and by the lock on the store; a refresh that meets
another one (exit code 5) has not failed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from forecast import __version__
from forecast.scheduling.cron import MONTHS, WEEKDAYS, Times
from forecast.scheduling.quoting import cron_line, systemd_line, yaml_list, yaml_text

LOCKED = 5
LONGEST_S = 3600
PACKAGE = f"inference-forecast=={__version__}"


class Job(NamedTuple):
    """What a unit calls: the program, its words, when, and what only some schedulers need."""

    program: str
    words: Sequence[str]  # what follows the program
    when: Times
    image: str


def cron_unit(job: Job) -> str:
    """Return lines for `crontab -e`."""
    return (
        "# Add with `crontab -e`. CRON_TZ is understood by cronie; another cron must run in UTC.\n"
        "CRON_TZ=UTC\n"
        f"{job.when.text} {cron_line([job.program, *job.words])}\n"
    )


def systemd_unit(job: Job) -> str:
    """Return a service and its timer, each under the name of its file."""
    calendar = "".join(f"OnCalendar={line}\n" for line in calendar_lines(job.when))
    return (
        "# /etc/systemd/system/forecast-refresh.service\n"
        "[Unit]\n"
        "Description=Refresh the forecasts of the AI inference market\n"
        "Wants=network-online.target\n"
        "After=network-online.target\n\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"ExecStart={systemd_line([job.program, *job.words])}\n"
        f"SuccessExitStatus={LOCKED}\n"
        f"TimeoutStartSec={LONGEST_S}\n\n"
        "# /etc/systemd/system/forecast-refresh.timer, then `systemctl enable --now forecast-refresh.timer`\n"
        "[Unit]\n"
        "Description=When to refresh the forecasts\n\n"
        "[Timer]\n"
        f"{calendar}"
        "Persistent=true\n\n"
        "[Install]\n"
        "WantedBy=timers.target\n"
    )


def calendar_lines(when: Times) -> list[str]:
    """Return the times as OnCalendar expressions; several mean either, as cron does for a date and a weekday.

    >>> from forecast.scheduling.cron import times
    >>> calendar_lines(times("daily")), calendar_lines(times("0 6 1 * mon"))
    (['*-*-* 03:17:00 UTC'], ['*-*-01 06:00:00 UTC', 'Mon *-*-* 06:00:00 UTC'])
    """
    month = _listed(when.months, len(MONTHS) - 1)
    day, clock = _listed(when.days, 31), f"{_listed(when.hours, 24)}:{_listed(when.minutes, 60)}:00 UTC"
    whole_week = len(when.weekdays) == len(WEEKDAYS)
    week = "" if whole_week else ",".join(WEEKDAYS[number].capitalize() for number in when.weekdays) + " "
    if when.either_day and not whole_week:
        return [f"*-{month}-{day} {clock}", f"{week}*-{month}-* {clock}"]
    return [f"{week}*-{month}-{day} {clock}"]


def _listed(numbers: Sequence[int], every: int) -> str:
    return "*" if len(numbers) == every else ",".join(f"{number:02d}" for number in numbers)


def kubernetes_unit(job: Job) -> str:
    """Return a CronJob and the volume its store lies on."""
    return (
        "apiVersion: v1\n"
        "kind: PersistentVolumeClaim\n"
        "metadata:\n"
        "  name: forecast-store\n"
        "spec:\n"
        "  accessModes: [ReadWriteOnce]\n"
        "  resources:\n"
        "    requests:\n"
        "      storage: 5Gi\n"
        "---\n"
        "apiVersion: batch/v1\n"
        "kind: CronJob\n"
        "metadata:\n"
        "  name: forecast-refresh\n"
        "spec:\n"
        f"  schedule: {yaml_text(job.when.text)}\n"
        "  timeZone: Etc/UTC\n"
        "  concurrencyPolicy: Forbid\n"
        "  successfulJobsHistoryLimit: 3\n"
        "  failedJobsHistoryLimit: 7\n"
        "  jobTemplate:\n"
        "    spec:\n"
        "      backoffLimit: 1\n"
        f"      activeDeadlineSeconds: {LONGEST_S}\n"
        "      template:\n"
        "        spec:\n"
        "          restartPolicy: Never\n"
        "          containers:\n"
        "            - name: refresh\n"
        f"              image: {yaml_text(job.image)}\n"
        f"              command: {yaml_list(['forecast', *job.words])}\n"
        "              env:\n"
        "                - name: XDG_DATA_HOME\n"
        "                  value: /data\n"
        "              volumeMounts:\n"
        "                - name: store\n"
        "                  mountPath: /data\n"
        "          volumes:\n"
        "            - name: store\n"
        "              persistentVolumeClaim:\n"
        "                claimName: forecast-store\n"
    )


def github_unit(job: Job) -> str:
    """Return a workflow that keeps the store in the cache and hands out the files of the last run.

    The words stand in a variable of their own, one a line, so that no shell reads them.
    """
    words = " ".join(f'"${{WORDS[{place}]}}"' for place in range(len(job.words)))
    return (
        "# .github/workflows/forecast-refresh.yml\n"
        "name: forecast refresh\n"
        "on:\n"
        "  schedule:\n"
        f"    - cron: {yaml_text(job.when.text)}\n"
        "  workflow_dispatch: {}\n"
        "permissions:\n"
        "  contents: read\n"
        "concurrency:\n"
        "  group: forecast-refresh\n"
        "  cancel-in-progress: false\n"
        "jobs:\n"
        "  refresh:\n"
        "    runs-on: ubuntu-latest\n"
        f"    timeout-minutes: {LONGEST_S // 60}\n"
        "    env:\n"
        "      XDG_DATA_HOME: ${{ github.workspace }}/data\n"
        "    steps:\n"
        "      - uses: actions/setup-python@v5\n"
        "        with:\n"
        '          python-version: "3.12"\n'
        f"      - run: pip install {yaml_text(PACKAGE)[1:-1]}\n"
        "      - uses: actions/cache/restore@v4\n"
        "        with:\n"
        "          path: data\n"
        "          key: forecast-store-${{ github.run_id }}\n"
        "          restore-keys: forecast-store-\n"
        "      - shell: bash\n"
        "        env:\n"
        f"          LINES_OF_WORDS: {yaml_text(chr(10).join(_escaped(word) for word in job.words))}\n"
        "        run: |\n"
        '          mapfile -t WORDS <<< "$LINES_OF_WORDS"\n'
        f"          forecast {words}\n"
        "      - if: always()\n"
        "        uses: actions/cache/save@v4\n"
        "        with:\n"
        "          path: data\n"
        "          key: forecast-store-${{ github.run_id }}\n"
        "      - if: always()\n"
        "        uses: actions/upload-artifact@v4\n"
        "        with:\n"
        "          name: forecast\n"
        "          path: data/inference-forecast/*.runs/latest/\n"
    )


def _escaped(word: str) -> str:
    """Return a word in which GitHub sees no expression: `${{` is begun by an expression that gives it."""
    return word.replace("${{", "${{ '${{' }}")


UNITS: dict[str, Callable[[Job], str]] = {
    "cron": cron_unit,
    "systemd": systemd_unit,
    "kubernetes": kubernetes_unit,
    "github-actions": github_unit,
}
