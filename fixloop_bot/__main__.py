"""``fixloop``, and ``python -m fixloop_bot``: the first lines of either.

The command line's own imports take a twentieth of a second, in which Ctrl-C is no error either.
"""


def main() -> int:
    """Run the command that was typed; returns its exit code."""
    try:
        from fixloop_bot.entrypoints.cli import main as command

        return command()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
