"""Has pictures drawn by a process that ends afterwards. Implements the ``Painter`` port."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any

import orjson

from fixloop_bot.application.pictures import PaintingFailed
from fixloop_bot.domain.chart import SignalChart
from fixloop_bot.domain.spread import SpreadChart

log = logging.getLogger(__name__)

DEADLINE_S = 30.0
"""The first picture on a machine takes some seconds more: matplotlib looks for the machine's fonts."""
AT_ONCE = 1
"""A storm of incidents must not take the processors from who answers people."""
PNG = b"\x89PNG\r\n\x1a\n"


class ProcessPainter:
    """Draws in a child process that knows no environment, so no token either. ``folder`` holds matplotlib's cache."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._free = asyncio.Semaphore(AT_ONCE)

    async def signal(self, chart: SignalChart) -> bytes:
        return await self._draw({"kind": "signal", "chart": chart})

    async def spread(self, chart: SpreadChart) -> bytes:
        return await self._draw({"kind": "spread", "chart": chart})

    async def _draw(self, document: dict[str, Any]) -> bytes:
        async with self._free:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                child = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "fixloop_bot.adapters.charts"),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    env={"MPLCONFIGDIR": str(self._folder), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                )
            except OSError as error:
                raise PaintingFailed(f"No process could be started to draw a picture ({error.strerror}).") from error
            return await _picture(child, orjson.dumps(document))


async def _picture(child: asyncio.subprocess.Process, document: bytes) -> bytes:
    """The child's PNG; it is ended when the caller is."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            picture, complaints = await child.communicate(document)
    except TimeoutError:
        raise PaintingFailed(f"A picture was not drawn within {DEADLINE_S:.0f} s.") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode or not picture.startswith(PNG):
        last = complaints.decode(errors="replace").strip().splitlines()[-1:]
        log.debug("the drawing process said: %s", complaints.decode(errors="replace"))
        raise PaintingFailed(f"A picture could not be drawn: {last[0] if last else f'exit {child.returncode}'}.")
    return picture
