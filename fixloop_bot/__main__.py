"""``python -m fixloop_bot`` is the ``fixloop`` command."""

from fixloop_bot.entrypoints.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
