"""The ``fixloop`` command. Each command imports what it needs when it runs, so that ``--help`` answers at once."""

from __future__ import annotations

import argparse
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from fixloop_bot import __version__
from fixloop_bot.entrypoints.catalog import add_catalog_commands
from fixloop_bot.entrypoints.proof.arguments import Command, add_proof_commands

USAGE_ERROR = 3
INTERRUPTED = 130
T = TypeVar("T")
ASK_THE_DOCTOR = "`fixloop doctor` says what is connected."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code. Errors are one sentence on stderr, never a traceback."""
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _main(arguments: Sequence[str] | None) -> int:
    _open_streams()
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] | None = getattr(chosen, "command", None)
    if command is None:
        parser.print_help()
        return 0
    logging.basicConfig(
        level=logging.DEBUG if chosen.verbose else getattr(chosen, "level", logging.INFO),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    _quiet(chosen.verbose)
    return _obeyed(command, chosen)


def _obeyed(command: Callable[[argparse.Namespace], int], chosen: argparse.Namespace) -> int:
    """The command's exit code; what went wrong is a sentence."""
    from fixloop_bot.domain.errors import FixLoopError, StoreUnavailable

    try:
        code = command(chosen)
        sys.stdout.flush()  # a disk that is full says so here, where it can be told
    except FixLoopError as error:
        print(f"fixloop: {error}{f' {ASK_THE_DOCTOR}' if isinstance(error, StoreUnavailable) else ''}", file=sys.stderr)
        return USAGE_ERROR
    except BrokenPipeError:  # `fixloop datadog template | head`: the reader has seen enough
        _discard_output()
        return 0
    except OSError as error:
        logging.getLogger(__name__).debug("what could not be done", exc_info=True)
        place = f"{error.filename}: " if error.filename else ""
        print(f"fixloop: {place}{error.strerror or error}", file=sys.stderr)
        _discard_output()
        return USAGE_ERROR
    return code


def _open_streams() -> None:
    """Make all three usable: one that is closed leads nowhere, and what its encoding has no sign for is spelled out.

    A socket of ours must not get the number of a stream that is closed: what is printed would be sent through it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - for as long as the process lives
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Python flushes what is left at its end, and would complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="fixloop", description="Says in the incident's thread whether production has recovered, and proves it."
    )
    parser.add_argument("--version", action="version", version=f"fixloop {__version__}")
    parser.add_argument("--verbose", action="store_true", help="log every detail")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Command)
    for name, words, as_web, as_worker in (
        ("serve", "web and worker in one process", True, True),
        ("web", "take webhooks and clicks; any number of them", True, False),
        ("worker", "do the work; any number of them", False, True),
    ):
        process = commands.add_parser(name, help=words, description=words)
        process.set_defaults(command=_process, as_web=as_web, as_worker=as_worker)
    for command in add_proof_commands(commands):
        command.set_defaults(command=_proof)
    _add_sandbox(commands)
    _add_doctor(commands)
    _add_datadog(commands)
    add_catalog_commands(commands)
    return parser


def _add_sandbox(commands: argparse._SubParsersAction[Command]) -> None:
    words = "the whole product on this machine: a shop to break, a local Datadog, a local Slack, and the bot"
    sandbox = commands.add_parser("sandbox", help=words, description=words)
    sandbox.add_argument("--port", type=_port, default=0, metavar="N", help="the page's port (default: a free one)")
    sandbox.add_argument("--no-browser", action="store_true", help="open no browser; the address is printed anyway")
    sandbox.add_argument("--keep", metavar="DIR", help="keep the store and the logs in this directory")
    words = "your own services instead of the shop; SHOP_URL in it stands for the shop's address"
    sandbox.add_argument("--catalog", metavar="FILE", help=words)
    words = "play a scenario from break to proof and print the thread (default: checkout-500); all plays all of them"
    sandbox.add_argument("--play", nargs="?", const="", metavar="SCENARIO", help=words)
    sandbox.add_argument("--scenario", metavar="NAME", help="the same as --play NAME")
    sandbox.add_argument("--list", action="store_true", help="list the scenarios")
    sandbox.set_defaults(command=_sandbox)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: it is a number from 0 to 65535")
    return int(text)


def _add_doctor(commands: argparse._SubParsersAction[Command]) -> None:
    words = "say what is connected, what is not, and the cure"
    # Its lines say what is wrong, better than the log of its looking.
    commands.add_parser("doctor", help=words, description=words).set_defaults(command=_doctor, level=logging.CRITICAL)


def _add_datadog(commands: argparse._SubParsersAction[Command]) -> None:
    datadog = commands.add_parser("datadog", help="connect Datadog", description="connect Datadog")
    kinds = datadog.add_subparsers(title="commands", metavar="COMMAND", required=True)
    words = "print the webhook's payload template"
    template = kinds.add_parser("template", help=words, description=words)
    template.set_defaults(command=_template)
    words = "create or update the webhook in Datadog"
    install = kinds.add_parser("install", help=words, description=words)
    install.add_argument("--url", required=True, help="where Datadog reaches this FixLoop: https://…/datadog/webhook")
    install.add_argument(
        "--name", default="fixloop", help="the webhook's name (default: fixloop, used as @webhook-fixloop)"
    )
    install.set_defaults(command=_install)


def _process(chosen: argparse.Namespace) -> int:
    from fixloop_bot.bootstrap import Settings
    from fixloop_bot.entrypoints.processes import run

    settings = Settings.from_env()
    _run(run(settings, as_web=chosen.as_web, as_worker=chosen.as_worker))
    return 0


def _run(coroutine: Coroutine[Any, Any, int | None]) -> int | None:
    """asyncio on uvloop where the platform has it."""
    try:
        import uvloop
    except ImportError:
        return _on_asyncio(coroutine)
    return uvloop.run(_interruptible(coroutine))


def _on_asyncio(coroutine: Coroutine[Any, Any, T]) -> T:
    import asyncio

    return asyncio.run(_interruptible(coroutine))


async def _interruptible(coroutine: Coroutine[Any, Any, T]) -> T:
    """SIGTERM ends it as Ctrl-C does: what it has opened is closed, and the built-in store with it."""
    interrupt = signal.getsignal(signal.SIGINT)
    before = signal.signal(signal.SIGTERM, interrupt if callable(interrupt) else signal.default_int_handler)
    try:
        return await coroutine
    finally:
        signal.signal(signal.SIGTERM, before)


def _proof(chosen: argparse.Namespace) -> int:
    from fixloop_bot.entrypoints.proof.commands import run

    return _run(run(chosen)) or 0


def _sandbox(chosen: argparse.Namespace) -> int:
    from fixloop_bot.sandbox.command import Options, command

    return command(
        Options(
            play=chosen.scenario or chosen.play,
            listing=chosen.list,
            port=chosen.port,
            browser=not chosen.no_browser,
            keep=Path(chosen.keep) if chosen.keep else None,
            catalog=Path(chosen.catalog) if chosen.catalog else None,
        )
    )


def _doctor(chosen: argparse.Namespace) -> int:
    del chosen
    from fixloop_bot.bootstrap import Settings
    from fixloop_bot.entrypoints.doctor import examine

    return _on_asyncio(examine(Settings.from_env()))


def _template(chosen: argparse.Namespace) -> int:
    del chosen
    from fixloop_bot.adapters.datadog.template import payload_template

    print(payload_template())
    return 0


def _install(chosen: argparse.Namespace) -> int:
    """What it has written in Datadog, also where it is ended early."""
    from fixloop_bot.adapters.datadog.install import Written
    from fixloop_bot.bootstrap import Settings, install_webhook

    settings, written = Settings.from_env(), Written(chosen.name)
    try:
        print(_on_asyncio(install_webhook(settings, url=chosen.url, name=chosen.name, written=written)))
    except KeyboardInterrupt:
        print(f"fixloop: Interrupted. {written}; the same command again does the rest.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _quiet(verbose: bool) -> None:
    """Libraries speak only when something is wrong."""
    if not verbose:
        for name in ("docket", "slack_bolt", "slack_sdk", "httpx", "httpx2", "openai", "asyncio", "fixloop_bot.bolt"):
            logging.getLogger(name).setLevel(logging.WARNING)
