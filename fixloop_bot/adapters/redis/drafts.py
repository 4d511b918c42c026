"""Plans that somebody is editing."""

from __future__ import annotations

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import Codec
from fixloop_bot.adapters.redis.keyspace import Keyspace
from fixloop_bot.application.drafts import Draft

DRAFT_S = 6 * 3_600
"""Nobody comes back to a modal after that."""


class StoredDrafts(Keyspace):
    """Key ``draft``. Implements the ``Drafts`` port."""

    @property
    def _drafts(self) -> Codec[Draft]:
        return self._codec(Draft, "draft")

    async def save_draft(self, draft: Draft) -> None:
        document = self._drafts.encode(draft)
        async with store_errors():
            await wait(self._redis.set(self._key("draft", draft.id), document, ex=DRAFT_S))

    async def draft(self, draft_id: str) -> Draft | None:
        stored = await self._get(self._key("draft", draft_id))
        return self._drafts.decode(stored) if stored is not None else None
