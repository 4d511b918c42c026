"""Takes signals out of the inbox, one after the other, as they come.

Not by a job for each: a storm is hundreds of signals of few incidents, and in turn they cost little and do not lose the
compare-and-set to each other. A signal leaves the inbox only when its incident is saved, so that any worker may be
killed here, and several may look at once: the second one finds the signal absorbed.
"""

from __future__ import annotations

import logging

from fixloop_bot.application.intake import Intake
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.domain.errors import StoreUnavailable

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
"""A new signal wakes the loop at once; one that another worker has left behind is found after so long."""


class Inbox:
    """``run`` never returns."""

    def __init__(self, store: Store, intake: Intake, *, clock: Clock) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock

    async def run(self) -> None:
        """Take signals for ever."""
        while True:
            try:
                if await self.take_all():
                    await self._store.wait_for_signal(seconds=LOOK_EVERY_S)
                else:
                    await self._clock.sleep(LOOK_EVERY_S)
            except StoreUnavailable as error:
                log.warning("the inbox waits: %s", error)
                await self._clock.sleep(LOOK_EVERY_S)

    async def take_all(self) -> bool:
        """Take what is there now; False where a signal could not be taken and has to be tried again."""
        well = True
        for signal_id in await self._store.unread_signals():
            try:
                await self._intake.take(signal_id)
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one signal must not keep the others waiting; intake parks it
                log.warning("signal %s will be tried again: %s", signal_id, error)
                well = False
        return well
