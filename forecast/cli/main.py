"""`forecast`: each verb parses, makes one library call, and prints. Verbs are imported when they are called."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn

import click

from forecast import __version__
from forecast.errors import CONTROL, ForecastError, InputError, shortened, suggestion

VERBS = {
    "run": "simulate a scenario and print its headline tables",
    "compare": "scenarios under the same chance: paired differences with their error",
    "report": "one self-contained HTML page about a run or a scenario",
    "refresh": "the scheduled job: fetch, check, store, refit, rerun, score, compare, publish",
    "schedule": "print a unit that refreshes regularly: cron, systemd, Kubernetes, GitHub Actions",
    "score": "past forecasts against what came true",
    "history": "past runs of the store",
    "explain": "what moved the answer between two runs, input by input",
    "export": "files of a past run again",
    "list": "the shipped scenarios",
    "show": "every resolved value of a scenario with where it came from",
    "where": "file, line, formula and source of a quantity",
    "check": "validate data tables and scenarios",
    "sensitivity": "which inputs drive which outcome, and what learning one is worth",
    "contract": "fix the price today or buy month by month, with provider risk",
    "own": "buy accelerators or rent them: from which use on, and when they have paid for themselves",
    "watch": "what to watch: signals, the level that would change an answer, their latest value",
    "cost": "cost per million tokens with its waterfall",
    "backtest": "rolling-origin scores of the trends, on our series or on a file of prices",
    "calibrate": "fit the throughput model or the trends and check the stored numbers",
    "trend": "the fitted trends with their evidence",
    "hindcast": "the forecast of a past date against what happened",
    "audit": "the founding article's claims recomputed, with a verdict on each",
    "predictions": "the article's predictions: probabilities, resolutions and scores",
}

INTERRUPTED = 130  # what shells say of a command that Ctrl-C ended
READ_ENOUGH = 141  # and of one whose reader, such as `head`, had enough
TERMINATED = 143  # and of one that SIGTERM ended: a scheduler's stop
MOST_PROBLEMS = 100  # a table that others point at can break thousands of rows


class Terminated(KeyboardInterrupt):
    """SIGTERM came: what is at work is undone and recorded as after Ctrl-C."""


def terminated(*_: object) -> NoReturn:
    """Answer SIGTERM, which would end the process on the spot."""
    raise Terminated("ended by SIGTERM")


def usage(error: click.UsageError) -> str:
    """Return in one line what click says of a wrong option or argument: verb, what was found, where to look."""
    path = error.ctx.command_path if error.ctx else "forecast"
    said = error.format_message().replace("is not a valid float", "is no number")
    said = shortened(" ".join(said.replace("is not a valid integer", "is no whole number").split()).rstrip("."), 400)
    verb = path.partition(" ")[2]
    return f"{verb}{': ' if verb else ''}{said}. See {path} --help."


@contextmanager
def ended_as_shells_say() -> Iterator[None]:
    """Give the exit code of a signal; click would answer Ctrl-C and `| head` with 1, as if the work had failed.

    Wrong usage becomes bad input like any other: click would show it in three lines.
    """
    try:
        yield
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # `forecast` alone; an older click has no such error
            raise
        raise InputError(usage(error)) from None
    except Terminated:
        click.echo("forecast: terminated", err=True)
        raise click.exceptions.Exit(TERMINATED) from None
    except KeyboardInterrupt:
        click.echo("forecast: interrupted", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        forsake_stdout()
        raise click.exceptions.Exit(READ_ENOUGH) from None


class Verbs(click.Group):
    """A group whose verbs live in `forecast.cli.<verb>_verb`, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = import_module(f"forecast.cli.{cmd_name}_verb").command
        assert isinstance(command, click.Command)
        if all(parameter.name != "quiet" for parameter in command.params):  # a script may say it to any verb
            command.params.append(click.Option(["--quiet"], is_flag=True, expose_value=False, help="No progress."))
        return command

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Parse; `--help` prints from here."""
        with ended_as_shells_say():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the verb."""
        with ended_as_shells_say():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise InputError(f'no command "{args[0]}"; known: {", ".join(VERBS)}.{suggestion(args[0], VERBS)}')
        return super().resolve_command(ctx, args)


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(__version__, prog_name="forecast")
def group() -> None:
    """Forecast provider runway, consolidation and token prices of the AI inference market."""


def speak_plainly() -> None:
    """Write UTF-8 to a file or a pipe whatever the locale, and to a terminal what it can show of our text."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=None if sys.stdout.isatty() else "utf-8", errors="replace")


def forsake_stdout() -> None:
    """Let what is left for a stdout that failed vanish: it is not tried again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> None:
    """Run the command line; bad input is one message and exit 2, failed work exit 1."""
    speak_plainly()
    # A command makes many small rows and hardly a cycle: to look for those among all rows takes as long as to make them.
    gc.set_threshold(1_000_000)
    atexit.register(gc.freeze)  # nor once more at the exit
    # The matrices are small: threads of the linear algebra library would wait for each other, and change last bits.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.stdout is None:  # closed by the caller (>&-): Python would drop in silence what is written there
        os.dup2(os.open(os.devnull, os.O_RDONLY), 1)
        sys.stdout = os.fdopen(1, "w")  # writing fails, as it does on a full disk
    try:
        group(prog_name="forecast")
    except InputError as error:
        for problem in error.problems[:MOST_PROBLEMS]:
            click.echo(f"forecast: {CONTROL.sub('?', problem)}", err=True)
        if more := len(error.problems[MOST_PROBLEMS:]):
            click.echo(f"forecast: and {more:,} more. Correct these first.", err=True)
        sys.exit(2)
    except ForecastError as error:
        click.echo(f"forecast: {error}", err=True)
        sys.exit(1)
    except OSError as error:  # a place that was named, and that nothing had tried before; or stdout
        if error.filename is None:
            forsake_stdout()
        place = shortened(error.filename or "stdout", 400)
        click.echo(
            f"forecast: {place}: {error.strerror or error}. Choose another place, or give it room and rights.", err=True
        )
        sys.exit(2 if error.filename else 1)
    except MemoryError:
        click.echo("forecast: the work needs more memory than there is. Ask for fewer --paths or --months.", err=True)
        sys.exit(1)
