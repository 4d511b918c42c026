"""What somebody asks, translated out of Slack's words, as a job that survives its process."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import orjson

from fixloop_bot.application.jobs import Job
from fixloop_bot.domain.redaction import mask

ANSWER_QUESTION = "answer_question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One message or click of a person.

    ``id`` is ``channel:ts`` of the message, so that a mention that Slack delivers twice is one question. ``incident``
    is the thread's, or empty. ``addressed`` is false for a reply in an incident's thread that neither mentions the bot
    nor reads like a question: it is one only where the message before it is the bot's answer to the same person.
    ``edited`` is set where a message was changed later (``text`` is what it says now) or deleted (``text`` is empty):
    it is never answered. ``asked_by`` is a name where nobody sees the question in the thread: the answer then begins
    with who asked what.
    """

    id: str
    channel: str
    thread_ts: str
    ts: str
    user: str
    team: str
    text: str
    incident: str = ""
    addressed: bool = True
    asked_by: str = ""
    edited: str = ""

    def job(self) -> Job:
        """What was asked is masked before the queue keeps it."""
        masked = replace(self, text=mask(self.text))
        key = f"edited:{self.id}:{self.edited}" if self.edited else f"question:{self.id}"
        return Job(name=ANSWER_QUESTION, args=(orjson.dumps(asdict(masked)).decode(),), key=key)

    @classmethod
    def read(cls, document: str) -> Question:
        return cls(**orjson.loads(document))
