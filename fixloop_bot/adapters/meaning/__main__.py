"""The embedding process: texts come in on stdin, vectors go out on stdout, in the same order.

It ends with its stdin, and so with whoever has started it.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from fixloop_bot.adapters.meaning.frames import LENGTH

NICER = 10
"""Whoever answers people, or measures a service, goes first."""


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer until the source ends; the model is loaded here."""
    from fixloop_bot.adapters.meaning.model import Model

    model = Model()
    while head := source.read(LENGTH.size):
        text = source.read(LENGTH.unpack(head)[0]).decode("utf-8", "replace")
        vector = model.vector(text)
        target.write(LENGTH.pack(len(vector)) + vector)
        target.flush()


def main() -> None:
    if hasattr(os, "nice"):
        os.nice(NICER)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as target:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no vector
        serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
