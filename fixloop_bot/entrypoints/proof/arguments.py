"""What one types: the three commands' arguments. Imports nothing heavy, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from fixloop_bot.entrypoints.proof.codes import USAGE

CODES = """\
exit codes:
  0    proven; without --before: passed
  1    not recovered; without --before: failed
  2    inconclusive, or unproven: everything passes, but nothing had failed before
  3    something is wrong with what was asked: no such service, a file, the catalog
  130  stopped by Ctrl-C or SIGTERM
"""
REPLAY_CODES = """\
exit codes:
  0    everything is as it was recorded
  1    something differs: status, verdict, an expectation, or the shape of the body
  2    something could not be looked at
  3    something is wrong with what was asked: no such service, a file, the catalog
  130  stopped by Ctrl-C or SIGTERM
"""
MOST_SAMPLES = 600


class Command(argparse.ArgumentParser):
    """A command that ends with its own code where it was called wrongly: for CI, 2 would mean inconclusive."""

    usage_code = 2

    def error(self, message: str) -> NoReturn:
        self.print_usage(_stderr())
        self.exit(self.usage_code, f"{self.prog}: error: {message}\n")

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        chosen, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return chosen, unknown


def _stderr() -> Any:
    import sys

    return sys.stderr


def add_proof_commands(commands: argparse._SubParsersAction[Command]) -> tuple[Command, ...]:
    """Add the three commands; the caller says what they call."""
    added = tuple(add(commands) for add in (_add_plan, _add_validate, _add_replay))
    for parser in added:
        parser.usage_code = USAGE
        parser.set_defaults(level=logging.WARNING)
    return added


def _add_plan(commands: argparse._SubParsersAction[Command]) -> Command:
    words = "write a plan for a service, as YAML to read, keep and edit"
    parser = commands.add_parser("plan", help=words, description=words)
    parser.add_argument("service", metavar="SERVICE", help="a service of the catalog")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write it there (default: print it)")
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    parser.add_argument("--from-model", action="store_true", help="ask the model for it, if there is one")
    parser.set_defaults(proof="plan")
    return parser


def _add_validate(commands: argparse._SubParsersAction[Command]) -> Command:
    words = "run a plan against a service and say whether it works, or whether it has recovered"
    parser = commands.add_parser(
        "validate",
        help=words,
        description=words,
        epilog=CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("service", metavar="SERVICE", help="a service of the catalog")
    parser.add_argument(
        "--plan", metavar="FILE", type=Path, help="its file (default: --before's plan, else the standard one)"
    )
    parser.add_argument("--before", metavar="RUN", help="what to compare with: an evidence file, or a run (INC-42-r1)")
    parser.add_argument("--evidence", metavar="FILE", type=Path, help="keep the evidence there")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write the result as JUnit XML, too")
    parser.add_argument("--quiet", action="store_true", help="print the result alone")
    parser.set_defaults(proof="validate")
    return parser


def _add_replay(commands: argparse._SubParsersAction[Command]) -> Command:
    words = "send some of a run's recorded samples again and compare"
    parser = commands.add_parser(
        "replay",
        help=words,
        description=words,
        epilog=REPLAY_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("evidence", metavar="EVIDENCE", type=Path, help="a file that `fixloop validate` has written")
    parser.add_argument(
        "--samples", metavar="N", type=_samples, default=20, help="at most so many of each step (default: 20)"
    )
    parser.set_defaults(proof="replay")
    return parser


def _samples(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_SAMPLES):
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {MOST_SAMPLES}")
    return int(text)
