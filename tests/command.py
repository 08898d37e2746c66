"""The command line within this process: what `main` prints and how it ends, without the start of another Python."""

import atexit
import contextlib
import gc
import io
import subprocess
import sys

import pytest

from forecast.cli.main import main


def forecast(*arguments, env=None):
    """Return what `forecast` with these arguments prints to stdout and stderr, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(sys, "argv", ["forecast", *arguments])
        patch.setattr(gc, "set_threshold", lambda *_: None)  # settings for a process that ends with the command
        patch.setattr(atexit, "register", lambda *_: None)
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as done:
            main()
    return subprocess.CompletedProcess(arguments, done.value.code or 0, out.getvalue(), err.getvalue())
