"""Fields of a request that we can do without, and that a strict server refuses by name: it is asked without them then.

``reasoning_split`` is MiniMax's own: without it the thoughts stand in the text, where ``thinking`` finds them.
``stream_options`` only has the tokens counted.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

LOG = logging.getLogger(__name__)
REASONING_SPLIT: Mapping[str, Any] = {"reasoning_split": True}
STREAM_OPTIONS: Mapping[str, Any] = {"stream_options": {"include_usage": True}}
REFUSES = (400, 422)
MOST_READ = 20_000
"""Characters of a refusal that are searched for a field's name."""
_NAMED = {
    # A refusal may repeat what it was sent, where the field has its value behind it; that says nothing about it.
    name: re.compile(rf"(?<!\w){name}(?!\w)(?!\\*['\"]?\s*[:=]\s*(?:true|\{{))", re.IGNORECASE)
    for name in (*REASONING_SPLIT, *STREAM_OPTIONS)
}


class OptionalFields:
    """What one server takes of them. It is learnt from its refusals, and kept for the life of the process."""

    def __init__(self) -> None:
        self._refused: set[str] = set()

    def taken(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Of these fields those that were never refused."""
        return {name: value for name, value in fields.items() if name not in self._refused}

    def learns(self, error: Exception, sent: Mapping[str, Any]) -> bool:
        """Whether an exception of the SDK refuses one that was sent, so that it is worth asking without it."""
        refused = _named(error) & sent.keys()
        for name in refused - self._refused:
            LOG.info("the model's server does not take %s; it is asked without it from now on", name)
        self._refused |= refused
        return bool(refused)


def _named(error: Exception) -> set[str]:
    """Which of the fields a refusal names."""
    import openai

    if not isinstance(error, openai.APIStatusError) or error.status_code not in REFUSES:
        return set()
    text = error.response.text[:MOST_READ]
    return {name for name, words in _NAMED.items() if words.search(text) is not None}
