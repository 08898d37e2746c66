"""The command `forecast`, also as `python -m forecast`; a signal ends it with one line, even while it still loads."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line and call it."""
    try:
        import signal

        from forecast.cli.main import main as run
        from forecast.cli.main import terminated

        signal.signal(signal.SIGTERM, terminated)
        run()
    except KeyboardInterrupt:  # for a tenth of a second: from then on the command line answers it
        print("forecast: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
