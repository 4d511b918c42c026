"""``fixloop catalog``: check the file, and say what may stand in it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_catalog_commands(commands: Any) -> None:
    catalog = commands.add_parser("catalog", help="check fixloop.yml, or list its keys", description="the catalog")
    kinds = catalog.add_subparsers(title="commands", metavar="COMMAND", required=True)
    words = "read the catalog, and name every mistake with its line and key"
    check = kinds.add_parser("check", help=words, description=words)
    check.add_argument("file", nargs="?", help="default: FIXLOOP_CATALOG, or fixloop.yml")
    check.set_defaults(command=_check)
    words = "print its JSON Schema, by which an editor completes and checks it"
    kinds.add_parser("schema", help=words, description=words).set_defaults(command=_schema)
    words = "print all keys as a table"
    kinds.add_parser("reference", help=words, description=words).set_defaults(command=_reference)


def _check(chosen: argparse.Namespace) -> int:
    from fixloop_bot.adapters.catalog_file import load_catalog

    path = Path(chosen.file) if chosen.file else _configured()
    services = load_catalog(path).services
    print(f"{path} describes {_counted(len(services), 'service')}{':' if services else ''}")
    for service in services:
        tested = "" if service.base_url else ", without a base_url: no request can test it"
        held = f"{_counted(len(service.probes), 'probe')}, {_counted(len(service.metrics), 'metric')}"
        print(f"  {service.name}: {held}{tested}")
    return 0


def _configured() -> Path:
    from fixloop_bot.bootstrap import Settings  # takes a second, which a file's name spares

    return Settings.from_env().catalog


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _schema(chosen: argparse.Namespace) -> int:
    del chosen
    from fixloop_bot.adapters.catalog_schema import catalog_schema

    print(json.dumps(catalog_schema(), indent=2, ensure_ascii=False))
    return 0


def _reference(chosen: argparse.Namespace) -> int:
    del chosen
    from fixloop_bot.adapters.catalog_schema import catalog_reference

    print(catalog_reference())
    return 0
